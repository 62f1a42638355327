import WindowEngine

/// The names of all keys: what the reader accepts and what environment variables can be called.
enum ConfigurationKeys {
  static let top = [
    "kafka", "topics", "currency", "rates", "time", "windows", "groups", "leaderboards", "lanes", "shards", "instance",
    "limits", "rejects", "http",
  ]

  static var topics: [(key: String, member: WritableKeyPath<Configuration.Topics, String>)] {
    [
      ("purchases", \.purchases), ("viewers", \.viewers), ("live", \.live), ("metrics", \.metrics),
      ("leaderboards", \.leaderboards), ("rejects", \.rejects), ("partials", \.partials),
      ("checkpoints", \.checkpoints),
    ]
  }

  static var time: [(key: String, member: WritableKeyPath<TimePolicy, Int64>, range: ClosedRange<Int64>)] {
    let any = 0...ConfigurationLimits.longestDuration
    return [
      ("pane", \.pane, 1...60_000),
      ("max_out_of_orderness", \.maxOutOfOrderness, any),
      ("allowed_lateness", \.allowedLateness, any),
      ("idle_timeout", \.idleTimeout, any),
      ("emit_interval", \.emitInterval, any),
      ("max_skew", \.maxSkew, any),
      ("commit_interval", \.commitInterval, ConfigurationLimits.commitInterval),
      ("dedupe_horizon", \.dedupeHorizon, 0...ConfigurationLimits.longestDedupeHorizon),
      ("max_future", \.maxFuture, any),
    ]
  }

  static let limits = ["max_keys", "memory"]
  static let rejects = ["duplicates"]
  static let http = ["listen"]

  static let leaderboard = ["name", "window", "group", "by", "size"]

  /// Keys that hold one value.
  static var values: [[String]] {
    topics.map { ["topics", $0.key] } + time.map { ["time", $0.key] } + limits.map { ["limits", $0] }
      + rejects.map { ["rejects", $0] } + http.map { ["http", $0] }
      + ["currency", "lanes", "shards", "instance"].map { [$0] }
  }

  /// Keys that hold a list or a mapping which one environment variable gives as a whole.
  static let collections = ["windows", "groups", "leaderboards", "rates"]
}
