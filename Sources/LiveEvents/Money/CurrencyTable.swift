// Invariant: `slots` has 26^3 entries, none above the number of entries of `conversions`, from init to
// deinit.

/// The currencies that a policy allows, found by their three letters.
struct CurrencyTable: ~Copyable {
  /// For each combination of three letters 1 + the index of its conversion, 0 where it is not allowed.
  private let slots: UnsafeMutablePointer<UInt8>
  private let conversions: UnsafeMutablePointer<Conversion>

  init(policy: DecodingPolicy) {
    var allowed = policy.rates
    allowed[policy.reportingCurrency] = .one
    slots = .allocate(capacity: 26 * 26 * 26)
    slots.initialize(repeating: 0, count: 26 * 26 * 26)
    conversions = .allocate(capacity: allowed.count)
    for (index, (currency, rate)) in allowed.enumerated() {
      (conversions + index).initialize(
        to: Conversion(from: currency, to: policy.reportingCurrency, rate: rate))
      slots[CurrencyTable.slot(currency.packed)!] = UInt8(index + 1)
    }
  }

  deinit {
    slots.deallocate()
    conversions.deallocate()
  }

  /// How amounts of a currency become the reporting currency's, nil where the currency is not allowed.
  @inline(__always)
  func find(_ packed: UInt32) -> UnsafePointer<Conversion>? {
    guard let slot = CurrencyTable.slot(packed), slots[slot] != 0 else { return nil }
    return UnsafePointer(conversions + Int(slots[slot] &- 1))
  }

  /// 10^`exponent`, 0...4.
  @inline(__always)
  static func smallPowerOfTen(_ exponent: Int) -> UInt64 {
    switch exponent {
    case 0: 1
    case 1: 10
    case 2: 100
    case 3: 1000
    default: 10_000
    }
  }

  /// Nil unless the three bytes are upper-case letters.
  @inline(__always)
  private static func slot(_ packed: UInt32) -> Int? {
    let first = (packed &>> 16) &- 65
    let second = (packed &>> 8 & 0xFF) &- 65
    let third = (packed & 0xFF) &- 65
    guard first < 26, second < 26, third < 26 else { return nil }
    return Int((first &* 26 &+ second) &* 26 &+ third)
  }
}
