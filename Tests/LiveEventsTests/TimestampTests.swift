import Foundation
import LiveEvents
import Testing

@Suite struct TimestampTests {
  func timestamp(_ json: String) -> Int64? {
    let event = decode(Members.viewer.with("ts", json).json)
    #expect(event.reason == nil || event.reason == .badField, "\(json)")
    return event.reason == nil ? event.timestamp : nil
  }

  @Test func numbersAreMilliseconds() {
    for good in ["0", "-0", "1", "12", "1234567", "12345678", "123456789", "1592308800123", "253402300799999"] {
      #expect(timestamp(good) == Int64(good))
    }
    for bad in [
      "-1", "253402300800000", "999999999999999", "1592308800123456", "9223372036854775807", "9223372036854775808",
      "1592308800123.0", "1.5", "1e3", "1E0", "true", "[]", "{}",
    ] {
      #expect(timestamp(bad) == nil, "\(bad)")
    }
  }

  @Test func textsFollowRFC3339() {
    let cases: [(String, Int64)] = [
      ("1970-01-01T00:00:00Z", 0), ("2020-06-16T12:00:00.123Z", 1_592_308_800_123),
      ("2020-06-16t12:00:00.123z", 1_592_308_800_123), ("2020-06-16T20:00:00.123+08:00", 1_592_308_800_123),
      ("2020-06-16T04:30:00.1239999-07:30", 1_592_308_800_123), ("2020-06-16T12:00:00.1Z", 1_592_308_800_100),
      ("2020-06-16T12:00:00.123999999Z", 1_592_308_800_123), ("1970-01-01T23:59:00+23:59", 0),
      ("1969-12-31T00:01:00-23:59", 0), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
      ("2000-02-29T00:00:00Z", 951_782_400_000), ("2020-06-16T12:00:00-00:00", 1_592_308_800_000),
      ("2020-06-16T12:00:00.000000001Z", 1_592_308_800_000),
    ]
    for (text, milliseconds) in cases {
      #expect(timestamp("\"\(text)\"") == milliseconds, "\(text)")
      #expect(timestamp(IdentifierTests.escaped(text)) == milliseconds)
    }
  }

  @Test func textsThatAreNoTime() {
    for text in [
      "", "2020", "2020-06-16", "2020-06-16T12:00:00", "2020-06-16 12:00:00Z", "2020-06-16T12:00Z",
      "2020-06-16T12:00:60Z", "2020-06-16T24:00:00Z", "2020-06-16T12:60:00Z", "2020-13-16T12:00:00Z",
      "2020-00-16T12:00:00Z", "2020-06-00T12:00:00Z", "2020-06-31T12:00:00Z", "2021-02-29T12:00:00Z",
      "1900-02-29T12:00:00Z", "2100-02-29T00:00:00Z", "2020-06-16T12:00:00.Z", "2020-06-16T12:00:00.1234567890Z",
      "2020-06-16T12:00:00,1Z", "2020-06-16T12:00:00+0800", "2020-06-16T12:00:00+08", "2020-06-16T12:00:00+24:00",
      "2020-06-16T12:00:00+08:60", "2020-06-16T12:00:00ZZ", "2020-06-16T12:00:00Z ", " 2020-06-16T12:00:00Z",
      "+2020-06-16T12:00:00Z", "20-06-16T12:00:00Z", "2020-6-16T12:00:00Z", "2020/06/16T12:00:00Z",
      "1592308800123", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
      "2020-06-16T12:00:00\\u0000", "２020-06-16T12:00:00Z", "2020-06-16T12:00:00.1", "2020-06-16T12:00:00.123+08:0",
      String(repeating: "2", count: 200),
    ] {
      #expect(timestamp("\"\(text)\"") == nil, "\(text)")
    }
  }

  /// Random times of all allowed years against Foundation's calendar arithmetic.
  @Test func datesAgreeWithFoundation() {
    var calendar = Calendar(identifier: .iso8601)
    calendar.timeZone = TimeZone(secondsFromGMT: 0)!
    var generator = SeededGenerator(seed: 10)
    var decoder = EventDecoder(policy: .yuan)
    for _ in 0..<20_000 {
      let milliseconds = Int64.random(in: 0...253_402_300_799_999, using: &generator)
      let parts = calendar.dateComponents(
        [.year, .month, .day, .hour, .minute, .second],
        from: Date(timeIntervalSince1970: Double(milliseconds / 1000)))
      func padded(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: width - text.count) + text
      }
      let text =
        "\(padded(parts.year!, 4))-\(padded(parts.month!, 2))-\(padded(parts.day!, 2))T\(padded(parts.hour!, 2)):"
        + "\(padded(parts.minute!, 2)):\(padded(parts.second!, 2)).\(padded(Int(milliseconds % 1000), 3))Z"
      let json = Members.viewer.with("ts", "\"\(text)\"").json
      #expect(decoder.outcome(Array(json.utf8)).timestamp == milliseconds, "\(text)")
    }
  }
}
