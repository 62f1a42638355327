import Kafka

/// A moment's figures of the engine.
public struct Snapshot: Sendable {
  /// How many topics a ``RecordBuffer`` has records for.
  static let topicCount = 3

  /// A source partition of this instance.
  public struct Partition: Sendable {
    public let partition: TopicPartition
    /// Records that are not read yet; `nil`: unknown.
    public let lag: Int64?
    /// ms since the epoch; `nil` before the first event.
    public let watermark: Int64?
    public let isIdle: Bool
  }

  /// Events whose commit is acknowledged.
  public var counts = EventCounts()
  /// Records of acknowledged commits by topic: metrics, live, leaderboards.
  public var published: [UInt64] = []
  public var publishedBytes: UInt64 = 0
  /// Records on the rejects topic.
  public var rejectRecords: UInt64 = 0
  /// How long acknowledged commits took.
  public var commits: [ConsumerRole: Durations] = [:]
  /// From an event's record timestamp until the commit with its live record is acknowledged.
  public var latencies: Durations?
  /// Transactions that were aborted and tried again, by cause.
  public var aborts: [ConsumerRole: [AbortCause: UInt64]] = [:]
  /// Times that partitions were assigned or taken away.
  public var rebalances: [ConsumerRole: UInt64] = [:]
  /// Errors of the consumers.
  public var clientErrors: [ConsumerRole: UInt64] = [:]
  /// Source partitions and shards that were restored, and how long that took, ms.
  public var restoredPartitions: UInt64 = 0
  public var restoredShards: UInt64 = 0
  public var restoreMilliseconds: [ConsumerRole: UInt64] = [:]
  /// Times that all clients were given up and made anew.
  public var restarts: UInt64 = 0
  /// Bytes written to the internal topics.
  public var partialBytes: UInt64 = 0
  public var checkpointBytes: UInt64 = 0
  public var changelogBytes: UInt64 = 0
  /// Source partitions of both topics, and shards, of all instances together.
  public var sourcePartitions = 0
  public var shards = 0
  /// Those of this instance.
  public var partitions: [Partition] = []
  public var assignedShards = 0
  /// The newest event time of any source partition, ms since the epoch.
  public var newest: Int64?
  /// (window, key) states.
  public var keys = 0
  /// Partials that came for panes in which nothing can change any more; none, unless a source partition was new.
  public var droppedPartials: UInt64 = 0
  public var openPanes = 0
  /// Bytes of the lanes' state, about.
  public var laneBytes = 0
  /// Hand-overs that wait in the ring of each lane.
  public var ringDepths: [Int] = []
  /// Hand-overs that a ring holds.
  public let ringCapacity = KafkaLane.outboxCapacity
  public var areBrokersReachable = false
  public var hasOverflow = false
  public var isSaturated = false

  static func byCause(_ counters: Counters) -> [AbortCause: UInt64] {
    Dictionary(uniqueKeysWithValues: zip(AbortCause.allCases, counters.values))
  }
}
