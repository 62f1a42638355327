import CLibrdkafka

/// What became of the records that a producer was given.
public struct DeliveryReport: Sendable, Equatable {
  /// Records that the brokers acknowledged.
  public var delivered: UInt64 = 0
  /// Records that were given up.
  public var failed: UInt64 = 0
  /// Why the first of them was given up.
  public var firstFailure: KafkaError?

  /// Where the records with a ticket have got to.
  public var offsets: [Int: Int64] = [:]

  /// Nothing delivered, nothing failed.
  public init() {}

  mutating func record(_ message: UnsafePointer<rd_kafka_message_t>) {
    let code = message.pointee.err
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else {
      delivered += 1
      let ticket = Int(bitPattern: message.pointee._private)
      if ticket != 0 { offsets[ticket] = message.pointee.offset }
      return
    }
    failed += 1
    guard firstFailure == nil else { return }
    var failure = KafkaError(code: code, operation: "deliver a record")
    if let topic = message.pointee.rkt {
      failure = failure.at(TopicPartition(String(cString: rd_kafka_topic_name(topic)), message.pointee.partition))
    }
    firstFailure = failure
  }
}
