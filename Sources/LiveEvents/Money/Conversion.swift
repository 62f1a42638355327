/// A rate made ready for one pair of currencies: minor units x `multiplier` / `divisor`.
struct Conversion {
  /// What an amount of the event's currency is multiplied with, below 10^19.
  private let multiplier: UInt64
  /// A power of ten.
  private let divisor: UInt128
  /// Minor digits of the event's currency, 0...4.
  let minorDigits: Int
  /// False for the reporting currency itself.
  let isNeeded: Bool

  /// The largest power of ten below 2^127, so that twice a remainder still fits.
  private static let maxExponent = 37

  init(from currency: CurrencyCode, to reporting: CurrencyCode, rate: ConversionRate) {
    minorDigits = currency.minorDigits
    isNeeded = currency != reporting
    let exponent = reporting.minorDigits - currency.minorDigits - rate.fractionDigits
    if exponent >= 0 {
      multiplier = rate.digits * UInt64(Conversion.powerOfTen(exponent))
      divisor = 1
    } else if -exponent <= Conversion.maxExponent {
      multiplier = rate.digits
      divisor = Conversion.powerOfTen(-exponent)
    } else {
      // Amounts stay below 10^17 and rates below 10^15, so every product rounds to 0.
      multiplier = 0
      divisor = 1
    }
  }

  /// The amount in the reporting currency's minor units, rounded half away from zero, or nil where it passes Int64.
  func convert(_ minor: UInt64) -> Int64? {
    let (high, low) = minor.multipliedFullWidth(by: multiplier)
    if high == 0, let divisor = UInt64(exactly: divisor) {
      let (quotient, remainder) = low.quotientAndRemainder(dividingBy: divisor)
      return Int64(exactly: quotient + (remainder >= divisor - remainder ? 1 : 0))
    }
    let (quotient, remainder) = (UInt128(high) << 64 | UInt128(low)).quotientAndRemainder(dividingBy: divisor)
    return Int64(exactly: quotient + (remainder >= divisor - remainder ? 1 : 0))
  }

  private static func powerOfTen(_ exponent: Int) -> UInt128 {
    (0..<exponent).reduce(1) { power, _ in power * 10 }
  }
}
