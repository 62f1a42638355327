import Testing
import WindowEngine

@testable import Pipeline

@Suite struct DefaultsTests {
  /// As the reference shows it.
  private let displayed = """
    kafka:
      bootstrap.servers: broker-1:9092
      group.id: livetally
    topics: {purchases: purchases, viewers: viewers, live: livetally.live, metrics: livetally.metrics, leaderboards: livetally.leaderboards, rejects: livetally.rejects, partials: livetally.partials, checkpoints: livetally.checkpoints}
    currency: CNY
    rates: {USD: "7.10"}
    time: {pane: 1s, max_out_of_orderness: 5s, allowed_lateness: 1m, idle_timeout: 30s, emit_interval: 0s, max_skew: 1m, commit_interval: 500ms, dedupe_horizon: 10m, max_future: 5m}
    windows:
      - {name: 1m, kind: sliding, size: 1m, slide: 1s, groups: [[], [session_id], [host_id], [channel]]}
      - {name: 5m, kind: sliding, size: 5m, slide: 10s}
      - {name: 1h, kind: sliding, size: 1h, slide: 1m}
      - {name: day, kind: cumulative, size: 1d, step: 10s, timezone: Asia/Shanghai}
      - {name: broadcast, kind: session, gap: 30m, groups: [[session_id]]}
    groups: [[], [session_id], [host_id], [mcn_id], [brand_id], [product_id], [channel], [session_id, product_id]]
    leaderboards:
      - {name: top_hosts, window: day, group: [host_id], by: gmv, size: 50}
    lanes: 0            # 0: one per core, less one
    shards: 8
    instance: ""        # default: the host's name; unique, the same after a restart
    limits: {max_keys: 1000000, memory: 2GiB}
    rejects: {duplicates: false}
    http: {listen: 127.0.0.1:8080}
    """

  @Test func theDisplayedDocumentIsWhatHoldsWithoutIt() throws {
    var expected = Configuration()
    expected.kafka["bootstrap.servers"] = "broker-1:9092"
    expected.rates = ["USD": "7.10"]
    #expect(try load(displayed, purpose: .run) == expected)
    #expect(try load("{}") == Configuration())
  }

  @Test func theDisplayedDocumentIsReadValueByValue() throws {
    let configuration = try load(displayed, purpose: .run)
    #expect(configuration.bootstrapServers == "broker-1:9092")
    #expect(configuration.groupID == "livetally")
    #expect(configuration.time.commitInterval == 500)
    #expect(configuration.time.dedupeHorizon == 600_000)
    #expect(configuration.windows.map(\.name) == ["1m", "5m", "1h", "day", "broadcast"])
    #expect(configuration.windows[1].kind == .sliding(size: 300_000, slide: 10_000))
    #expect(configuration.windows[1].groups == nil)
    #expect(configuration.windows[3].kind == .cumulative(step: 10_000, timeZone: "Asia/Shanghai"))
    #expect(configuration.windows[4].kind == .session(gap: 1_800_000))
    #expect(configuration.windows[4].groups == [Grouping([.sessionID])])
    #expect(configuration.groups.count == 8)
    #expect(configuration.groups[7] == Grouping([.sessionID, .productID]))
    #expect(
      configuration.leaderboards == [
        LeaderboardDefinition(name: "top_hosts", window: "day", group: Grouping([.hostID]), by: .gmv, size: 50)
      ])
    #expect(configuration.limits.memoryBytes == 2_147_483_648)
    #expect(configuration.http == Configuration.Endpoint(host: "127.0.0.1", port: 8080))
  }

  @Test(arguments: ["", "\n", "# nothing\n", "---\n", "~", "{}", "time:\nwindows: ~\nkafka: null\ngroups:\n"])
  func whatIsEmptyMeansItsDefault(yaml: String) throws {
    #expect(try load(yaml) == Configuration())
  }

  @Test func windowsWithoutLeaderboardsHaveNone() throws {
    let configuration = try load("windows: [{name: day, kind: cumulative, size: 1d, step: 1m}]")
    #expect(configuration.leaderboards.isEmpty)
    #expect(configuration.groups == Configuration().groups)
    #expect(configuration.windows[0].kind == .cumulative(step: 60_000, timeZone: "UTC"))
  }

  @Test func groupsWithoutLeaderboardsHaveNone() throws {
    let configuration = try load("groups: [[region]]")
    #expect(configuration.leaderboards.isEmpty)
    #expect(configuration.windows == Configuration().windows)
  }

  @Test func leaderboardsAloneKeepTheDefaultWindows() throws {
    let configuration = try load("leaderboards: [{name: b, window: 1h, group: [brand_id], by: aov, size: 3}]")
    #expect(configuration.windows == Configuration().windows)
    #expect(configuration.leaderboards.map(\.name) == ["b"])
    #expect(try load("leaderboards: []").leaderboards.isEmpty)
  }

  @Test func onlyRunNeedsBrokers() {
    #expect(
      mistakes("currency: CNY\nkafka: {group.id: a}", purpose: .run) == [
        "test.yaml:2:8: kafka.bootstrap.servers: required; name the brokers, e.g. broker-1:9092 "
          + "(or set LIVETALLY_KAFKA_BOOTSTRAP_SERVERS)"
      ])
    #expect(mistakes("", purpose: .run).map { $0.prefix(38) } == ["test.yaml:1:1: kafka.bootstrap.servers"])
    #expect(mistakes("kafka: {bootstrap.servers: a}", purpose: .run).isEmpty)
    #expect(mistakes("", purpose: .replay).isEmpty)
  }

  @Test func replayWithoutFileHasItsOwnDefaults() throws {
    let configuration = Configuration.replayDefault
    #expect(
      configuration.windows == [
        WindowDefinition(name: "1m", kind: .sliding(size: 60_000, slide: 10_000)),
        WindowDefinition(name: "day", kind: .cumulative(step: 60_000, timeZone: "UTC")),
      ])
    #expect(
      configuration.groups.map(\.description) == ["[]", "[session_id]", "[host_id]", "[product_id]", "[channel]"])
    #expect(configuration.leaderboards.isEmpty)
    let overridden = try Configuration.replayWithoutFile(
      environment: ["LIVETALLY_CURRENCY": "USD"], isKnownCurrency: { $0 == "USD" })
    var expected = configuration
    expected.currency = "USD"
    #expect(overridden == expected)
  }
}
