import CLibrdkafka
import Logging

/// Where librdkafka's callbacks leave what they have to say until the owner asks.
///
/// Thread rule: everything but `logger` belongs to the client's owner thread. librdkafka runs these callbacks inside
/// the owner's own calls (poll, flush, close); only the log callback comes from librdkafka's threads.
final class ClientInbox: @unchecked Sendable {
  /// Errors and statistics beyond this many push out the oldest ones: an owner that does not ask loses news, not memory.
  private static let newsLimit = 64

  let logger: Logger
  /// Set while the consumer closes: from then on rebalances are acknowledged here, because the owner is gone.
  var acknowledgesRebalances = false
  /// A rebalance was reported and its owner has not answered yet.
  var awaitsAnswer = false
  var deliveries = DeliveryReport()
  private var events: [ClientEvent] = []

  init(logger: Logger) {
    self.logger = logger
  }

  func append(_ event: ClientEvent) {
    if events.count >= Self.newsLimit, let oldest = events.firstIndex(where: \.isNews) {
      events.remove(at: oldest)
    }
    events.append(event)
  }

  func next() -> ClientEvent? {
    events.isEmpty ? nil : events.removeFirst()
  }

  /// Takes the errors out, leaving other events.
  func takeErrors() -> [KafkaError] {
    var errors: [KafkaError] = []
    events.removeAll { event in
      guard case .error(let error) = event else { return false }
      errors.append(error)
      return true
    }
    return errors
  }
}

extension ClientEvent {
  fileprivate var isNews: Bool {
    switch self {
    case .error, .statistics: true
    case .assigned, .revoked, .offsetsCommitted: false
    }
  }
}

extension ClientInbox {
  /// Makes librdkafka call this inbox for whatever every client has.
  func connect(to configuration: OpaquePointer) {
    rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(self).toOpaque())
    rd_kafka_conf_set_log_cb(configuration) { client, level, facility, text in
      guard let client, let inbox = ClientInbox.of(rd_kafka_opaque(client)), let facility, let text else { return }
      inbox.logger.log(syslogLevel: level, facility: String(cString: facility), text: String(cString: text))
    }
    rd_kafka_conf_set_error_cb(configuration) { client, code, reason, opaque in
      let code = rd_kafka_resp_err_t(rawValue: code)
      let reason = reason.map { String(cString: $0) } ?? String(cString: rd_kafka_err2str(code))
      let error =
        code == RD_KAFKA_RESP_ERR__FATAL
        ? KafkaError.fatal(of: client!) : KafkaError(code: code, reported: reason, operation: "keep working")
      if let error { ClientInbox.of(opaque)?.append(.error(error)) }
      rd_kafka_yield(client)
    }
    rd_kafka_conf_set_stats_cb(configuration) { client, json, length, opaque in
      guard let json, let inbox = ClientInbox.of(opaque) else { return 0 }
      let bytes = UnsafeRawBufferPointer(start: json, count: length)
      if let statistics = Statistics(json: bytes) {
        inbox.append(.statistics(statistics))
      } else {
        inbox.logger.warning("statistics from librdkafka could not be read")
      }
      rd_kafka_yield(client)
      return 0  // librdkafka frees the text
    }
  }

  /// Makes librdkafka call this inbox for what only consumers have.
  func connectConsumer(to configuration: OpaquePointer) {
    rd_kafka_conf_set_rebalance_cb(configuration) { client, code, partitions, opaque in
      guard let client, let partitions, let inbox = ClientInbox.of(opaque) else { return }
      inbox.rebalance(client, code: code, partitions: partitions)
      rd_kafka_yield(client)
    }
    rd_kafka_conf_set_offset_commit_cb(configuration) { client, code, offsets, opaque in
      guard let inbox = ClientInbox.of(opaque), code != RD_KAFKA_RESP_ERR__NO_OFFSET else { return }
      let operation = "commit offsets"
      let error =
        offsets?.firstError(operation: operation)
        ?? (code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code: code, operation: operation))
      inbox.append(.offsetsCommitted(offsets?.offsets ?? [], error))
      rd_kafka_yield(client)
    }
  }

  /// Makes librdkafka call this inbox for every delivery.
  func connectProducer(to configuration: OpaquePointer) {
    rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, opaque in
      guard let message, let inbox = ClientInbox.of(opaque) else { return }
      inbox.deliveries.record(message)
    }
  }

  private func rebalance(
    _ client: OpaquePointer, code: rd_kafka_resp_err_t,
    partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
  ) {
    if acknowledgesRebalances {
      acknowledge(client, code: code, partitions: partitions)
      return
    }
    awaitsAnswer = true
    switch code {
    case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
      append(.assigned(partitions.partitions))
    case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
      append(.revoked(partitions.partitions, lost: rd_kafka_assignment_lost(client) != 0))
    default:
      append(.error(KafkaError(code: code, operation: "rebalance the group")))
      rd_kafka_assign(client, nil)
      awaitsAnswer = false
    }
  }

  private func acknowledge(
    _ client: OpaquePointer, code: rd_kafka_resp_err_t,
    partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
  ) {
    // A consumer that is closing gives everything back this way; one of an incremental group that is not yet
    // closing refuses it, and gets an answer that changes no more than it has to.
    guard rd_kafka_assign(client, nil) != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
    let error: OpaquePointer?
    if code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS {
      error = rd_kafka_incremental_unassign(client, partitions)
    } else {
      let nothing = TopicPartitionList([TopicPartition]())
      error = rd_kafka_incremental_assign(client, nothing.pointer)
    }
    if let error { rd_kafka_error_destroy(error) }
  }

  private static func of(_ opaque: UnsafeMutableRawPointer?) -> ClientInbox? {
    opaque.map { Unmanaged<ClientInbox>.fromOpaque($0).takeUnretainedValue() }
  }
}

extension OpaquePointer {
  /// Whether this client's group hands partitions over one by one instead of all at once.
  var rebalancesIncrementally: Bool {
    rd_kafka_rebalance_protocol(self).map { String(cString: $0) } != "EAGER"
  }
}
