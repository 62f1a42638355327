/// An exchange rate as exact decimal text: `7.10`. It never passes through a binary float.
enum RateText {
  /// What is allowed, for messages.
  static let form =
    "a number above 0 such as 7.10, without sign and exponent, with at most "
    + "\(ConfigurationLimits.rateSignificantDigits) significant digits"

  /// Whether `text` has that form: digits, at most one point with digits on both sides, no needless leading zeros.
  static func isValid(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts.first, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isDigit) }),
      whole.count == 1 || whole.first != UInt8(ascii: "0"),
      parts.count == 1 || parts[1].count <= ConfigurationLimits.rateFractionDigits
    else { return false }
    let significant = parts.joined().drop { $0 == UInt8(ascii: "0") }
    return (1...ConfigurationLimits.rateSignificantDigits).contains(significant.reduce(0) { count, _ in count + 1 })
  }

  /// The same number without zeros at the end.
  static func canonical(_ text: String) -> String {
    guard text.contains(".") else { return text }
    var digits = text
    while digits.last == "0" { digits.removeLast() }
    if digits.last == "." { digits.removeLast() }
    return digits
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}
