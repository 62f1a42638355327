import Testing
import WindowEngine

@testable import Pipeline

@Suite struct TimeAndResourceTests {
  /// A default window would not fit most panes.
  private func pane(_ text: String) -> String {
    "time: {pane: \(text)}\nwindows: [{name: w, kind: cumulative, size: 1d, step: 1h}]"
  }

  @Test(arguments: [
    ("1ms", 1), ("8ms", 8), ("500ms", 500), ("800ms", 800), ("1s", 1_000), ("30s", 30_000), ("1m", 60_000),
  ])
  func thePaneDividesAMinute(text: String, milliseconds: Int64) throws {
    #expect(try load(pane(text)).time.pane == milliseconds)
  }

  @Test(arguments: [
    ("0", "0s is out of range; allowed are 1ms...1m"),
    ("7ms", "7ms does not divide 60s; 500ms, 1s, 2s and 5s do, for example"),
    ("40s", "40s does not divide 60s; 500ms, 1s, 2s and 5s do, for example"),
    ("2m", "2m is out of range; allowed are 1ms...1m"), ("60001ms", "1m1ms is out of range; allowed are 1ms...1m"),
  ])
  func otherPanesAreMistakes(text: String, problem: String) {
    #expect(mistakes(pane(text)) == ["test.yaml:1:14: time.pane: \(problem)"])
  }

  @Test func aPaneThatTheDefaultWindowsDoNotFitIsAMistake() throws {
    #expect(
      mistakes("time: {pane: 2s}") == [
        "test.yaml:1:14: time.pane: the default window 1m has 1s, which is no multiple of 2s; give windows that fit"
      ])
    #expect(try load("time: {pane: 500ms}").time.pane == 500)
  }

  @Test(arguments: [
    ("max_out_of_orderness", "0", "30d"), ("allowed_lateness", "0", "30d"), ("idle_timeout", "0", "30d"),
    ("emit_interval", "0", "30d"), ("max_skew", "0", "30d"), ("max_future", "0", "30d"), ("dedupe_horizon", "0", "7d"),
    ("commit_interval", "10ms", "1m"),
  ])
  func durationsHaveBounds(key: String, least: String, most: String) throws {
    #expect(mistakes("time: {\(key): \(least)}").isEmpty)
    #expect(mistakes("time: {\(key): \(most)}").isEmpty)
    let range = least == "0" ? "0s...\(most)" : "\(least)...\(most)"
    #expect(
      mistakes("time: {\(key): \(most)1ms}") == [
        "test.yaml:1:\(10 + key.count): time.\(key): \(most)1ms is out of range; allowed are \(range)"
      ])
    #expect(mistakes("time: {\(key): -1s}").count == 1)
    if least != "0" { #expect(mistakes("time: {\(key): 9ms}").count == 1) }
  }

  @Test func everyDurationGoesToItsOwnField() throws {
    let time = try load(
      """
      time: {max_out_of_orderness: 1s, allowed_lateness: 2s, idle_timeout: 3s, emit_interval: 4s, max_skew: 5s,
        commit_interval: 6s, dedupe_horizon: 7s, max_future: 8s, pane: 500ms}
      """
    ).time
    var expected = TimePolicy()
    expected.maxOutOfOrderness = 1_000
    expected.allowedLateness = 2_000
    expected.idleTimeout = 3_000
    expected.emitInterval = 4_000
    expected.maxSkew = 5_000
    expected.commitInterval = 6_000
    expected.dedupeHorizon = 7_000
    expected.maxFuture = 8_000
    expected.pane = 500
    #expect(time == expected)
  }

  @Test(arguments: [
    ("lanes", 0, 256), ("shards", 1, 1_024),
  ])
  func countsHaveBounds(key: String, least: Int, most: Int) {
    #expect(mistakes("\(key): \(least)").isEmpty)
    #expect(mistakes("\(key): \(most)").isEmpty)
    for wrong in [least - 1, most + 1] {
      #expect(
        mistakes("\(key): \(wrong)") == [
          "test.yaml:1:\(key.count + 3): \(key): \"\(wrong)\" is not a whole number from \(least) to \(most)"
        ])
    }
  }

  @Test(arguments: ["1.0", "1e1", "0x1", "+1", "1_0", "99999999999999999999"])
  func countsAreWholeNumbers(text: String) {
    #expect(mistakes("shards: \(text)").count == 1)
  }

  @Test func limitsHaveBounds() throws {
    let least = try load("limits: {max_keys: 1, memory: 64MiB}").limits
    #expect(least.maxKeys == 1)
    #expect(least.memoryBytes == 67_108_864)
    #expect(try load("limits: {max_keys: 100000000}").limits.maxKeys == 100_000_000)
    #expect(mistakes("limits: {max_keys: 0}").count == 1)
    #expect(mistakes("limits: {max_keys: 100000001}").count == 1)
    #expect(
      mistakes("limits: {memory: 67108863}") == [
        "test.yaml:1:18: limits.memory: 67108863 is too small; allowed is 64MiB or more"
      ])
    #expect(mistakes("limits: {memory: much}").count == 1)
  }

  @Test func theInstanceIsAShortName() throws {
    #expect(try load("instance: pod-0").instance == "pod-0")
    #expect(mistakes("instance: \(String(repeating: "a", count: 128))").isEmpty)
    #expect(mistakes("instance: \(String(repeating: "a", count: 129))").count == 1)
    #expect(mistakes("instance: \"a\\nb\"").count == 1)
  }

  @Test func anEmptyListenTextTurnsHTTPOff() throws {
    #expect(try load("http: {listen: \"\"}").http == nil)
    #expect(try load("http: {listen: \"[::1]:0\"}").http == Configuration.Endpoint(host: "::1", port: 0))
    #expect(try load("rejects: {duplicates: true}").rejects.duplicates)
    #expect(try load("rejects: {duplicates: False}").rejects.duplicates == false)
  }
}
