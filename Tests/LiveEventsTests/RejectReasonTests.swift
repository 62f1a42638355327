import LiveEvents
import Testing

@Suite struct RejectReasonTests {
  /// Every field that is checked, in the contract's order, with a value that fails and the kinds that define it.
  static let checks: [(key: String, bad: String)] = [
    ("type", "7"), ("ts", "-1"), ("event_id", "[]"), ("session_id", #""""#), ("host_id", "1"), ("mcn_id", "true"),
    ("brand_id", "{}"), ("product_id", "0"), ("category_id", #""""#), ("channel", "false"), ("region", "1.5"),
    ("order_id", "1"), ("buyer_id", "1"), ("viewer_id", "1"), ("quantity", "0"), ("amount", "-1"),
    ("currency", #""XXX""#), ("watch_ms", "-1"),
  ]

  @Test func firstFailureInTheContractsOrderGivesTheReason() {
    for members in [Members.purchase, .viewer] {
      let defined = RejectReasonTests.checks.filter { check in members.list.contains { $0.key == check.key } }
      for (index, check) in defined.enumerated() {
        var broken = members
        for later in defined[index...] { broken = broken.with(later.key, later.bad) }
        for json in [broken.json, Members.reversed(broken).json] {
          #expect(decode(json).reason == .badField)
          #expect(detail(json).hasPrefix("'\(check.key)' is "), "\(detail(json))")
        }
      }
    }
  }

  @Test func absenceAndBadValuesShareOneOrder() {
    let missingLater = Members.purchase.with("ts", "1.5").without("session_id")
    #expect(decode(missingLater.json).reason == .badField)
    let missingFirst = Members.purchase.without("event_id").with("session_id", "1")
    #expect(decode(missingFirst.json).reason == .missingField)
  }

  @Test func typeHasThreeWaysToFail() {
    #expect(decode(Members.viewer.without("type").json).reason == .missingField)
    #expect(decode(Members.viewer.with("type", "null").json).reason == .missingField)
    #expect(decode(Members.viewer.with("type", "1").json).reason == .badField)
    for text in ["", "Paid", "paid ", "impressions", "heartbeat\\u0000", String(repeating: "x", count: 300)] {
      #expect(decode(Members.viewer.with("type", "\"\(text)\"").json).reason == .unknownType)
    }
    #expect(decode(Members.purchase.with("type", #""\u0070a\u0069d""#).json).type == .paid)
  }

  @Test func malformedComesBeforeEverythingElse() {
    #expect(decode(#"{"type":7,"x":}"#).reason == .malformedJSON)
    #expect(decode(Members.viewer.without("type").json + "x").reason == .malformedJSON)
  }

  @Test func sizeComesFirst() {
    func padded(to count: Int) -> String {
      let json = Members.viewer.json
      return json + String(repeating: " ", count: count - json.utf8.count)
    }
    #expect(decode(padded(to: 65_536)).reason == nil)
    #expect(decode(padded(to: 65_537)).reason == .tooLarge)
    #expect(decode(String(repeating: "x", count: 65_536)).reason == .malformedJSON)
    #expect(decode(String(repeating: "x", count: 65_537)).reason == .tooLarge)
    #expect(detail(padded(to: 65_537)).contains("65537 bytes"))
  }

  @Test func emptyAndNullPayloadsAreMalformed() {
    #expect(decode("").reason == .malformedJSON)
    var decoder = EventDecoder(policy: .yuan)
    #expect(decoder.outcome(UnsafeRawBufferPointer(start: nil, count: 0)).reason == .malformedJSON)
    #expect(decoder.rejectDetail().contains("byte 0"))
  }

  @Test func eventsFarAheadOfTheirRecordAreFromTheFuture() {
    let members = Members.viewer.with("ts", "1000000")
    #expect(decode(members.json, recordTimestamp: 700_000).reason == nil)
    #expect(decode(members.json, recordTimestamp: 699_999).reason == .fromFuture)
    #expect(decode(members.json, recordTimestamp: 0).reason == .fromFuture)
    #expect(decode(members.json, recordTimestamp: -1).reason == nil)
    #expect(decode(members.with("region", "1").json, recordTimestamp: 0).reason == .badField)
    #expect(detail(members.json, recordTimestamp: 699_999).contains("300001 ms"))
    #expect(decode(members.json, recordTimestamp: .max).reason == nil)
  }

  @Test func quantityLimits() {
    for good in ["1", "2", "999999", "1000000"] {
      #expect(decode(Members.purchase.with("quantity", good).json).quantity == Int64(good))
    }
    for bad in [
      "0", "-0", "-1", "1000001", "1.0", "1e0", "1E3", #""1""#, "true", "[1]", "99999999999999999999999999",
      "9223372036854775808",
    ] {
      #expect(decode(Members.purchase.with("quantity", bad).json).reason == .badField, "\(bad)")
    }
    #expect(decode(Members.purchase.with("quantity", "null").json).quantity == 1)
  }

  @Test func watchTimeLimits() {
    for good in ["0", "-0", "1", "999999999999999", "1000000000000000", "9223372036854775807"] {
      #expect(decode(Members.viewer.with("watch_ms", good).json).watchMilliseconds == Int64(good))
    }
    for bad in ["-1", "9223372036854775808", "18446744073709551616", "1.0", "0e0", #""1""#, "-9223372036854775808"] {
      #expect(decode(Members.viewer.with("watch_ms", bad).json).reason == .badField, "\(bad)")
    }
  }

  @Test func detailsAreShortAndPrintable() {
    var payloads = RejectReasonTests.checks.map { check in
      let members: Members = check.key == "viewer_id" || check.key == "watch_ms" ? .viewer : .purchase
      return members.with(check.key, check.bad).json
    }
    let control = "\"\u{7f}\u{85}\u{2028}\u{202e}\\u0007\\u001b[31m"
    payloads += [
      Members.purchase.with("type", control + String(repeating: "价", count: 300) + "\"").json,
      Members.purchase.with("type", "\"" + String(repeating: "x", count: 39) + "价格\"").json,
      Members.purchase.with("currency", "[\n\n\t1,\r2]").json, Members.purchase.without("ts").json,
      Members.purchase.with("watch_ms", "1").with("amount", String(repeating: "9", count: 1000)).json,
      "{\"\u{1}\":1}", "\u{FEFF}{}", "[", "{\"a\":\"\\ud800\"}",
    ]
    for payload in payloads {
      let text = detail(payload)
      #expect(!text.isEmpty && text.hasSuffix("."))
      #expect(text.count <= 200 && text.utf8.count <= 400, "\(text)")
      #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }, "\(text)")
      #expect(!text.contains("\u{FFFD}") && !text.contains("\u{202E}") && !text.contains("\u{2028}"))
    }
  }

  @Test func detailNamesTheByteOfMalformedJSON() {
    #expect(detail(#"{"type":"paid","x":tru}"#).contains("at byte 19:"))
    #expect(detail(#"{"type":"paid""#).contains("at byte 14:"))
    #expect(detail(#"{"type":"paid"} x"#).contains("at byte 16:"))
    #expect(detail(#"  [1]"#).contains("at byte 2:"))
  }

  @Test func detailQuotesTheLastValueOfAKey() {
    let json = #"{"type":"enter","type":"\u0065nters","session_id":"s"}"#
    #expect(detail(json).hasPrefix(#"'type' is "\u0065nters"; allowed are placed, paid"#))
  }
}

extension Members {
  static func reversed(_ members: Members) -> Members {
    var copy = members
    copy.list.reverse()
    return copy
  }
}
