import Testing
import WindowEngine

@testable import Pipeline

@Suite struct WindowTests {
  @Test(arguments: [
    ("kind: sliding, size: 1s, slide: 1s", "1s", WindowDefinition.Kind.sliding(size: 1_000, slide: 1_000)),
    ("kind: sliding, size: 30d, slide: 10s", "5s", .sliding(size: 2_592_000_000, slide: 10_000)),
    ("kind: sliding, size: 3s, slide: 1500ms", "500ms", .sliding(size: 3_000, slide: 1_500)),
    ("kind: cumulative, size: 24h, step: 1d", "1m", .cumulative(step: 86_400_000, timeZone: "UTC")),
    (
      "kind: cumulative, size: 1d, step: 1s, timezone: Europe/Berlin", "1s",
      .cumulative(step: 1_000, timeZone: "Europe/Berlin")
    ),
    (
      "kind: cumulative, size: 1d, step: 30s, timezone: Africa/Monrovia", "30s",
      .cumulative(step: 30_000, timeZone: "Africa/Monrovia")
    ),
    ("kind: session, gap: 1s", "1s", .session(gap: 1_000)),
    ("kind: session, gap: 30d", "1m", .session(gap: 2_592_000_000)),
  ])
  func readsEveryKind(settings: String, pane: String, kind: WindowDefinition.Kind) throws {
    #expect(try load(window(settings, pane: pane)).windows == [WindowDefinition(name: "w", kind: kind)])
  }

  @Test(arguments: [
    ("kind: sliding, size: 0s, slide: 1s", "1s", "size: 0s is out of range; allowed are 1s...30d"),
    ("kind: sliding, size: 1s, slide: 0s", "1s", "slide: 0s is out of range; allowed are 1s...30d"),
    ("kind: sliding, size: 30d1s, slide: 1s", "1s", "size: 30d1s is out of range; allowed are 1s...30d"),
    ("kind: sliding, size: 4s, slide: 1s", "2s", "slide: 1s is out of range; allowed are 2s...30d"),
    ("kind: sliding, size: 6s, slide: 3s", "2s", "slide: 3s is no multiple of the pane, 2s"),
    ("kind: sliding, size: 5s, slide: 2s", "2s", "size: 5s is no multiple of the pane, 2s"),
    ("kind: sliding, size: 5s, slide: 2s", "1s", "size: 5s is no multiple of the slide, 2s"),
    ("kind: sliding, size: 1s, slide: 2s", "1s", "size: 1s is no multiple of the slide, 2s"),
    ("kind: sliding, size: 1m", "1s", "slide: required; the time from one window to the next"),
    ("kind: sliding, slide: 1m", "1s", "size: required; the length of the window"),
    (
      "kind: sliding, size: 1m, slide: 1m, gap: 1m", "1s",
      "gap: does not belong to a sliding window, which has name, kind, groups, size, slide"
    ),
    ("kind: cumulative, step: 1m", "1s", "size: required; a cumulative window has 1d"),
    ("kind: cumulative, size: 23h, step: 1m", "1s", "size: 23h is not allowed; a cumulative window has 1d"),
    ("kind: cumulative, size: 2d, step: 1m", "1s", "size: 2d is not allowed; a cumulative window has 1d"),
    ("kind: cumulative, size: 1d", "1s", "step: required; the time from one total to the next"),
    ("kind: cumulative, size: 1d, step: 0", "1s", "step: 0s is out of range; allowed are 1s...1d"),
    ("kind: cumulative, size: 1d, step: 1d1s", "1s", "step: 1d1s is out of range; allowed are 1s...1d"),
    ("kind: cumulative, size: 1d, step: 3s", "2s", "step: 3s is no multiple of the pane, 2s"),
    ("kind: cumulative, size: 1d, step: 7s", "1s", "step: 7s does not divide 1d, the size"),
    (
      "kind: cumulative, size: 1d, step: 1m, slide: 1m", "1s",
      "slide: does not belong to a cumulative window, which has name, kind, groups, size, step, timezone"
    ),
    (
      "kind: cumulative, size: 1d, step: 1m, timezone: Asia/Shanghia", "1s",
      "timezone: \"Asia/Shanghia\" is no IANA time zone; did you mean \"Asia/Shanghai\"?"
    ),
    (
      "kind: cumulative, size: 1d, step: 1m, timezone: CST", "1s",
      "timezone: \"CST\" is no IANA time zone"
    ),
    (
      "kind: cumulative, size: 1d, step: 1m, timezone: Africa/Monrovia", "1m",
      "timezone: Africa/Monrovia was once 44m30s off UTC, which is no multiple of the pane, 1m"
    ),
    ("kind: session", "1s", "gap: required; a session ends when no event came for this long"),
    ("kind: session, gap: 0", "1s", "gap: 0s is out of range; allowed are 1s...30d"),
    ("kind: session, gap: 3s", "2s", "gap: 3s is no multiple of the pane, 2s"),
    ("kind: session, gap: 30d1ms", "1s", "gap: 30d1ms is out of range; allowed are 1s...30d"),
    (
      "kind: session, gap: 1m, timezone: UTC", "1s",
      "timezone: does not belong to a session window, which has name, kind, groups, gap"
    ),
    (
      "kind: tumbling, size: 1m", "1s", "kind: \"tumbling\" is no kind of window; allowed: sliding, cumulative, session"
    ),
    ("kind: slidin, size: 1m", "1s", "kind: \"slidin\" is no kind of window; did you mean \"sliding\"?"),
    ("size: 1m", "1s", "kind: required; one of sliding, cumulative, session"),
    (
      "kind: session, gap: 1m, groups: []", "1s",
      "groups: is empty; at least one group is needed, [[]] is the whole platform"
    ),
  ])
  func mistakesOfOneWindow(settings: String, pane: String, problem: String) {
    let lines = mistakes(window(settings, pane: pane))
    #expect(lines.count == 1)
    #expect(lines.first?.contains(": windows[0].\(problem)") ?? false, "\(lines)")
  }

