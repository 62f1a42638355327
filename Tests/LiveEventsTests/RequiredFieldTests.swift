import LiveEvents
import Testing

@Suite struct RequiredFieldTests {
  @Test func purchaseCarriesEveryField() {
    let event = decode(Members.purchase.json)
    #expect(event.reason == nil)
    #expect(event.type == .paid)
    #expect(event.timestamp == 1_592_308_800_123)
    #expect(event.amountMinor == 12_990)
    #expect(event.currency == 0x43_4E59)
    #expect(event.quantity == 2)
    #expect(event.watchMilliseconds == 0)
    let texts: [IdentifierField: String] = [
      .eventID: "e-1", .sessionID: "s00042", .hostID: "h042", .mcnID: "m07", .brandID: "b012", .productID: "p01234",
      .categoryID: "c05", .channel: "kuaishou", .region: "GD", .orderID: "o-77", .buyerID: "u123456",
    ]
    for field in IdentifierField.allCases { #expect(event.text(field) == texts[field]) }
  }

  @Test func viewerEventHasNoMoney() {
    let event = decode(Members.viewer.json)
    #expect(event.type == .heartbeat)
    #expect(event.text(.viewerID) == "u123456")
    #expect(event.watchMilliseconds == 15_000)
    #expect(event.amountMinor == 0 && event.currency == 0 && event.quantity == 0)
  }

  @Test func everyTypeIsKnown() {
    for type in EventType.allCases {
      let members: Members = type.isPurchase ? .purchase : .viewer
      #expect(decode(members.with("type", "\"\(type.jsonName)\"").json).type == type)
    }
  }

  @Test func smallestEventsAreAccepted() {
    let purchase: Members = [
      "type": #""placed""#, "event_id": #""e""#, "session_id": #""s""#, "order_id": #""o""#, "buyer_id": #""b""#,
      "amount": "1", "ts": "0",
    ]
    let event = decode(purchase.json)
    #expect(event.reason == nil)
    #expect(event.quantity == 1 && event.amountMinor == 100 && event.currency == CurrencyCode("CNY")!.packed)
    #expect(decode(#"{"type":"like","session_id":"s","viewer_id":"v","ts":0}"#).reason == nil)
  }

  @Test(arguments: ["event_id", "session_id", "order_id", "buyer_id", "amount", "type", "ts"])
  func purchaseNeeds(_ key: String) {
    #expect(decode(Members.purchase.without(key).json).reason == .missingField)
    #expect(decode(Members.purchase.with(key, "null").json).reason == .missingField)
    #expect(detail(Members.purchase.without(key).json).hasPrefix("'\(key)' is missing"))
  }

  @Test(arguments: ["session_id", "viewer_id", "type", "ts"])
  func viewerEventNeeds(_ key: String) {
    #expect(decode(Members.viewer.without(key).json).reason == .missingField)
    #expect(decode(Members.viewer.with(key, "null").json).reason == .missingField)
  }

  @Test(arguments: ["host_id", "mcn_id", "brand_id", "product_id", "category_id", "channel", "region"])
  func optionalIdentifierMayBeAbsentOrNull(_ key: String) {
    let field = IdentifierField.allCases.first { $0.jsonName == key }!
    for members in [Members.purchase, .viewer] {
      for json in [members.without(key).json, members.with(key, "null").json] {
        #expect(decode(json).reason == nil)
        #expect(decode(json).texts[field] == nil)
      }
    }
  }

  @Test func eventIDOfViewerEventMayBeAbsentButNotBad() {
    #expect(decode(Members.viewer.without("event_id").json).reason == nil)
    #expect(decode(Members.viewer.with("event_id", "7").json).reason == .badField)
  }

  @Test func fieldsOfTheOtherKindAreIgnored() {
    let purchase = Members.purchase.with("viewer_id", "[1]").with("watch_ms", "-1")
    #expect(decode(purchase.json) == decode(Members.purchase.json))
    var viewer = Members.viewer
    for key in ["order_id", "buyer_id", "quantity", "amount", "currency"] { viewer = viewer.with(key, "{}") }
    #expect(decode(viewer.json) == decode(Members.viewer.json))
    #expect(decode(Members.purchase.with("viewer_id", #""v""#).json).texts[.viewerID] == nil)
    #expect(decode(Members.viewer.with("order_id", #""v""#).json).texts[.orderID] == nil)
  }

  @Test func watchTimeCountsOnLeaveAndHeartbeatOnly() {
    for type in EventType.allCases where !type.isPurchase {
      let members = Members.viewer.with("type", "\"\(type.jsonName)\"")
      let isDefined = type == .leave || type == .heartbeat
      #expect(decode(members.json).watchMilliseconds == (isDefined ? 15_000 : 0))
      #expect(decode(members.with("watch_ms", "-1").json).reason == (isDefined ? .badField : nil))
      #expect(decode(members.without("watch_ms").json).watchMilliseconds == 0)
    }
  }

  @Test func absentTimestampIsTheRecords() {
    let members = Members.viewer.without("ts")
    #expect(decode(members.json, recordTimestamp: 77).timestamp == 77)
    #expect(decode(members.with("ts", "null").json, recordTimestamp: 0).timestamp == 0)
    #expect(decode(members.json, recordTimestamp: -1).reason == .missingField)
    #expect(decode(members.json, recordTimestamp: 253_402_300_799_999).reason == nil)
    #expect(decode(members.json, recordTimestamp: 253_402_300_800_000).reason == .badField)
  }

  @Test func lastOfARepeatedKeyWins() {
    let json = Members.viewer.json.dropLast()
    #expect(decode(json + #","session_id":"second"}"#).text(.sessionID) == "second")
    #expect(decode(json + #","session_id":7}"#).reason == .badField)
    #expect(decode(json + #","session_id":7,"session_id":"third"}"#).text(.sessionID) == "third")
    #expect(decode(json + #","session_id":null}"#).reason == .missingField)
    #expect(decode(json + #","region":null}"#).texts[.region] == nil)
    #expect(decode(json + #","\u0073ession_id":"escaped"}"#).text(.sessionID) == "escaped")
    #expect(decode(json + #","type":"nonsense"}"#).reason == .unknownType)
    #expect(decode(json + #","type":"nonsense","type":"enter"}"#).type == .enter)
    #expect(decode(json + #","watch_ms":-1,"watch_ms":3}"#).watchMilliseconds == 3)
    #expect(decode(json + #","watch_ms":3,"watch_ms":null}"#).watchMilliseconds == 0)
  }

  @Test func nothingOfAnEventStaysInTheNext() {
    var decoder = EventDecoder(policy: .yuan)
    let small = #"{"type":"like","session_id":"s","viewer_id":"v","ts":5}"#
    let first = decoder.outcome(Array(small.utf8))
    _ = decoder.outcome(Array(Members.purchase.json.utf8))
    #expect(decoder.outcome(Array(small.utf8)) == first)
    _ = decoder.outcome(Array(Members.viewer.json.dropLast().utf8))
    _ = decoder.outcome(Array(Members.viewer.with("watch_ms", "{}").json.utf8))
    #expect(decoder.outcome(Array(small.utf8)) == first)
  }

  @Test func keyOrderMakesNoDifference() {
    var generator = SeededGenerator(seed: 1)
    var decoder = EventDecoder(policy: .yuan)
    for members in [Members.purchase, .viewer] {
      let expected = decode(members.json)
      for _ in 0..<500 {
        var shuffled = members
        shuffled.list.shuffle(using: &generator)
        #expect(decoder.outcome(Array(shuffled.json.utf8)) == expected)
      }
    }
  }
}
