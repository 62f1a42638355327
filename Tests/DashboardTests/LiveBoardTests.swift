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

  @Test func updatesBetweenTwoLooksBecomeOne() throws {
    let board = LiveBoard()
    var feed = BoardFeed(board: board, request: FeedRequest(window: "1m", groups: ["host_id"]))
    publishPlatform(board)
    _ = feed.next()
    for step in 1...100 { publishPlatform(board, gmv: "\(step).00") }
    publishHost(board, "h1", gmv: "5.00")

    let message = try object(feed.next())
    let platform = try #require(message["platform"] as? [String: [String: Any]])
    #expect(platform["1m"]?["gmv"] as? Double == 100)
    let tables = try #require(message["tables"] as? [String: [String: Any]])
    #expect(tables["host_id"]?["order"] as? [String] == ["h1"])
    #expect(feed.next() == nil)
  }

  @Test func aMessageHoldsOnlyWhatChanged() throws {
    let board = LiveBoard()
    publishPlatform(board)
    for host in 1...3 { publishHost(board, "h\(host)", gmv: "\(host)0.00") }
    var feed = BoardFeed(board: board, request: FeedRequest(groups: ["host_id"]))
    let first = try object(feed.next())
    #expect((first["windows"] as? [[String: Any]])?.count == 1)
    #expect((first["history"] as? [[Double]])?.count == 1)

    publishHost(board, "h1", gmv: "11.00")
    let second = try object(feed.next())
    #expect(Set(second.keys) == ["age_ms", "tables"])
    let table = try #require((second["tables"] as? [String: [String: Any]])?["host_id"])
    #expect(Set(table.keys) == ["rows"])
    #expect((table["rows"] as? [String: Any])?.keys.sorted() == ["h1"])
  }

  @Test func tombstoneRemovesTheRow() throws {
    let board = LiveBoard()
    publishPlatform(board)
    publishHost(board, "h1", gmv: "10.00")
    publishHost(board, "h2", gmv: "20.00")
    var feed = BoardFeed(board: board, request: FeedRequest(groups: ["host_id"]))
    _ = feed.next()
    board.publish(topic: .live, key: "1m|host_id|h2".bytes, value: nil)
    let tables = try #require(try object(feed.next())["tables"] as? [String: [String: Any]])
    #expect(tables["host_id"]?["order"] as? [String] == ["h1"])
    #expect(board.counters.keys == 2)
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
