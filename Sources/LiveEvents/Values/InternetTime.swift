// Invariant: only the bytes of the given buffer are read.

/// A date and time as RFC 3339, section 5.6, writes it.
enum InternetTime {
  /// The last millisecond of the year 9999.
  static var latest: Int64 { 253_402_300_799_999 }

  /// Milliseconds since the epoch, 0...``latest``, digits behind the third of a fraction cut off.
  ///
  /// Nil for anything else, leap seconds included.
  static func milliseconds(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
    guard text.count >= 20,
      text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"), text[10] | 0x20 == UInt8(ascii: "t"),
      text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"),
      let century = twoDigits(text, at: 0), let yearOfCentury = twoDigits(text, at: 2),
      let month = twoDigits(text, at: 5), (1...12).contains(month),
      let day = twoDigits(text, at: 8), day >= 1,
      let hour = twoDigits(text, at: 11), hour < 24,
      let minute = twoDigits(text, at: 14), minute < 60,
      let second = twoDigits(text, at: 17), second < 60
    else { return nil }
    let year = century * 100 + yearOfCentury
    guard day <= daysInMonth(year: year, month: month) else { return nil }

    var index = 19
    var fraction: Int64 = 0
    if text[index] == UInt8(ascii: ".") {
      index += 1
      var scale: Int64 = 100
      let first = index
      while index < text.count, text[index] &- UInt8(ascii: "0") < 10 {
        guard index - first < 9 else { return nil }
        fraction += Int64(text[index] - UInt8(ascii: "0")) * scale
        scale /= 10
        index += 1
      }
      guard index > first else { return nil }
    }
    guard let offset = offsetMinutes(text, at: index) else { return nil }
    let days = daysSinceEpoch(year: year, month: month, day: day)
    let minutes = (days * 24 + hour) * 60 + minute - offset
    let result = (minutes * 60 + second) * 1000 + fraction
    return (0...latest).contains(result) ? result : nil
  }

  private static func offsetMinutes(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Int64? {
    guard index < text.count else { return nil }
    if text[index] | 0x20 == UInt8(ascii: "z") { return index + 1 == text.count ? 0 : nil }
    let sign: Int64
    switch text[index] {
    case UInt8(ascii: "+"): sign = 1
    case UInt8(ascii: "-"): sign = -1
    default: return nil
    }
    guard index + 6 == text.count, text[index + 3] == UInt8(ascii: ":"),
      let hour = twoDigits(text, at: index + 1), hour < 24,
      let minute = twoDigits(text, at: index + 4), minute < 60
    else { return nil }
    return sign * (hour * 60 + minute)
  }

  private static func twoDigits(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Int64? {
    let tens = text[index] &- UInt8(ascii: "0")
    let units = text[index + 1] &- UInt8(ascii: "0")
    return tens < 10 && units < 10 ? Int64(tens * 10 + units) : nil
  }

  private static func daysInMonth(year: Int64, month: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days from 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil).
  private static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
    // Years begin in March, so that the leap day comes last; year 0's January is counted in an era of its own.
    let year = (month <= 2 ? year - 1 : year) + 400
    let era = year / 400
    let yearOfEra = year % 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return (era - 1) * 146_097 + dayOfEra - 719_468
  }
}
