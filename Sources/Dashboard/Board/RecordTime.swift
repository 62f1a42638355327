/// The instants of metric records, `2020-06-16T12:01:00.000Z`: always UTC, always three fraction digits.
enum RecordTime {
  private static let textLength = 24

  /// Milliseconds since the epoch; nil where `text`, with or without quotes, has another form.
  static func milliseconds(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Int64? {
    var digits = text[...]
    if digits.first == UInt8(ascii: "\"") { digits = digits.dropFirst().dropLast() }
    guard digits.count == textLength, digits.last == UInt8(ascii: "Z") else { return nil }
    func number(_ offset: Int, _ count: Int) -> Int64? {
      var value: Int64 = 0
      for byte in digits.dropFirst(offset).prefix(count) {
        guard case 0x30...0x39 = byte else { return nil }
        value = value * 10 + Int64(byte - 0x30)
      }
      return value
    }
    guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), (1...12).contains(month),
      let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2), let milli = number(20, 3)
    else { return nil }
    return (((daysSinceEpoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + milli
  }

  /// Days from 1970-01-01 to a date of the proleptic Gregorian calendar, by counting years from 1 March
  /// (Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`).
  private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let marchYear = month <= 2 ? year - 1 : year
    let era = marchYear / 400
    let yearOfEra = marchYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
