/// How far configuration can go, each with its reason. Durations are milliseconds.
public enum ConfigurationLimits {
  /// Each window is another pass over every pane and another set of records for every key.
  public static let windows = 16
  /// Groups of all windows together: one event updates them all, so their number multiplies the work.
  public static let groups = 32
  /// Each leaderboard ranks all keys of its group whenever its window is published.
  public static let leaderboards = 32
  /// Entries of a leaderboard. All of them make one Kafka record, and nobody reads further.
  public static let leaderboardSize = 1...1_000
  /// Bytes of a window's or leaderboard's name, which stands in the key of every record.
  public static let nameBytes = 1...64
  /// Bytes of `instance`, part of the transactional id.
  public static let instanceBytes = 0...128
  /// More threads than this are beyond any single machine this was made for.
  public static let lanes = 0...256
  /// Every commit writes a frontier to every shard, so shards have a cost of their own.
  public static let shards = 1...1_024
  /// A larger table of keys would not fit into the memory of one machine.
  public static let maxKeys = 1...100_000_000
  /// Less does not hold the fixed buffers of one lane, one committer and one rollup.
  public static let leastMemoryBytes: Int64 = 64 << 20
  /// The state of this long must stay in memory, and Kafka keeps a topic 7 days by default.
  public static let longestDuration: Int64 = 30 * 86_400_000
  /// Every purchase's id is remembered this long.
  public static let longestDedupeHorizon: Int64 = 7 * 86_400_000
  /// Below, transactions cost more than the work in them; above, output is no longer live and a transaction times out.
  public static let commitInterval: ClosedRange<Int64> = 10...60_000
  /// Digits from the first that is not 0: an amount times the rate then fits in 128 bits.
  public static let rateSignificantDigits = 15
  /// Digits behind the point of a rate, for the same reason.
  public static let rateFractionDigits = 18
  /// Characters of a topic's name that Kafka allows.
  public static let topicNameBytes = 1...249
  /// Bytes of a file that holds one value; a certificate chain has some ten thousand.
  public static let valueFileBytes = 1 << 20
  /// Repeated keys that are told apart before the document is given up.
  static let repeatedKeys = 64
}
