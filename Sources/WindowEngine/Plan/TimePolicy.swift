/// How event time is cut, how long to wait, and when to publish. All durations are milliseconds.
public struct TimePolicy: Hashable, Sendable {
  /// The smallest time slice; divides 60 s.
  public var pane: Int64 = 1_000
  /// How far behind the newest event a source partition's watermark stays.
  public var maxOutOfOrderness: Int64 = 5_000
  /// How long after its pane ended by the watermark an event is still counted.
  public var allowedLateness: Int64 = 60_000
  /// Wall time without a record after which a partition read to its end is idle.
  public var idleTimeout: Int64 = 30_000
  /// The least wall time between two live records of a key; 0 publishes with every rollup commit.
  public var emitInterval: Int64 = 0
  /// How far a partition's watermark may run ahead of the slowest one that has unread records.
  public var maxSkew: Int64 = 60_000
  /// Wall time between two hand-overs from the lanes.
  public var commitInterval: Int64 = 500
  /// How far behind a purchase's time stamp the watermark must be before its `event_id` is forgotten.
  public var dedupeHorizon: Int64 = 600_000
  /// How far ahead of its own Kafka record's time stamp an event may be.
  public var maxFuture: Int64 = 300_000

  public init() {}
}
