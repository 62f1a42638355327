import CLibrdkafka

/// A failure that Kafka or its client reported, with the whole address of the fault.
///
/// Branch on ``kind``; show ``description``, one sentence that says what happened, where, and what to do.
public struct KafkaError: Error, Equatable, Sendable {
  /// What the failure means for whoever called.
  public var kind: KafkaErrorKind
  /// librdkafka's number for it: negative ones are the client's own, others are Kafka protocol error codes.
  public var code: Int32
  /// What was being done, as in "could not ...".
  public var operation: String
  /// librdkafka's or the broker's own words.
  public var detail: String
  /// The broker concerned, where known (`host:port/id`).
  public var broker: String?
  /// The topic concerned, where known.
  public var topic: String?
  /// The partition concerned, where known.
  public var partition: Int32?
  /// The offset concerned, where known.
  public var offset: Int64?

  /// librdkafka's name of the code, such as `_TRANSPORT` or `UNKNOWN_TOPIC_OR_PART`.
  public var codeName: String { String(cString: rd_kafka_err2name(rd_kafka_resp_err_t(rawValue: code))) }

  /// Whether a record is larger than its topic takes.
  public var isRecordTooLarge: Bool { code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE.rawValue }

  /// What the code alone means, whatever a transaction makes of it.
  public var codeKind: KafkaErrorKind { KafkaErrorKind(code: rd_kafka_resp_err_t(rawValue: code)) }

  /// Whether a consumer group moved on without this member: a newer generation, an unknown member, or a rebalance
  /// under way. A transaction that fails so is aborted and its work done again by whoever owns the partitions now.
  public var isGroupChange: Bool {
    let groupChanges = [
      RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
      RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
      RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST,
    ]
    return groupChanges.contains { $0.rawValue == code }
  }

  init(
    code: rd_kafka_resp_err_t, kind: KafkaErrorKind? = nil, operation: String, detail: String? = nil,
    broker: String? = nil, topic: String? = nil, partition: Int32? = nil, offset: Int64? = nil
  ) {
    self.kind = kind ?? KafkaErrorKind(code: code)
    self.code = code.rawValue
    self.operation = operation
    self.detail = detail ?? String(cString: rd_kafka_err2str(code))
    self.broker = broker
    self.topic = topic
    self.partition = partition
    self.offset = offset
  }
}

extension KafkaError: CustomStringConvertible {
  /// "Could not *operation* on *topic* [*partition*] at offset *n* (broker *b*): *detail* (*code*); *what to do*."
  public var description: String {
    var text = "could not \(operation)"
    if let topic {
      text += " on \(topic)"
      if let partition, partition >= 0 { text += " [\(partition)]" }
      if let offset, offset >= 0 { text += " at offset \(offset)" }
    }
    if let broker { text += " (broker \(broker))" }
    text += ": \(detail) (\(codeName))"
    if let advice = kind.advice { text += "; \(advice)" }
    return text
  }
}

extension KafkaError {
  /// Takes over `error`, which librdkafka returned, and frees it; nil when there is none.
  init?(consuming error: OpaquePointer?, operation: String, topic: String? = nil, partition: Int32? = nil) {
    guard let error else { return nil }
    defer { rd_kafka_error_destroy(error) }
    let code = rd_kafka_error_code(error)
    var kind = KafkaErrorKind(code: code)
    if kind != .fenced {
      if rd_kafka_error_is_fatal(error) != 0 {
        kind = .fatal
      } else if rd_kafka_error_txn_requires_abort(error) != 0 {
        kind = .abortable
      } else if rd_kafka_error_is_retriable(error) != 0 {
        kind = .retriable
      }
    }
    self.init(
      code: code, kind: kind, operation: operation, detail: String(cString: rd_kafka_error_string(error)),
      topic: topic, partition: partition)
  }

  /// An error inside a result, which owns it.
  init(borrowing error: OpaquePointer, operation: String) {
    self.init(
      code: rd_kafka_error_code(error), operation: operation, detail: String(cString: rd_kafka_error_string(error)))
  }

  /// An error that a client reported in the background. librdkafka puts the broker's name in front of the reason.
  init(code: rd_kafka_resp_err_t, reported reason: String, operation: String) {
    let parts = reason.split(separator: ": ", maxSplits: 1)
    let namesBroker = parts.count == 2 && parts[0].contains("/") && !parts[0].contains(" ")
    self.init(
      code: code, operation: operation, detail: namesBroker ? String(parts[1]) : reason,
      broker: namesBroker ? String(parts[0]) : nil)
  }

  func at(_ partition: TopicPartition, offset: Int64? = nil) -> KafkaError {
    var error = self
    error.topic = partition.topic
    error.partition = partition.partition
    error.offset = offset
    return error
  }
}
