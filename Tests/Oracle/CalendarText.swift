/// The proleptic Gregorian calendar by counting, and the two spellings of time the contract uses.
enum CalendarText {
  static func isLeap(_ year: Int64) -> Bool { (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 }

  static func daysInMonth(_ year: Int64, _ month: Int64) -> Int64 {
    [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Int(month - 1)]
  }

  /// Days from 1970-01-01 to the first of January of `year`.
  static func daysBefore(year: Int64) -> Int64 {
    // Leap years among 1...year-1, counted so that it holds for year 0 and before as well.
    let past = year - 1
    let leaps = floorDivide(past, 4) - floorDivide(past, 100) + floorDivide(past, 400)
    return (year - 1970) * 365 + leaps - 477
  }

  static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    var days = daysBefore(year: year)
    for earlier in 1..<month { days += daysInMonth(year, earlier) }
    return days + day - 1
  }

  /// `2020-06-16T12:00:00.000Z` for the instant `milliseconds` after the epoch.
  static func iso(_ milliseconds: Int64) -> String {
    let dayNumber = floorDivide(milliseconds, 86_400_000)
    let inDay = milliseconds - dayNumber * 86_400_000
    var year = 1970 + floorDivide(dayNumber, 366)
    while daysBefore(year: year + 1) <= dayNumber { year += 1 }
    while daysBefore(year: year) > dayNumber { year -= 1 }
    var day = dayNumber - daysBefore(year: year) + 1
    var month: Int64 = 1
    while day > daysInMonth(year, month) {
      day -= daysInMonth(year, month)
      month += 1
    }
    let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    let time = "\(padded(inDay / 3_600_000, 2)):\(padded(inDay / 60_000 % 60, 2)):\(padded(inDay / 1000 % 60, 2))"
    return "\(date)T\(time).\(padded(inDay % 1000, 3))Z"
  }

  /// `number` with at least `width` digits.
  static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// Milliseconds since the epoch of an RFC 3339 section 5.6 `date-time`, truncated; `nil` where it is none.
  static func milliseconds(rfc3339 text: [UInt8]) -> Int64? {
    var rest = text[...]
    func take(_ accepted: String) -> UInt8? {
      guard let byte = rest.first, accepted.utf8.contains(byte) else { return nil }
      rest = rest.dropFirst()
      return byte
    }
    func number(_ width: Int) -> Int64? {
      var value: Int64 = 0
      for _ in 0..<width {
        guard let digit = take("0123456789") else { return nil }
        value = value * 10 + Int64(digit - 0x30)
      }
      return value
    }
    guard let year = number(4), take("-") != nil, let month = number(2), take("-") != nil, let day = number(2),
      take("Tt") != nil, let hour = number(2), take(":") != nil, let minute = number(2), take(":") != nil,
      let second = number(2)
    else { return nil }
    guard month >= 1, month <= 12, day >= 1, day <= daysInMonth(year, month), hour <= 23, minute <= 59, second <= 59
    else { return nil }
    var fraction: [Int64] = []
    if take(".") != nil {
      while let digit = take("0123456789") { fraction.append(Int64(digit - 0x30)) }
      if fraction.isEmpty || fraction.count > 9 { return nil }
    }
    var offsetMinutes: Int64 = 0
    guard let sign = take("Zz+-") else { return nil }
    if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      guard let hours = number(2), take(":") != nil, let minutes = number(2), hours <= 23, minutes <= 59
      else { return nil }
      offsetMinutes = (hours * 60 + minutes) * (sign == UInt8(ascii: "+") ? 1 : -1)
    }
    if !rest.isEmpty { return nil }
    let places = fraction + [0, 0, 0]
    let thousandths = places[0] * 100 + places[1] * 10 + places[2]
    let minutes = dayNumber(year, month, day) * 1440 + hour * 60 + minute - offsetMinutes
    return (minutes * 60 + second) * 1000 + thousandths
  }
}

/// The largest whole number of times `divisor` (positive) is contained in `dividend`, also below zero.
func floorDivide(_ dividend: Int64, _ divisor: Int64) -> Int64 {
  let quotient = dividend / divisor
  return dividend % divisor < 0 ? quotient - 1 : quotient
}
