/// The values of a metric record before they are printed.
struct MetricValues: Sendable {
  var counters = Counters()
  var buyers: Int64 = 0
  var viewers: Int64 = 0
  var clickers: Int64 = 0
  var online: Int64 = 0

  /// The values of a key that holds no event.
  static let zero = MetricValues()

  /// A field's value times 10 to the power of ``decimals(of:minorDigits:)``; `nil` is null.
  func value(of field: MetricField, minorDigits: Int) -> Int128? {
    switch field {
    case .gmv: return Int128(counters[.gmv])
    case .orders: return Int128(counters[.orders])
    case .units: return Int128(counters[.units])
    case .buyers: return Int128(buyers)
    case .views: return Int128(counters[.views])
    case .viewers: return Int128(viewers)
    case .gmvPlaced: return Int128(counters[.gmvPlaced])
    case .ordersPlaced: return Int128(counters[.ordersPlaced])
    case .refunds: return Int128(counters[.refunds])
    case .refundOrders: return Int128(counters[.refundOrders])
    case .cancelledOrders: return Int128(counters[.cancelledOrders])
    case .netGMV: return Int128(counters[.gmv] - counters[.refunds])
    case .impressions: return Int128(counters[.impressions])
    case .clicks: return Int128(counters[.clicks])
    case .carts: return Int128(counters[.carts])
    case .likes: return Int128(counters[.likes])
    case .comments: return Int128(counters[.comments])
    case .shares: return Int128(counters[.shares])
    case .follows: return Int128(counters[.follows])
    case .gifts: return Int128(counters[.gifts])
    case .clickers: return Int128(clickers)
    case .online: return Int128(online)
    case .watchSeconds: return Int128(counters[.watchMilliseconds])
    case .conversionRate: return Self.micros(buyers, 1, viewers, 1)
    case .clickRate: return Self.micros(clickers, 1, viewers, 1)
    case .clickConversionRate: return Self.micros(buyers, 1, clickers, 1)
    case .aov: return Self.micros(counters[.gmv], 1, counters[.orders], Self.power(minorDigits))
    case .gpm: return Self.micros(counters[.gmv], 1000, counters[.views], Self.power(minorDigits))
    case .uvValue: return Self.micros(counters[.gmv], 1, viewers, Self.power(minorDigits))
    case .refundRate: return Self.micros(counters[.refundOrders], 1, counters[.orders], 1)
    case .averageWatchSeconds: return Self.micros(counters[.watchMilliseconds], 1, viewers, 1000)
    }
  }

  /// How many decimals a field's scaled value has.
  static func decimals(of field: MetricField, minorDigits: Int) -> Int {
    switch field {
    case .gmv, .gmvPlaced, .refunds, .netGMV: minorDigits
    case .watchSeconds: 3
    case .conversionRate, .clickRate, .clickConversionRate, .aov, .gpm, .uvValue, .refundRate, .averageWatchSeconds: 6
    default: 0
    }
  }

  /// Whether a field is a quotient, which may be null.
  static func isQuotient(_ field: MetricField) -> Bool { decimals(of: field, minorDigits: 0) == 6 }

  private static func power(_ digits: Int) -> Int64 {
    var power: Int64 = 1
    for _ in 0..<digits { power *= 10 }
    return power
  }

  /// `numerator * factor / (denominator * divisor)` in millionths, rounded half away from zero. No argument is
  /// negative; at most 2^63 * 10^3 * 10^6 is computed, which Int128 holds.
  private static func micros(_ numerator: Int64, _ factor: Int64, _ denominator: Int64, _ divisor: Int64) -> Int128? {
    if denominator == 0 { return nil }
    // Nearly always 64 bits are enough, which divide several times faster.
    let (scaled, overflow) = UInt64(numerator).multipliedReportingOverflow(by: UInt64(factor) * 1_000_000)
    let (whole, isTooLarge) = UInt64(denominator).multipliedReportingOverflow(by: UInt64(divisor))
    if !overflow && !isTooLarge {
      let (quotient, remainder) = scaled.quotientAndRemainder(dividingBy: whole)
      return Int128(remainder >= whole - remainder ? quotient + 1 : quotient)
    }
    let dividend = UInt128(numerator) * UInt128(factor) * 1_000_000
    let full = UInt128(denominator) * UInt128(divisor)
    let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: full)
    return Int128(remainder >= full - remainder ? quotient + 1 : quotient)
  }
}
