import Foundation
import LiveEvents
import Testing
import WindowEngine

@testable import Oracle

@Suite struct FinalRecordsTests {
  @Test func everyFieldByItsDefinition() throws {
    let result = run(
      plan(.sliding(size: 120_000, slide: 120_000)),
      [
        viewer("enter", "a", at: 0), viewer("enter", "b", at: 59.999), viewer("enter", "a", at: 60),
        viewer("leave", "c", at: 61, #""watch_ms":1500"#), viewer("heartbeat", "a", at: 62, #""watch_ms":1"#),
        viewer("impression", "a", at: 63), viewer("click", "a", at: 64, #""watch_ms":9999"#),
        viewer("click", "b", at: 65), viewer("cart", "a", at: 66), viewer("like", "a", at: 67),
        viewer("comment", "a", at: 68), viewer("share", "a", at: 69), viewer("follow", "a", at: 70),
        viewer("gift", "a", at: 71), purchase("placed", "p1", "100.5", at: 72),
        purchase("paid", "p2", "100.50", at: 73, #""quantity":3"#), purchase("paid", "p3", "0.01", at: 74),
        purchase("refunded", "p4", "200", at: 75), purchase("cancelled", "p5", "7", at: 76),
      ])
    let expected = [
      "window": "w", "window_start": "2020-06-16T00:00:00.000Z", "window_end": "2020-06-16T00:02:00.000Z",
      "group": "[]", "key": "{}", "currency": "CNY",
      "gmv": "100.51", "orders": "2", "units": "4", "gmv_placed": "100.5", "orders_placed": "1", "refunds": "200",
      "refund_orders": "1", "cancelled_orders": "1", "net_gmv": "-99.49", "buyers": "2", "views": "3", "viewers": "3",
      "impressions": "1", "clicks": "2", "carts": "1", "likes": "1", "comments": "1", "shares": "1", "follows": "1",
      "gifts": "1", "clickers": "2",
      // a, c and b again (by its click) are seen in the last 60 s.
      "online": "3", "watch_seconds": "1.501",
      // 2 / 3, 2 / 3, 2 / 2, 100.51 / 2, 100.51 / 3 x 1000, 100.51 / 3, 1 / 2, 1.501 / 3.
      "conversion_rate": "0.666667", "click_rate": "0.666667", "click_conversion_rate": "1", "aov": "50.255",
      "gpm": "33503.333333", "uv_value": "33.503333", "refund_rate": "0.5", "avg_watch_seconds": "0.500333",
    ]
    let record = try #require(result.records("w||").first)
    #expect(record.fields == expected)
    let zero = result.records("w||")[1].fields
    #expect(zero["gmv"] == "0" && zero["viewers"] == "0" && zero["online"] == "0" && zero["watch_seconds"] == "0")
    #expect(zero["aov"] == "null" && zero["conversion_rate"] == "null" && zero["gpm"] == "null")
    #expect(result.records.count == 2)
  }

  @Test func onlineIsTheLastMinuteOfALongerWindow() {
    // Windows end at 60 and 120 and so on; b is in the last minute only until 60 s.
    let result = run(
      plan(.sliding(size: 120_000, slide: 60_000)), [viewer("enter", "b", at: 59.999), viewer("enter", "a", at: 60)])
    #expect(result.series("w||", "online") == ["60: 1", "120: 1", "180: 0", "240: 0"])
    #expect(result.series("w||", "viewers") == ["60: 1", "120: 2", "180: 1", "240: 0"])
  }

  @Test func slidingPublishesUntilTheFirstEmptyWindow() {
    // 3 s every 1 s. 0.5 s is in the windows that end at 1, 2 and 3; 6 s in those that end at 7, 8 and 9.
    let result = run(
      plan(.sliding(size: 3_000, slide: 1_000)), [viewer("like", "a", at: 0.5), viewer("like", "a", at: 6)])
    #expect(
      result.series("w||", "likes") == ["1: 1", "2: 1", "3: 1", "4: 0", "7: 1", "8: 1", "9: 1", "10: 0"])
  }

  @Test func aLaterEventFillsTheEmptyWindow() {
    let result = run(
      plan(.sliding(size: 2_000, slide: 1_000)), [viewer("like", "a", at: 0), viewer("like", "a", at: 2)])
    #expect(result.series("w||", "likes") == ["1: 1", "2: 1", "3: 1", "4: 1", "5: 0"])
  }

  @Test func cumulativePublishesChangedStepsAndTheDaysEnd() {
    let result = run(
      plan(.cumulative(step: 10_000, timeZone: "UTC")),
      [
        viewer("like", "a", at: 0), viewer("like", "a", at: 9.999), viewer("like", "a", at: 40),
        viewer("enter", "b", at: -1),
      ])
    #expect(result.series("w|||2020-06-16T00:00:00.000Z", "likes") == ["10: 2", "50: 3", "86400: 3"])
    // The day before has one event in its last step, which ends with the day.
    #expect(result.series("w|||2020-06-15T00:00:00.000Z", "views") == ["0: 1"])
    #expect(result.records.count == 4)
  }

  @Test func lastStepIsCutAtTheEndOfTheDay() {
    // 86 400 = 12 x 7000 + 2400.
    let result = run(plan(.cumulative(step: 7_000_000, timeZone: "UTC")), [viewer("like", "a", at: 84_000)])
    #expect(result.series("w|||2020-06-16T00:00:00.000Z", "likes") == ["86400: 1"])
  }

  @Test func sessionsJoinBelowTheGap() {
    var time = TimePolicy()
    time.allowedLateness = 600_000
    // 0 and 9.999 are less than 10 s apart, 9.999 and 19.999 are not.
    let events = [
      viewer("enter", "a", at: 0), viewer("enter", "b", at: 9.999), viewer("enter", "c", at: 19.999),
    ]
    let apart = run(plan(.session(gap: 10_000), time: time), events)
    #expect(apart.series("w|||2020-06-16T00:00:00.000Z", "viewers") == ["19: 2"])
    #expect(apart.series("w|||2020-06-16T00:00:19.999Z", "viewers") == ["29: 1"])
    #expect(apart.records.count == 2)
    // A late one joins them.
    let joined = run(plan(.session(gap: 10_000), time: time), events + [viewer("enter", "d", at: 15)])
    #expect(joined.records.count == 1)
    #expect(joined.records[0].windowStart == midnight)
    #expect(joined.records[0].windowEnd == midnight + 29_999)
    #expect(joined.records[0].fields["views"] == "4")
  }

  @Test func onlineOfASessionEndsWithItsLastPane() {
    // The last event is at 70.5, its pane ends at 71: 11 is within the 60 s, 10.999 is not.
    let result = run(
      plan(.session(gap: 100_000)),
      [viewer("enter", "a", at: 10.999), viewer("enter", "b", at: 11), viewer("enter", "c", at: 70.5)])
    #expect(result.records[0].fields["online"] == "2")
  }

  @Test func eventsWithoutAFieldDoNotContribute() {
    let groups = [Grouping([.hostID, .channel]), Grouping([.currency])]
    let result = run(
      plan(.sliding(size: 1_000, slide: 1_000), groups: groups),
      [
        viewer("like", "a", at: 0, #""host_id":"h""#),
        viewer("like", "a", at: 0, #""host_id":"a/b|c","channel":"50%""#),
        purchase("paid", "e", "1", at: 0),
      ])
    #expect(result.series("w|host_id+channel|a%2Fb%7Cc/50%25", "likes") == ["1: 1", "2: 0"])
    #expect(result.series("w|currency|CNY", "orders") == ["1: 1", "2: 0"])
    #expect(result.records.count == 4)
    #expect(
      result.records("w|host_id+channel|a%2Fb%7Cc/50%25")[0].fields["key"] == #"{"channel":"50%","host_id":"a/b|c"}"#)
  }

  @Test func sumsStopAtTheLimit() {
    var rich = plan(.sliding(size: 1_000, slide: 1_000))
    rich.rates = ["USD": "5000"]
    // 9 999 999 999 999 USD are 4 999 999 999 999 500 000 fen; two are more than 2^63 - 1.
    let one = purchase("paid", "e1", "9999999999999", at: 0, #""currency":"USD""#)
    let two = purchase("paid", "e2", "9999999999999", at: 0, #""currency":"USD""#)
    #expect(run(rich, [one]).series("w||", "gmv")[0] == "1: 49999999999995000")
    #expect(run(rich, [one, two]).series("w||", "gmv")[0] == "1: 92233720368547758.07")
  }

  @Test func leaderboardsRankByValueThenKey() {
    let board = LeaderboardDefinition(
      name: "top", window: "w", group: Grouping([.hostID]), by: .likes, size: 3)
    func like(_ host: String, at seconds: Double) -> OracleInput {
      viewer("like", "a", at: seconds, #""host_id":"\#(host)""#)
    }
    // b and a have 2, e-acute (bytes C3 A9) and z have 1, x has no like.
    let result = run(
      plan(.sliding(size: 1_000, slide: 1_000), leaderboards: [board]),
      [
        like("b", at: 0), like("b", at: 0), like("a", at: 0), like("a", at: 0), like("\u{E9}", at: 0), like("z", at: 0),
        viewer("enter", "a", at: 0, #""host_id":"x""#),
      ])
    #expect(
      result.series("top|w", "entries") == [
        #"1: [{"key":{"host_id":"a"},"rank":1,"value":2},{"key":{"host_id":"b"},"rank":2,"value":2},"#
          + #"{"key":{"host_id":"z"},"rank":3,"value":1}]"#,
        "2: []",
      ])
    #expect(
      result.records("top|w")[0].fields.filter { $0.key != "entries" } == [
        "leaderboard": "top", "window": "w", "by": "likes", "group": #"["host_id"]"#,
        "window_start": "2020-06-16T00:00:00.000Z", "window_end": "2020-06-16T00:00:01.000Z",
      ])
  }

  @Test func leaderboardOfADayIsPublishedWhereAnyKeyChanged() {
    let board = LeaderboardDefinition(
      name: "top", window: "w", group: Grouping([.hostID]), by: .netGMV, size: 5)
    let result = run(
      plan(.cumulative(step: 10_000, timeZone: "UTC"), leaderboards: [board]),
      [
        purchase("paid", "e1", "2.50", at: 0, #""host_id":"h1""#),
        purchase("refunded", "e2", "1", at: 20, #""host_id":"h2""#), viewer("like", "v", at: 30, #""host_id":"h3""#),
      ])
    let first = #"{"key":{"host_id":"h1"},"rank":1,"value":2.5}"#
    let both = "[\(first),{\"key\":{\"host_id\":\"h2\"},\"rank\":2,\"value\":-1}]"
    #expect(
      result.series("top|w|2020-06-16T00:00:00.000Z", "entries") == [
        "10: [\(first)]", "30: \(both)", "40: \(both)", "86400: \(both)",
      ])
  }

  @Test func overflowKeyOfALeaderboardSortsFirst() {
    let board = LeaderboardDefinition(
      name: "top", window: "w", group: Grouping([.hostID]), by: .likes, size: 5)
    var limited = plan(.sliding(size: 1_000, slide: 1_000), leaderboards: [board])
    limited.maxKeys = 1
    let result = run(
      limited,
      [viewer("like", "a", at: 0, #""host_id":"a""#), viewer("like", "a", at: 0, #""host_id":"b""#)])
    #expect(
      result.series("top|w", "entries")[0]
        == #"1: [{"key":{"host_id":null},"rank":1,"value":1},{"key":{"host_id":"a"},"rank":2,"value":1}]"#)
  }
}
