import CLibrdkafka
import Logging

/// Looks at a cluster and prepares its topics.
///
/// Thread rule: one owner thread calls everything here.
public final class Admin: @unchecked Sendable {
  /// How long one question may take before the next try, so that a refused login is noticed between them.
  private static let tryMilliseconds = 500

  let client: ClientHandle

  /// Creates the client. Nothing is sent yet. Topics are never created by asking for them.
  public init(properties: ClientProperties, logger: Logger) throws(KafkaError) {
    client = try ClientHandle(
      .admin, properties: properties, fixed: ["allow.auto.create.topics": "false"], logger: logger)
  }

  /// Asks for the brokers and the partition counts of `topics`.
  ///
  /// A topic that does not exist is no error: see ``ClusterMetadata/unknownTopics``. Throws
  /// ``KafkaErrorKind/authenticationRefused`` as soon as a broker refuses the login, and
  /// ``KafkaErrorKind/unreachable`` when none answered in time.
  public func metadata(of topics: [String], timeoutMilliseconds: Int) throws(KafkaError) -> ClusterMetadata {
    let deadline = ContinuousClock.now + .milliseconds(timeoutMilliseconds)
    var cluster = ClusterMetadata(brokers: [], partitionCounts: [:], unknownTopics: [])
    if topics.isEmpty {
      try ask(nil, deadline: deadline, into: &cluster)
    }
    for topic in topics {
      try ask(topic, deadline: deadline, into: &cluster)
    }
    return cluster
  }

  /// Asks about one topic, or only about the brokers, until there is an answer.
  private func ask(_ topic: String?, deadline: ContinuousClock.Instant, into cluster: inout ClusterMetadata)
    throws(KafkaError)
  {
    // librdkafka asks about every topic there is or about one.
    let handle = topic.map { rd_kafka_topic_new(client.pointer, $0, nil) }
    defer { if let handle { rd_kafka_topic_destroy(handle) } }
    var lastError: KafkaError?
    var code = RD_KAFKA_RESP_ERR__TIMED_OUT
    repeat {
      let left = max(1, min(Self.tryMilliseconds, (deadline - .now).milliseconds))
      var answer: UnsafePointer<rd_kafka_metadata>?
      code = rd_kafka_metadata(client.pointer, 0, handle ?? nil, &answer, Int32(left))
      if code == RD_KAFKA_RESP_ERR_NO_ERROR, let answer {
        defer { rd_kafka_metadata_destroy(answer) }
        if try cluster.take(answer.pointee) { return }
        code = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE
      }
      lastError = try worstReport() ?? lastError
    } while ContinuousClock.now < deadline
    if var lastError {
      lastError.operation = "reach the cluster"
      throw lastError
    }
    if code == RD_KAFKA_RESP_ERR__TIMED_OUT { code = RD_KAFKA_RESP_ERR__TRANSPORT }
    throw KafkaError(code: code, operation: "ask the cluster about its topics", topic: topic)
  }

  /// The most telling of the errors reported in the background. A refused login is thrown at once.
  private func worstReport() throws(KafkaError) -> KafkaError? {
    while rd_kafka_poll(client.pointer, 0) > 0 {}
    let errors = client.inbox.takeErrors()
    if var refused = errors.first(where: { $0.kind == .authenticationRefused }) {
      refused.operation = "log in to the cluster"
      throw refused
    }
    let allDown = RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN.rawValue
    return errors.first { $0.kind == .unreachable && $0.code != allDown } ?? errors.first
  }
}

extension ClusterMetadata {
  /// Adds an answer; false when a topic is there but not ready.
  fileprivate mutating func take(_ answer: rd_kafka_metadata) throws(KafkaError) -> Bool {
    brokers = UnsafeBufferPointer(start: answer.brokers, count: Int(answer.broker_cnt))
      .map { Broker(id: $0.id, host: String(cString: $0.host), port: $0.port) }
      .sorted { $0.id < $1.id }
    for topic in UnsafeBufferPointer(start: answer.topics, count: Int(answer.topic_cnt)) {
      let name = String(cString: topic.topic)
      switch topic.err {
      case RD_KAFKA_RESP_ERR_NO_ERROR:
        partitionCounts[name] = Int(topic.partition_cnt)
      case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
        return false
      case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        unknownTopics.append(name)
      default:
        throw KafkaError(code: topic.err, operation: "ask about a topic", topic: name)
      }
    }
    return true
  }
}

extension Duration {
  fileprivate var milliseconds: Int {
    Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
  }
}
