import LiveEvents
import Testing
import WindowEngine

@testable import Oracle

private let reading = EventReading(
  currency: "CNY", rates: ["USD": "7.10", "JPY": "0.05", "KWD": "23.5"], maxFuture: 1_000)

private func reason(_ json: String, recordTimestamp: Int64? = nil) -> RejectReason? {
  reason(Array(json.utf8), recordTimestamp: recordTimestamp)
}

private func reason(_ bytes: [UInt8], recordTimestamp: Int64? = nil) -> RejectReason? {
  switch reading.read(OracleInput(bytes: bytes, recordTimestamp: recordTimestamp)) {
  case .success: nil
  case .failure(let failure): failure.reason
  }
}

private func facts(_ json: String, recordTimestamp: Int64? = nil) throws -> EventFacts {
  try reading.read(OracleInput(bytes: Array(json.utf8), recordTimestamp: recordTimestamp)).get()
}

private func enter(_ more: String) -> String { #"{"type":"enter","viewer_id":"v","session_id":"s",\#(more)}"# }

private func paid(_ more: String) -> String {
  #"{"type":"paid","event_id":"e","order_id":"o","buyer_id":"b","session_id":"s","ts":0,\#(more)}"#
}

private func amountMinor(_ more: String) throws -> Int64 { try facts(paid(more)).amountMinor }

@Suite struct EventReadingTests {
  @Test func acceptsWhatTheGrammarAllows() throws {
    let value = try facts(
      " \t\r\n" + enter(#""ts" : -0 , "host_id":"\u00e9\ud83d\ude00\/","x":[{},[],1e5,-0.1E+2]"#) + " ")
    #expect(value.ts == 0)
    #expect(value.identifiers[.hostID] == Array("\u{E9}\u{1F600}/".utf8))
  }

  @Test(arguments: [
    "", " ", "[]", "1", "null", "{", "{}x", "{\"a\":01}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":+1}", "{\"a\":1e}",
    "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\\ud800\"}", "{\"\\udc00\":1}", "{\"a\":\"\\x\"}", "{\"a\":\"\u{1}\"}",
    "{\"a\":1,}", "{,}", "{\"a\" 1}", "{\"a\":tru}", "\u{FEFF}{}",
  ])
  func refusesWhatIsNoJSONObject(_ text: String) {
    #expect(reason(text) == .malformedJSON)
  }

  @Test(
    arguments: [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82],
    ] as [[UInt8]])
  func refusesInvalidUTF8(_ sequence: [UInt8]) {
    #expect(reason(Array("{\"a\":\"".utf8) + sequence + Array("\"}".utf8)) == .malformedJSON)
  }

  @Test func nestsTo128WithTheEventAsTheFirst() {
    func nested(_ count: Int) -> String {
      enter(#""ts":0,"x":"# + String(repeating: "[", count: count) + String(repeating: "]", count: count))
    }
    #expect(reason(nested(127)) == nil)
    #expect(reason(nested(128)) == .malformedJSON)
  }

  @Test func lastOfARepeatedKeyWins() throws {
    #expect(try facts(enter(#""ts":1,"\u0074s":2"#)).ts == 2)
    #expect(reason(enter(#""ts":1,"ts":null"#)) == .missingField)
  }

  @Test func sizeIsCheckedFirst() {
    let event = Array(enter(#""ts":0"#).utf8)
    let spaces = [UInt8](repeating: 0x20, count: 65_536 - event.count)
    #expect(reason(event + spaces) == nil)
    #expect(reason(event + spaces + [0x20]) == .tooLarge)
  }

  @Test func typeHasThreeReasons() {
    #expect(reason("{}") == .missingField)
    #expect(reason(#"{"type":null}"#) == .missingField)
    #expect(reason(#"{"type":1}"#) == .badField)
    #expect(reason(#"{"type":"Paid"}"#) == .unknownType)
  }

  // 2020-06-16 is 18 429 days after the epoch: 50 years of 365 days, 12 leap days (1972...2016), and in 2020
  // 31 + 29 + 31 + 30 + 31 + 15 = 167 days. 18 250 + 12 + 167 = 18 429.
  @Test(
    arguments: [
      ("1592265600000", 18_429 * 86_400_000),
      (#""2020-06-16T00:00:00Z""#, 18_429 * 86_400_000),
      (#""2020-06-16t00:00:00.5z""#, 18_429 * 86_400_000 + 500),
      (#""2020-06-16T00:00:00.123999999Z""#, 18_429 * 86_400_000 + 123),
      (#""2020-06-16T08:00:00+08:00""#, 18_429 * 86_400_000),
      (#""2020-06-15T20:30:00-03:30""#, 18_429 * 86_400_000),
      (#""1970-01-01T00:00:00Z""#, 0),
      (#""9999-12-31T23:59:59.999Z""#, 253_402_300_799_999),
      ("253402300799999", 253_402_300_799_999),
    ] as [(String, Int64)])
  func readsTimestamps(_ text: String, _ milliseconds: Int64) throws {
    #expect(try facts(enter(#""ts":\#(text)"#)).ts == milliseconds)
  }

  @Test(arguments: [
    "-1", "1.0", "1e3", "253402300800000", "9223372036854775808", "true", #""""#, #""0""#, #""2020-06-16 00:00:00Z""#,
    #""2020-06-16T24:00:00Z""#, #""2020-06-16T23:59:60Z""#, #""2021-02-29T00:00:00Z""#, #""2020-06-16T00:00:00""#,
    #""2020-06-16T00:00:00.Z""#, #""2020-06-16T00:00:00.0123456789Z""#, #""1969-12-31T23:59:59.9999Z""#,
    #""2020-06-16T00:00:00+24:00""#, #""1900-02-29T00:00:00Z""#,
  ])
  func refusesTimestamps(_ text: String) {
    #expect(reason(enter(#""ts":\#(text)"#)) == .badField)
  }

  @Test func recordTimestampStandsInForAnAbsentOne() throws {
    #expect(reason(enter(#""x":1"#)) == .missingField)
    #expect(try facts(enter(#""x":1"#), recordTimestamp: 7).ts == 7)
    #expect(reason(enter(#""ts":5000"#), recordTimestamp: 4_000) == nil)
    #expect(reason(enter(#""ts":5001"#), recordTimestamp: 4_000) == .fromFuture)
  }

  @Test func identifiersHave1To128Bytes() {
    #expect(reason(enter(#""ts":0,"region":"""#)) == .badField)
    #expect(reason(enter(#""ts":0,"region":"\#(String(repeating: "\u{E9}", count: 64))""#)) == nil)
    #expect(reason(enter(#""ts":0,"region":"\#(String(repeating: "\u{E9}", count: 64))x""#)) == .badField)
    #expect(reason(enter(#""ts":0,"region":"\u0000""#)) == nil)
    #expect(reason(enter(#""ts":0,"event_id":5"#)) == .badField)
  }

  @Test func firstFailureInOrderGivesTheReason() {
    #expect(reason(#"{"type":"paid","ts":-1}"#) == .badField)
    #expect(reason(#"{"type":"paid","ts":0,"host_id":1}"#) == .missingField)
    #expect(reason(#"{"type":"paid","ts":0,"event_id":"e","session_id":"s","host_id":1}"#) == .badField)
    #expect(reason(paid(#""quantity":0"#)) == .badField)
    #expect(reason(paid(#""currency":"XXX""#)) == .missingField)
  }

  @Test func fieldsOfTheOtherKindAreIgnored() {
    #expect(reason(enter(#""ts":0,"amount":"x","buyer_id":1,"quantity":0,"currency":1,"watch_ms":-1"#)) == nil)
    #expect(reason(paid(#""amount":1,"viewer_id":1,"watch_ms":"x""#)) == nil)
  }

  @Test func watchTimeIsAnInteger() throws {
    func leave(_ value: String) -> String {
      #"{"type":"leave","viewer_id":"v","session_id":"s","ts":0,"watch_ms":\#(value)}"#
    }
    #expect(try facts(leave("-0")).watchMilliseconds == 0)
    #expect(try facts(leave("9223372036854775807")).watchMilliseconds == .max)
    for value in ["9223372036854775808", "-1", "1.0", "1e3", "\"1\""] { #expect(reason(leave(value)) == .badField) }
  }

  @Test func amountsAreExact() throws {
    #expect(try amountMinor(#""amount":12"#) == 1_200)
    #expect(try amountMinor(#""amount":"12.3""#) == 1_230)
    #expect(try amountMinor(#""amount":-0.00"#) == 0)
    #expect(try amountMinor(#""amount":9999999999999.99"#) == 999_999_999_999_999)
    for bad in ["10000000000000", "0.000", "-0.01", "1e2", "\"01\"", "\"\"", "\" 1\"", "\"+1\"", "true"] {
      #expect(reason(paid(#""amount":\#(bad)"#)) == .badField)
    }
  }

  @Test func otherCurrenciesAreConvertedHalfAwayFromZero() throws {
    // 0.05 USD x 7.10 = 0.355 CNY, which is half-way between 0.35 and 0.36.
    #expect(try amountMinor(#""amount":0.05,"currency":"USD""#) == 36)
    // 0.04 USD x 7.10 = 0.284.
    #expect(try amountMinor(#""amount":0.04,"currency":"USD""#) == 28)
    // 1 JPY = 0.05 CNY: no fraction digits are allowed before it is converted.
    #expect(try amountMinor(#""amount":3,"currency":"JPY""#) == 15)
    #expect(reason(paid(#""amount":3.0,"currency":"JPY""#)) == .badField)
    // 1.001 KWD x 23.5 = 23.5235.
    #expect(try amountMinor(#""amount":1.001,"currency":"KWD""#) == 2_352)
    for bad in ["\"usd\"", "\"EUR\"", "\"\"", "1"] {
      #expect(reason(paid(#""amount":1,"currency":\#(bad)"#)) == .badField)
    }
  }

  @Test func writesInstants() {
    #expect(CalendarText.iso(18_429 * 86_400_000 + 43_200_001) == "2020-06-16T12:00:00.001Z")
    #expect(CalendarText.iso(-1) == "1969-12-31T23:59:59.999Z")
    #expect(CalendarText.iso(951_782_400_000) == "2000-02-29T00:00:00.000Z")
  }

  @Test func quotientsRoundHalfAwayFromZero() {
    #expect(ExactNumber.quotient(1, 3)?.text == "0.333333")
    #expect(ExactNumber.quotient(2, 3)?.text == "0.666667")
    // 1 / 2 000 000 = 0.0000005.
    #expect(ExactNumber.quotient(1, 2_000_000)?.text == "0.000001")
    #expect(ExactNumber.quotient(-1, 2_000_000)?.text == "-0.000001")
    #expect(ExactNumber.quotient(4, 2)?.text == "2")
    #expect(ExactNumber.quotient(4, 0) == nil)
  }
}
