import Foundation
import Testing

@testable import Dashboard

@Suite struct LiveBoardTests {
  private func publishHost(_ board: LiveBoard, _ host: String, gmv: String, end: String = "2020-06-16T12:01:00.000Z") {
    let value = liveRecord(end: end, group: ["host_id"], key: [host], gmv: gmv)
    board.publish(topic: .live, key: "1m|host_id|\(host)".bytes, value: value)
  }

  private func publishPlatform(_ board: LiveBoard, gmv: String = "1.00", end: String = "2020-06-16T12:01:00.000Z") {
    board.publish(topic: .live, key: "1m||".bytes, value: liveRecord(end: end, gmv: gmv))
  }

  @Test func aFullBoardDropsNewKeysButNoPlatform() {
    let board = LiveBoard(limits: BoardLimits(maxKeys: 10))
    for host in 0..<25 { publishHost(board, "h\(host)", gmv: "1.00") }
    publishPlatform(board)
    publishHost(board, "h3", gmv: "7.00")
    #expect(board.counters.keys == 11)
    #expect(board.counters.droppedKeys == 15)
    #expect(board.read { $0.platform("1m") } != nil)
    #expect(board.read { $0.entry(key: "1m|host_id|h3".bytes)?.gmv } == 7)
  }

  @Test func groupsOfSeveralFieldsGetHalfOfTheRoomAtMost() {
    let board = LiveBoard(limits: BoardLimits(maxKeys: 10))
    for product in 0..<20 { board.show("1m", ["session_id", "product_id"], ["s1", "p\(product)"]) }
    #expect(board.counters.keys == 5)
    for host in 0..<5 { publishHost(board, "h\(host)", gmv: "1.00") }
    #expect(board.counters.keys == 10)
    #expect(board.counters.droppedKeys == 15)
  }

  @Test func trendsAreKeptInTheShortestWindowOfAGroup() throws {
    let board = LiveBoard()
    for (window, minutes) in [("5m", 5), ("1m", 1), ("1h", 60)] {
      for minute in 60..<70 {
        board.show(
          window, ["host_id"], ["h1"], start: instant((minute - minutes) * 60), end: instant(minute * 60),
          gmv: "\(minute).00", online: minute * 2)
      }
    }
    let trend = try #require(board.read { $0.trend(group: "host_id", id: "h1") })
    #expect(trend.window.name == "1m")
    #expect(trend.line.points.map(\.gmv) == (60..<70).map(Float.init))
    #expect(trend.line.points.map(\.online) == (60..<70).map { Float($0 * 2) })
  }

  @Test func finalRecordsOfThePastFillTheTrendsOnly() throws {
    let board = LiveBoard()
    board.show("day", start: instant(0), end: instant(36_000), gmv: "100.00", hasStart: true)
    for hour in 1..<10 {
      let value = liveRecord(window: "day", start: instant(0), end: instant(hour * 3600), gmv: "\(hour)0.00")
      board.recall(key: "day|||\(instant(0))".bytes, value: value)
    }
    let yesterday = liveRecord(window: "day", start: "2020-06-15T00:00:00.000Z", end: instant(0), gmv: "999.00")
    board.recall(key: "day|||2020-06-15T00:00:00.000Z".bytes, value: yesterday)
    #expect(board.read { $0.curve("day")?.points.map(\.gmv) } == (1...10).map { Float($0 * 10) })
    #expect(board.read { $0.platform("day")?.gmv } == 100)
    #expect(board.counters.keys == 1)
  }

  @Test func rowsAreRankedByAnyMetricAndNullComesLast() throws {
    let board = LiveBoard()
    for (host, rate) in [("a", "0.1"), ("b", "null"), ("c", "0.9"), ("d", "0.0")] {
      let value = liveRecord(group: ["host_id"], key: [host], conversion: rate)
      board.publish(topic: .live, key: "1m|host_id|\(host)".bytes, value: value)
    }
    let metric = try #require(MetricName("conversion_rate"))
    let rows = board.read { $0.top(4, window: "1m", group: "host_id", by: metric) }.map(\.row)
    #expect(rows == ["c", "a", "d", "b"])
    #expect(MetricName("window_end") == nil)
  }

  @Test func aFullBoardGivesTheRoomOfOldKeysAway() {
    let board = LiveBoard(limits: BoardLimits(maxKeys: 10))
    for host in 0..<10 { publishHost(board, "old\(host)", gmv: "0.00", end: "2020-06-16T08:00:00.000Z") }
    publishHost(board, "new", gmv: "1.00")
    #expect(board.counters.keys == 1)
    #expect(board.counters.droppedKeys == 0)
  }

