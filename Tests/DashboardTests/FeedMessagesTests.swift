import Foundation
import Testing

@testable import Dashboard

@Suite struct FeedMessagesTests {
  @Test func updatesBetweenTwoLooksBecomeOne() throws {
    let board = LiveBoard()
    var client = FeedClient(board)
    board.show()
    _ = client.next()
    for step in 1...100 { board.show(gmv: "\(step).00") }
    board.show("1m", ["host_id"], ["h1"], gmv: "5.00")

    let message = try object(client.next())
    let records = try #require(message["records"] as? [String: [String: Any]])
    #expect(records["1m"]?["gmv"] as? Double == 100)
    #expect(try rows(message, "host_id") == ["h1"])
    #expect(client.next() == nil)
  }

  @Test func aMessageHoldsOnlyWhatChanged() throws {
    let board = LiveBoard()
    board.show()
    for host in 1...3 { board.show("1m", ["host_id"], ["h\(host)"], gmv: "\(host)0.00") }
    board.show("1m", ["channel"], ["jd"], gmv: "60.00")
    var client = FeedClient(board)
    let first = try object(client.next())
    #expect(Set(first.keys) == ["age_ms", "frame", "records", "tables", "trend"])
    #expect(((first["trend"] as? [String: Any])?["points"] as? [[Double]])?.count == 1)

    board.show("1m", ["host_id"], ["h1"], gmv: "31.00")
    let second = try object(client.next())
    #expect(Set(second.keys) == ["age_ms", "tables"])
    #expect((second["tables"] as? [String: Any])?.keys.sorted() == ["host_id"])
    #expect(try rows(second, "host_id") == ["h1", "h3", "h2"])
  }

  @Test func aTombstoneRemovesTheRow() throws {
    let board = LiveBoard()
    board.show()
    board.show("1m", ["host_id"], ["h1"], gmv: "10.00")
    board.show("1m", ["host_id"], ["h2"], gmv: "20.00")
    var client = FeedClient(board)
    _ = client.next()
    board.publish(topic: .live, key: "1m|host_id|h2".bytes, value: nil)
    #expect(try rows(object(client.next()), "host_id") == ["h1"])
    #expect(board.counters.keys == 2)
  }

  @Test func tablesAreRankedByTheChosenMetricAndLeaveOutZero() throws {
    let board = LiveBoard()
    board.show()
    for (host, gmv, orders) in [("a", "9.00", 1), ("b", "5.00", 7), ("c", "7.00", 0), ("d", "1.00", 7)] {
      board.show("1m", ["host_id"], [host], gmv: gmv, orders: orders)
    }
    var client = FeedClient(board, FeedRequest(by: try #require(MetricName("orders"))))
    #expect(try rows(object(client.next()), "host_id") == ["b", "d", "a"])
  }

  @Test func aBroadcastShowsItsProductsAndAProductItsBroadcasts() throws {
    let board = LiveBoard()
    board.show("5m")
    for (session, product, gmv) in [("s1", "p1", "1.00"), ("s1", "p2", "2.00"), ("s11", "p1", "3.00")] {
      board.show("5m", ["session_id", "product_id"], [session, product], gmv: gmv)
    }
    board.show("5m", ["session_id"], ["s1"], gmv: "3.00")
    board.show("5m", ["product_id"], ["p1"], gmv: "4.00")
    var broadcast = FeedClient(board, FeedRequest(subject: .key(group: "session_id", id: "s1")))
    #expect(try rows(object(broadcast.next()), "product_id") == ["p2", "p1"])
    var product = FeedClient(board, FeedRequest(subject: .key(group: "product_id", id: "p1")))
    #expect(try rows(object(product.next()), "session_id") == ["s11", "s1"])
  }

  @Test func aTableComesFromALongerWindowWhereTheShownOneHasNone() throws {
    let board = LiveBoard()
    board.show("1m")
    board.show("5m", start: instant(0), end: instant(300))
    board.show("5m", ["product_id"], ["p1"], start: instant(0), end: instant(300))
    var client = FeedClient(board, FeedRequest(window: "1m"))
    let message = try object(client.next())
    let tables = try #require(message["tables"] as? [String: [String: Any]])
    #expect(tables["product_id"]?["window"] as? String == "5m")
    #expect((message["frame"] as? [String: Any])?["window"] as? String == "1m")
  }

  @Test func theDaysRecordOfAKeyIsThatOfTheCurrentDay() throws {
    let board = LiveBoard()
    for day in [15, 16] {
      let start = "2020-06-\(day)T00:00:00.000Z"
      let end = "2020-06-\(day)T09:00:00.000Z"
      board.show("day", [], [], start: start, end: end, gmv: "\(day).00", hasStart: true)
      board.show("day", ["host_id"], ["h1"], start: start, end: end, gmv: "\(day).50", hasStart: true)
    }
    var client = FeedClient(board, FeedRequest(subject: .key(group: "host_id", id: "h1")))
    let records = try #require(try object(client.next())["records"] as? [String: [String: Any]])
    #expect(records["day"]?["gmv"] as? Double == 16.5)
  }

  /// Whenever a client comes, it ends up with the same as one that has seen every message.
  @Test(arguments: 0..<6) func messagesLeadToTheSnapshot(_ seed: Int) throws {
    var random = SystemRandomNumberGenerator()
    let board = LiveBoard(limits: BoardLimits(historyPoints: 10), sessionWindows: ["broadcast"])
    var client = FeedClient(board, FeedRequest(window: seed % 2 == 0 ? "1m" : nil))
    var state = FeedState()
    for second in 0..<100 {
      for _ in 0..<Int.random(in: 0...4, using: &random) {
        let end = instant(600 + second)
        let gmv = "\(Int.random(in: 0...50, using: &random)).25"
        let key = ["k\(Int.random(in: 0...12, using: &random))"]
        switch Int.random(in: 0...6, using: &random) {
        case 0: board.show("1m", start: instant(540 + second), end: end, gmv: gmv)
        case 1: board.show("day", start: instant(0), end: end, gmv: gmv, hasStart: true)
        case 2: board.show("1m", ["host_id"], key, start: instant(540 + second), end: end, gmv: gmv)
        case 3: board.show("day", ["product_id"], key, start: instant(0), end: end, gmv: gmv, hasStart: true)
        case 4: board.publish(topic: .live, key: "1m|host_id|\(key[0])".bytes, value: nil)
        case 5:
          let past = Int.random(in: 0..<600, using: &random)
          let value = liveRecord(start: instant(past), end: instant(past + 60), gmv: gmv)
          board.recall(key: "1m||".bytes, value: value)
        default: board.show("5m", ["brand_id"], key, start: instant(300 + second), end: end, gmv: gmv)
        }
      }
      if Int.random(in: 0...2, using: &random) > 0, let message = client.next() { try state.merge(message) }
    }
    if let message = client.next() { try state.merge(message) }
    var late = FeedState()
    try late.merge(client.messages.snapshot(ageMilliseconds: 0))
    #expect(state == late)
    var fresh = FeedClient(board, client.request)
    var newcomer = FeedState()
    let first = fresh.next()
    try newcomer.merge(#require(first))
    #expect(newcomer == late)
    #expect(late.courses["trend"]?.points.count ?? 0 > 5)
  }

  private func rows(_ message: [String: Any], _ field: String) throws -> [String] {
    let table = try #require((message["tables"] as? [String: [String: Any]])?[field])
    return (table["rows"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
  }
}
