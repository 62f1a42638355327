import Testing
import WindowEngine

@testable import Pipeline

@Suite struct LeaderboardTests {
  private func yaml(_ boards: String...) -> String {
    """
    groups: [[host_id], [session_id, product_id]]
    windows:
      - {name: day, kind: cumulative, size: 1d, step: 1m}
      - {name: 1m, kind: sliding, size: 1m, slide: 1m, groups: [[channel]]}
      - {name: live, kind: session, gap: 1m}
    leaderboards: [\(boards.map { "{\($0)}" }.joined(separator: ", "))]
    """
  }

  @Test func readsLeaderboards() throws {
    let text = yaml(
      "name: a, window: day, group: [host_id], by: gmv, size: 1",
      "name: b, window: 1m, group: [channel], by: avg_watch_seconds, size: 1000")
    #expect(
      try load(text).leaderboards == [
        LeaderboardDefinition(name: "a", window: "day", group: Grouping([.hostID]), by: .gmv, size: 1),
        LeaderboardDefinition(
          name: "b", window: "1m", group: Grouping([.channel]), by: .averageWatchSeconds, size: 1000),
      ])
  }

  @Test func theGroupIsTheOneOfTheWindowWhateverTheOrderOfItsFields() throws {
    let text = yaml("name: a, window: day, group: [product_id, session_id], by: gmv, size: 1")
    #expect(try load(text).leaderboards[0].group == Grouping([.sessionID, .productID]))
  }

  @Test(arguments: [
    ("window: day, group: [host_id], by: gmv, size: 1", "name: required; a leaderboard has a name"),
    ("name: \"a|b\", window: day, group: [host_id], by: gmv, size: 1", "name: \"a|b\" is not a name of 1...64 bytes"),
    ("name: a, group: [host_id], by: gmv, size: 1", "window: required; the name of a window"),
    (
      "name: a, window: dya, group: [host_id], by: gmv, size: 1",
      "window: there is no window \"dya\"; did you mean \"day\"?"
    ),
    ("name: a, window: live, group: [host_id], by: gmv, size: 1", "window: \"live\" is a session window,"),
    ("name: a, window: day, by: gmv, size: 1", "group: required; the group whose keys are ranked, e.g. [host_id]"),
    (
      "name: a, window: day, group: [channel], by: gmv, size: 1",
      "group: the group [channel] is not computed in the window day;"
    ),
    (
      "name: a, window: 1m, group: [host_id], by: gmv, size: 1",
      "group: the group [host_id] is not computed in the window 1m;"
    ),
    ("name: a, window: day, group: host_id, by: gmv, size: 1", "group: a group is a list of fields; write [host_id]"),
    ("name: a, window: day, group: [host_id], size: 1", "by: required; the metric to rank by, e.g. gmv"),
    ("name: a, window: day, group: [host_id], by: gvm, size: 1", "by: \"gvm\" is no metric; did you mean \"gmv\"?"),
    ("name: a, window: day, group: [host_id], by: gmv", "size: required; how many entries are listed"),
    ("name: a, window: day, group: [host_id], by: gmv, size: 0", "size: \"0\" is not a whole number from 1 to 1000"),
    (
      "name: a, window: day, group: [host_id], by: gmv, size: 1001",
      "size: \"1001\" is not a whole number from 1 to 1000"
    ),
  ])
  func mistakesOfOneLeaderboard(board: String, problem: String) {
    let lines = mistakes(yaml(board))
    #expect(lines.count == 1)
    #expect(lines.first?.contains(": leaderboards[0].\(problem)") ?? false, "\(lines)")
  }

  @Test func namesAreUniqueAmongLeaderboardsOnly() {
    let board = "name: day, window: day, group: [host_id], by: gmv, size: 1"
    #expect(mistakes(yaml(board)).isEmpty)
    #expect(
      mistakes(yaml(board, board)) == [
        "test.yaml:6:85: leaderboards[1].name: \"day\" is the name of another leaderboard already"
      ])
  }

  @Test func aWrongWindowIsReportedOnce() {
    let text = """
      windows: [{name: day, kind: cumulative, size: 2d, step: 1m}]
      leaderboards: [{name: a, window: day, group: [host_id], by: gmv, size: 1}]
      """
    #expect(mistakes(text).count == 1)
    #expect(mistakes(text.replacing("name: day", with: "name: \"d|\"").replacing("2d", with: "1d")).count == 1)
    #expect(mistakes("groups: [[hosts]]\n" + text.replacing("2d", with: "1d")).count == 1)
  }

  @Test func thereAreAtMost32Leaderboards() {
    func yaml(_ count: Int) -> String {
      "leaderboards:\n"
        + (0..<count).map { "- {name: b\($0), window: 1h, group: [], by: gmv, size: 1}\n" }.joined()
    }
    #expect(mistakes(yaml(32)).isEmpty)
    #expect(mistakes(yaml(33)) == ["test.yaml:2:1: leaderboards: 33 leaderboards; at most 32 are allowed"])
  }
}