  @Test func aWrongPaneDoesNotMakeEveryWindowWrong() {
    #expect(mistakes(window("kind: sliding, size: 1m, slide: 1s", pane: "7s")).count == 1)
  }

  @Test(arguments: [
    "w", "a b", "日", "1", "a/b%c", String(repeating: "a", count: 64), String(repeating: "é", count: 32),
  ])
  func namesHaveOneTo64Bytes(name: String) throws {
    let configuration = try load("windows: [{name: \"\(name)\", kind: session, gap: 1m}]")
    #expect(configuration.windows[0].name == name)
  }

  @Test(arguments: [
    "", "a|b", "|\u{301}", "a\\tb", "a\\u0085b", "a\\x7f", String(repeating: "a", count: 65),
    String(repeating: "é", count: 33),
  ])
  func otherNamesAreMistakes(name: String) {
    let lines = mistakes("windows: [{name: \"\(name)\", kind: session, gap: 1m}]")
    #expect(lines.count == 1)
    #expect(lines.first?.hasSuffix("is not a name of 1...64 bytes without | and control characters") ?? false)
  }

  @Test func namesAreRequiredAndUnique() {
    #expect(
      mistakes("windows: [{kind: session, gap: 1m}]") == [
        "test.yaml:1:11: windows[0].name: required; a window has a name"
      ])
    #expect(
      mistakes("windows: [{name: a, kind: session, gap: 1m}, {name: a, kind: session, gap: 2m}]") == [
        "test.yaml:1:53: windows[1].name: \"a\" is the name of another window already"
      ])
  }

  private func windows(_ count: Int) -> String {
    "windows: [" + (0..<count).map { "{name: w\($0), kind: session, gap: 1m}" }.joined(separator: ", ") + "]"
  }

  @Test func thereAreOneTo16Windows() {
    #expect(mistakes("windows: []") == ["test.yaml:1:10: windows: is empty; at least one window is needed"])
    #expect(mistakes(windows(1)).isEmpty)
    #expect(mistakes(windows(16)).isEmpty)
    #expect(mistakes(windows(17)) == ["test.yaml:1:10: windows: 17 windows; at most 16 are allowed"])
  }
}
