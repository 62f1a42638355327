import CLibrdkafka
import Logging

/// A Kafka cluster inside this process, for development and tests: librdkafka's mock cluster.
///
///     let broker = try EmbeddedBroker(logger: logger)
///     try broker.createTopic("purchases", partitions: 4)
///     let properties = try ClientProperties(["bootstrap.servers": broker.bootstrapServers])
///
/// It listens on 127.0.0.1 only and keeps about 5 MB a partition, all in memory. Groups, idempotence, transactions
/// and offsets committed by a ``Consumer`` work. But the offsets of a transaction are accepted and not kept, readers
/// see aborted records, nothing is compacted, no login is asked for, and topics cannot be created or described by an
/// ``Admin``: use ``createTopic(_:partitions:)``. A topic that anyone asks about, or writes to, before it is created
/// comes into being with 4 partitions.
///
/// Thread rule: every method may be called from any thread.
public final class EmbeddedBroker: @unchecked Sendable {
  let cluster: OpaquePointer
  private let client: ClientHandle
  private let relay: LoopbackRelay?

  /// Starts `brokers` brokers on free ports. With `port` clients can also start from that fixed port: it relays to the
  /// first broker, which then names the real ones.
  public init(brokers: Int = 1, port: UInt16? = nil, logger: Logger) throws(KafkaError) {
    let operation = "start the embedded broker"
    let client = try ClientHandle(.admin, properties: .none, logger: logger)
    guard let cluster = rd_kafka_mock_cluster_new(client.pointer, Int32(brokers)) else {
      throw KafkaError(code: RD_KAFKA_RESP_ERR__FAIL, operation: operation)
    }
    let servers = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    do {
      relay = try port.map { port throws(SystemError) in
        let first = servers.split(separator: ",")[0]
        return try LoopbackRelay(from: port, to: UInt16(first.split(separator: ":").last!)!)
      }
    } catch {
      rd_kafka_mock_cluster_destroy(cluster)
      throw KafkaError(
        code: RD_KAFKA_RESP_ERR__FAIL, kind: .badConfiguration, operation: "\(operation) on port \(port ?? 0)",
        detail: error.description)
    }
    self.client = client
    self.cluster = cluster
    bootstrapServers = relay.map { "127.0.0.1:\($0.port)" } ?? servers
  }

  deinit {
    rd_kafka_mock_cluster_destroy(cluster)
  }

  /// What clients set as `bootstrap.servers`.
  public let bootstrapServers: String

  /// Creates a topic; it must not exist.
  public func createTopic(_ name: String, partitions: Int) throws(KafkaError) {
    let code = rd_kafka_mock_topic_create(cluster, name, Int32(partitions), 1)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      throw KafkaError(code: code, operation: "create a topic", topic: name)
    }
  }
}

extension ClientProperties {
  fileprivate static var none: ClientProperties {
    // Nothing set, so nothing can be wrong.
    try! ClientProperties([:])
  }
}
