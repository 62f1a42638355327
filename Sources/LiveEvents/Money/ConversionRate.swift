/// How much one major unit of a currency is in major units of the reporting currency, exactly.
public struct ConversionRate: Hashable, Sendable {
  /// Digits that count, from the first that is not 0: 10^17 minor units times the rate then fit in 128 bits.
  static let maxSignificantDigits = 15

  /// The digits without the point, 1..<10^15.
  let digits: UInt64
  /// How many digits stand behind the point.
  let fractionDigits: Int

  /// Nil unless `decimal` is a positive number such as `7.10` or `0.0463`: digits, at most one point with digits on
  /// both sides of it, no sign, no exponent, no leading zeros, at most 15 significant digits.
  public init?(_ decimal: String) {
    let parts = decimal.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard let whole = parts.first, parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }),
      whole.count == 1 || whole.first != UInt8(ascii: "0")
    else { return nil }
    var digits: UInt64 = 0
    var significant = 0
    for byte in parts.joined() {
      guard byte &- UInt8(ascii: "0") < 10 else { return nil }
      if significant > 0 || byte != UInt8(ascii: "0") { significant += 1 }
      guard significant <= ConversionRate.maxSignificantDigits else { return nil }
      digits = digits * 10 + UInt64(byte - UInt8(ascii: "0"))
    }
    guard digits > 0 else { return nil }
    self.digits = digits
    fractionDigits = parts.count == 2 ? parts[1].count : 0
  }

  /// One reporting unit for one unit.
  static let one = ConversionRate("1")!
}
