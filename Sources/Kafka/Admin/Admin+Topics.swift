import CLibrdkafka

extension Admin {
  /// How long a cluster may take to say who its controller is; one that is starting needs a moment.
  private static let controllerMilliseconds = 3000

  /// Creates topics, and returns the names of those that were not there before.
  ///
  /// A topic that exists already is left as it is. A broker that offers no such request gives
  /// ``KafkaErrorKind/unsupported``; the topics then have to be made with its own tools.
  @discardableResult
  public func createTopics(_ topics: [TopicSpecification], timeoutMilliseconds: Int) throws(KafkaError) -> [String] {
    guard !topics.isEmpty else { return [] }
    let operation = "create a topic"
    var requests: [OpaquePointer?] = []
    defer { for request in requests { rd_kafka_NewTopic_destroy(request) } }
    for topic in topics {
      requests.append(try Self.request(for: topic))
    }
    let event = try perform(RD_KAFKA_ADMIN_OP_CREATETOPICS, timeoutMilliseconds, operation: operation) {
      rd_kafka_CreateTopics(client.pointer, &requests, requests.count, $0, $1)
    }
    defer { rd_kafka_event_destroy(event) }
    var count = 0
    let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
    var created: [String] = []
    for result in UnsafeBufferPointer(start: results, count: count) {
      let name = String(cString: rd_kafka_topic_result_name(result))
      switch rd_kafka_topic_result_error(result) {
      case RD_KAFKA_RESP_ERR_NO_ERROR: created.append(name)
      case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: break
      case let code:
        let detail = rd_kafka_topic_result_error_string(result).map { String(cString: $0) }
        throw KafkaError(code: code, operation: operation, detail: detail, topic: name)
      }
    }
    return created
  }

  /// Reads a topic's settings, such as `cleanup.policy`, defaults included.
  public func configuration(ofTopic topic: String, timeoutMilliseconds: Int) throws(KafkaError) -> [String: String] {
    let operation = "read a topic's settings"
    let resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
    defer { rd_kafka_ConfigResource_destroy(resource) }
    var resources = [resource]
    let event = try perform(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeoutMilliseconds, operation: operation) {
      rd_kafka_DescribeConfigs(client.pointer, &resources, resources.count, $0, $1)
    }
    defer { rd_kafka_event_destroy(event) }
    var count = 0
    let results = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
    var settings: [String: String] = [:]
    for result in UnsafeBufferPointer(start: results, count: count) {
      let code = rd_kafka_ConfigResource_error(result)
      guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
        let detail = rd_kafka_ConfigResource_error_string(result).map { String(cString: $0) }
        throw KafkaError(code: code, operation: operation, detail: detail, topic: topic)
      }
      var entryCount = 0
      let entries = rd_kafka_ConfigResource_configs(result, &entryCount)
      for entry in UnsafeBufferPointer(start: entries, count: entryCount) {
        guard let value = rd_kafka_ConfigEntry_value(entry) else { continue }
        settings[String(cString: rd_kafka_ConfigEntry_name(entry))] = String(cString: value)
      }
    }
    return settings
  }

  private static func request(for topic: TopicSpecification) throws(KafkaError) -> OpaquePointer {
    var text = [CChar](repeating: 0, count: 256)
    guard
      let request = rd_kafka_NewTopic_new(
        topic.name, Int32(topic.partitions), Int32(topic.replicationFactor), &text, text.count)
    else {
      let detail = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      throw KafkaError(
        code: RD_KAFKA_RESP_ERR__INVALID_ARG, operation: "create a topic", detail: detail, topic: topic.name)
    }
    for (name, value) in topic.configuration {
      _ = rd_kafka_NewTopic_set_config(request, name, value)
    }
    return request
  }

  /// Sends an admin request and waits for its result event, which the caller destroys.
  private func perform(
    _ kind: rd_kafka_admin_op_t, _ timeoutMilliseconds: Int, operation: String,
    _ send: (_ options: OpaquePointer?, _ queue: OpaquePointer?) -> Void
  ) throws(KafkaError) -> OpaquePointer {
    // First of all, a broker that cannot be reached or refuses us is told from one that cannot do it.
    let brokers = try metadata(of: [], timeoutMilliseconds: timeoutMilliseconds).brokers
    let wait = min(timeoutMilliseconds, Self.controllerMilliseconds)
    let controller = rd_kafka_controllerid(client.pointer, librdkafkaTimeout(wait))
    guard brokers.contains(where: { $0.id == controller }) else {
      throw KafkaError(
        code: RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, operation: operation,
        detail: "the cluster names no controller, to which such requests go")
    }
    let options = rd_kafka_AdminOptions_new(client.pointer, kind)
    defer { rd_kafka_AdminOptions_destroy(options) }
    rd_kafka_AdminOptions_set_request_timeout(options, librdkafkaTimeout(timeoutMilliseconds), nil, 0)
    let queue = rd_kafka_queue_new(client.pointer)
    defer { rd_kafka_queue_destroy(queue) }
    send(options, queue)
    // librdkafka answers at its own timeout; the second more only guards against waiting for ever.
    guard let event = rd_kafka_queue_poll(queue, librdkafkaTimeout(timeoutMilliseconds + 1000)) else {
      throw KafkaError(code: RD_KAFKA_RESP_ERR__TIMED_OUT, operation: operation)
    }
    let code = rd_kafka_event_error(event)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      let detail = rd_kafka_event_error_string(event).map { String(cString: $0) }
      rd_kafka_event_destroy(event)
      throw KafkaError(code: code, operation: operation, detail: detail)
    }
    return event
  }
}
