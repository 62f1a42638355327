import WindowEngine

/// Everything an operator can set. What ``load(yaml:source:environment:purpose:isKnownCurrency:)`` returns is valid and
/// can be run as it is.
///
/// ```swift
/// let configuration = try Configuration.load(
///   yaml: text, source: "livetally.yaml", environment: ProcessInfo.processInfo.environment, purpose: .run,
///   isKnownCurrency: { CurrencyCode($0) != nil })
/// ```
public struct Configuration: Hashable, Sendable {
  /// What the configuration is for: it decides what must be given.
  public enum Purpose: Hashable, Sendable {
    /// The daemon, which needs `kafka.bootstrap.servers`.
    case run
    /// Files through the engine, without Kafka.
    case replay
  }

  /// Properties for librdkafka, name to value, as they were written. May hold passwords: never log it.
  public var kafka: [String: String]
  /// The names of the topics.
  public var topics: Topics
  /// The ISO 4217 code of the currency in which metrics are published.
  public var currency: String
  /// What one major unit of a further currency (ISO 4217) is worth in ``currency``: exact decimal text, more than 0, at
  /// most ``ConfigurationLimits/rateSignificantDigits`` significant digits.
  public var rates: [String: String]
  /// How event time is cut, how long to wait, when to publish.
  public var time: TimePolicy
  /// The windows, 1...``ConfigurationLimits/windows``.
  public var windows: [WindowDefinition]
  /// The groups of the windows that list none of their own.
  public var groups: [Grouping]
  /// The leaderboards, 0...``ConfigurationLimits/leaderboards``.
  public var leaderboards: [LeaderboardDefinition]
  /// Threads that decode and count, 0...256; 0 is one per core, less one.
  public var lanes: Int
  /// Partitions of the partials topic, 1...1024; fixed when that topic is created.
  public var shards: Int
  /// This instance's name, unique within ``groupID`` and the same after a restart; empty is the host's name.
  public var instance: String
  /// What may not be exceeded.
  public var limits: Limits
  /// What is written to the rejects topic beside events that could not be counted.
  public var rejects: Rejects
  /// Where dashboard, health and Prometheus metrics are served; `nil` serves nothing.
  public var http: Endpoint?

  /// The brokers to begin with, e.g. `broker-1:9092,broker-2:9092`; `nil` where none is given, never so for
  /// ``Purpose/run``.
  public var bootstrapServers: String? { kafka["bootstrap.servers"] }

  /// The base of the consumer groups' names and of the transactional ids.
  public var groupID: String { kafka["group.id"] ?? Self.defaultGroupID }

  static let defaultGroupID = "livetally"

  /// The names of the topics: all different, each 1...249 of `a-z A-Z 0-9 . _ -`.
  public struct Topics: Hashable, Sendable {
    /// Read: events of either kind.
    public var purchases = "purchases"
    /// Read: events of either kind.
    public var viewers = "viewers"
    /// Written: the current value of every metric.
    public var live = "livetally.live"
    /// Written: the series of complete windows.
    public var metrics = "livetally.metrics"
    /// Written: the first keys of a group.
    public var leaderboards = "livetally.leaderboards"
    /// Written: events that were not counted.
    public var rejects = "livetally.rejects"
    /// Internal: accumulators on their way from lanes to rollups.
    public var partials = "livetally.partials"
    /// Internal: where a restart goes on.
    public var checkpoints = "livetally.checkpoints"

    public init() {}
  }

  /// What may not be exceeded.
  public struct Limits: Hashable, Sendable {
    /// Keys per source partition, pane and group, 1...100 000 000; further ones share one overflow key.
    public var maxKeys = 1_000_000
    /// Bytes for all queues, rings and state together, at least 64 MiB.
    public var memoryBytes: Int64 = 2 << 30

    public init() {}
  }

  /// What is written to the rejects topic.
  public struct Rejects: Hashable, Sendable {
    /// Whether duplicates are written to the rejects topic, beside being counted as such.
    public var duplicates = false

    public init() {}
  }

  /// An address to listen on.
  public struct Endpoint: Hashable, Sendable {
    /// An IPv4 or IPv6 address (without brackets) or `localhost`.
    public var host: String
    /// 0...65535; 0 is any free port.
    public var port: UInt16

    public init(host: String, port: UInt16) {
      self.host = host
      self.port = port
    }
  }
}