  @Test func aNewDayClearsTheOneBefore() {
    let board = LiveBoard()
    func publish(_ day: String, _ group: [String], _ key: [String]) {
      let start = "2020-06-\(day)T00:00:00.000Z"
      let value = liveRecord(
        window: "day", start: start, end: "2020-06-\(day)T10:00:00.000Z", group: group, key: key)
      let name = "day|\(group.joined())|\(key.joined())|\(start)"
      board.publish(topic: .live, key: name.bytes, value: value)
    }
    publish("16", [], [])
    publish("16", ["host_id"], ["h1"])
    publish("16", ["host_id"], ["h2"])
    publish("17", ["host_id"], ["h2"])
    publish("17", [], [])
    publish("16", ["host_id"], ["late"])
    #expect(board.counters.keys == 2)
    let rows = board.read { $0.top(10, window: "day", group: "host_id") }.map(\.row)
    #expect(rows == ["h2|2020-06-17T00:00:00.000Z"])
    #expect(board.read { $0.history("day").count } == 1)
  }

  @Test func rowsComeByValueThenByKeyWhateverTheOrderOfArrival() {
    var generator = SystemRandomNumberGenerator()
    let hosts = (0..<200).map { (name: "h\($0)", gmv: $0 % 40) }
    let expected = hosts.sorted { $0.gmv != $1.gmv ? $0.gmv > $1.gmv : $0.name < $1.name }.prefix(50).map(\.name)
    for _ in 0..<5 {
      let board = LiveBoard()
      for host in hosts.shuffled(using: &generator) { publishHost(board, host.name, gmv: "\(host.gmv).00") }
      #expect(board.read { $0.top(50, window: "1m", group: "host_id") }.map(\.row) == expected)
    }
  }

  @Test func historyIsBoundedAndKeepsTheLastOfAnEnd() {
    let board = LiveBoard(limits: BoardLimits(historyPoints: 3))
    for second in 10..<20 {
      publishPlatform(board, gmv: "\(second).00", end: "2020-06-16T12:01:\(second).000Z")
      publishPlatform(board, gmv: "\(second).50", end: "2020-06-16T12:01:\(second).000Z")
    }
    #expect(board.read { $0.history("1m").map(\.gmv) } == [17.5, 18.5, 19.5])
    // 2020-06-16T12:01:19Z, by `date -u -d 2020-06-16T12:01:19Z +%s`.
    #expect(board.read { $0.history("1m").last?.endMilliseconds } == 1_592_308_879_000)
  }

  @Test func recordsThatAreNoneAreCounted() {
    let board = LiveBoard()
    for text in ["", "{", "[]", "{}", "{\"gmv\":1}", "{\"gmv\":}"] {
      board.publish(topic: .live, key: "1m||".bytes, value: text.bytes)
    }
    board.publish(topic: .live, key: "no key".bytes, value: liveRecord())
    #expect(board.counters.malformedRecords == 7)
    #expect(board.counters.keys == 0)
  }

  @Test func publishingFromManyThreadsLosesNothing() async {
    let board = LiveBoard()
    await withTaskGroup(of: Void.self) { group in
      for worker in 0..<8 {
        group.addTask {
          for host in 0..<200 { self.publishHost(board, "w\(worker)-h\(host)", gmv: "1.00") }
        }
      }
    }
    #expect(board.counters.keys == 1600)
  }

  @Test func theNewestLeaderboardCountsAndAnEarlierFinalOneDoesNot() throws {
    let board = LiveBoard()
    func publish(_ key: String, _ end: String) {
      board.publish(topic: .leaderboards, key: key.bytes, value: "{\"window_end\":\"\(end)\"}".bytes)
    }
    publish("top|1m", "2020-06-16T12:02:00.000Z")
    publish("top|1m", "2020-06-16T12:01:00.000Z")
    publish("days|day|2020-06-16T00:00:00.000Z", "2020-06-17T00:00:00.000Z")
    publish("days|day|2020-06-17T00:00:00.000Z", "2020-06-17T09:00:00.000Z")
    #expect(board.leaderboardNames == ["days", "top"])
    let top = try object(board.leaderboard(named: "top", window: "1m"))
    #expect(top["window_end"] as? String == "2020-06-16T12:02:00.000Z")
    let days = try object(board.leaderboard(named: "days", window: nil))
    #expect(days["window_end"] as? String == "2020-06-17T09:00:00.000Z")
    #expect(board.counters.leaderboards == 2)
    #expect(board.leaderboard(named: "to", window: nil) == nil)
    #expect(board.leaderboard(named: "top", window: "1") == nil)
  }
}
