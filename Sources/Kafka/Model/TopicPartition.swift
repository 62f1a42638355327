/// One partition of one topic.
public struct TopicPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The topic's name.
  public var topic: String
  /// The partition's number, from 0.
  public var partition: Int32

  /// Names partition `partition` of `topic`.
  public init(_ topic: String, _ partition: Int32) {
    self.topic = topic
    self.partition = partition
  }

  /// `topic [partition]`.
  public var description: String { "\(topic) [\(partition)]" }

  /// By topic, then by number.
  public static func < (lhs: TopicPartition, rhs: TopicPartition) -> Bool {
    lhs.topic == rhs.topic ? lhs.partition < rhs.partition : lhs.topic < rhs.topic
  }
}

/// The offset of the next record to read from a partition, as it is committed to a consumer group.
public struct PartitionOffset: Hashable, Sendable {
  /// The partition.
  public var partition: TopicPartition
  /// The offset of the next record to read.
  public var offset: Int64
  /// Free text that is kept with the offset; nil and "" are the same to Kafka.
  public var metadata: String?

  /// Names the record at `offset` of `partition` as the next one.
  public init(_ partition: TopicPartition, offset: Int64, metadata: String? = nil) {
    self.partition = partition
    self.offset = offset
    self.metadata = metadata
  }
}

/// Where a consumer starts to read a partition.
public enum StartOffset: Hashable, Sendable {
  /// At this offset.
  case offset(Int64)
  /// At the oldest record.
  case beginning
  /// Behind the newest record.
  case end
  /// At the group's committed offset; without one the partition's queue reports ``KafkaErrorKind/offsetOutOfRange``.
  case committed
}

/// The range of offsets that a partition holds.
public struct Watermarks: Hashable, Sendable {
  /// The oldest offset.
  public var low: Int64
  /// One behind the newest offset. Brokers differ in whether records of open transactions count.
  public var high: Int64

  /// The offsets from `low` up to, but not including, `high`.
  public init(low: Int64, high: Int64) {
    self.low = low
    self.high = high
  }
}
