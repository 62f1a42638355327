import WindowEngine

extension Configuration {
  /// What holds where nothing is given: `run` needs `kafka.bootstrap.servers` in addition.
  public init() {
    kafka = ["group.id": Self.defaultGroupID]
    topics = Topics()
    currency = "CNY"
    rates = [:]
    time = TimePolicy()
    windows = Self.standardWindows
    groups = Self.standardGroups
    leaderboards = [
      LeaderboardDefinition(name: "top_hosts", window: "day", group: Grouping([.hostID]), by: .gmv, size: 50)
    ]
    lanes = 0
    shards = 8
    instance = ""
    limits = Limits()
    rejects = Rejects()
    http = Endpoint(host: "127.0.0.1", port: 8080)
  }

  /// What `replay` uses without a configuration file: `1m` sliding by 10 s and the UTC `day` growing every minute, for
  /// the platform, sessions, hosts, products and channels.
  public static let replayDefault: Configuration = {
    var configuration = Configuration()
    configuration.windows = [
      WindowDefinition(name: "1m", kind: .sliding(size: minute, slide: 10 * second)),
      WindowDefinition(name: "day", kind: .cumulative(step: minute, timeZone: "UTC")),
    ]
    configuration.groups = [
      Grouping([]), Grouping([.sessionID]), Grouping([.hostID]), Grouping([.productID]), Grouping([.channel]),
    ]
    configuration.leaderboards = []
    return configuration
  }()

  private static let second: Int64 = 1_000
  private static let minute: Int64 = 60 * second
  private static let hour: Int64 = 60 * minute

  private static let standardWindows = [
    WindowDefinition(
      name: "1m", kind: .sliding(size: minute, slide: second),
      groups: [Grouping([]), Grouping([.sessionID]), Grouping([.hostID]), Grouping([.channel])]),
    WindowDefinition(name: "5m", kind: .sliding(size: 5 * minute, slide: 10 * second)),
    WindowDefinition(name: "1h", kind: .sliding(size: hour, slide: minute)),
    WindowDefinition(name: "day", kind: .cumulative(step: 10 * second, timeZone: "Asia/Shanghai")),
    WindowDefinition(name: "broadcast", kind: .session(gap: 30 * minute), groups: [Grouping([.sessionID])]),
  ]

  private static let standardGroups = [
    Grouping([]), Grouping([.sessionID]), Grouping([.hostID]), Grouping([.mcnID]), Grouping([.brandID]),
    Grouping([.productID]), Grouping([.channel]), Grouping([.sessionID, .productID]),
  ]
}
