import Testing
import WindowEngine

@testable import Pipeline

@Suite struct PlanDescriptionTests {
  @Test func listsEverythingThatGivesStateItsMeaning() throws {
    let yaml = """
      currency: USD
      rates: {EUR: 1.10, CNY: 0.14}
      groups: [[], [session_id, host_id]]
      windows:
        - {name: 'a "b" \\', kind: sliding, size: 60s, slide: 10s}
        - {name: day, kind: cumulative, size: 1d, step: 1m, timezone: Asia/Shanghai, groups: [[host_id]]}
        - {name: s, kind: session, gap: 30m, groups: [[session_id]]}
      leaderboards: [{name: top, window: day, group: [host_id], by: net_gmv, size: 5}]
      """
    #expect(
      try load(yaml).planDescription == """
        plan 1
        pane 1000
        max_out_of_orderness 5000
        allowed_lateness 60000
        dedupe_horizon 600000
        max_future 300000
        max_keys 1000000
        shards 8
        currency USD
        rate CNY 0.14
        rate EUR 1.1
        window "a \\"b\\" \\\\" sliding size 60000 slide 10000 groups [] [session_id, host_id]
        window "day" cumulative step 60000 timezone Asia/Shanghai groups [host_id]
        window "s" session gap 1800000 groups [session_id]
        leaderboard "top" window "day" group [host_id] by net_gmv size 5

        """)
  }

  @Test(arguments: [
    "time: {pane: 500ms}", "time: {max_out_of_orderness: 6s}", "time: {allowed_lateness: 2m}",
    "time: {dedupe_horizon: 1m}", "time: {max_future: 1m}", "limits: {max_keys: 5}", "shards: 9", "currency: USD",
    "rates: {USD: 7}", "leaderboards: []", "groups: [[]]",
    "leaderboards: [{name: top_hosts, window: day, group: [host_id], by: gmv, size: 51}]",
  ])
  func changesWithWhatMatters(yaml: String) throws {
    #expect(try load(yaml).planDescription != Configuration().planDescription)
  }

  @Test(arguments: [
    "time: {idle_timeout: 1s}", "time: {emit_interval: 1s}", "time: {max_skew: 1s}", "time: {commit_interval: 1s}",
    "lanes: 3", "instance: x", "limits: {memory: 1GiB}", "rejects: {duplicates: true}", "http: {listen: \"\"}",
    "kafka: {bootstrap.servers: x, sasl.password: hunter2}", "topics: {live: x}",
  ])
  func staysWithWhatDoesNot(yaml: String) throws {
    #expect(try load(yaml).planDescription == Configuration().planDescription)
  }

  @Test func spellingDoesNotMatter() throws {
    let one = try load(
      "rates: {USD: 7.10}\ngroups: [[], [region]]\nwindows: [{name: w, kind: sliding, size: 1m, slide: 60s}]")
    let other = try load(
      """
      windows: [{slide: 1m, size: 60000ms, name: "w", kind: sliding, groups: [[], [region]]}]
      rates: {USD: "7.1"}
      """)
    #expect(one.planDescription == other.planDescription)
  }
}
