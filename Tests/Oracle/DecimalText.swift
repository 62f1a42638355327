/// A decimal numeral as written: digits 0...9, most significant first.
struct Numeral {
  var isNegative: Bool
  var whole: [UInt8]
  var fraction: [UInt8]
  var hasFraction: Bool
  var hasExponent: Bool

  /// The numeral written in `text` by JSON's grammar for numbers; `nil` where it is none.
  init?(_ text: [UInt8]) {
    var rest = text[...]
    isNegative = rest.first == UInt8(ascii: "-")
    if isNegative { rest = rest.dropFirst() }
    whole = Self.takeDigits(&rest)
    if whole.isEmpty || (whole.count > 1 && whole[0] == 0) { return nil }
    fraction = []
    hasFraction = rest.first == UInt8(ascii: ".")
    if hasFraction {
      rest = rest.dropFirst()
      fraction = Self.takeDigits(&rest)
      if fraction.isEmpty { return nil }
    }
    hasExponent = rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E")
    if hasExponent {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
      if Self.takeDigits(&rest).isEmpty { return nil }
    }
    if !rest.isEmpty { return nil }
  }

  private static func takeDigits(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
    var digits: [UInt8] = []
    while let byte = rest.first, byte >= 0x30, byte <= 0x39 {
      digits.append(byte - 0x30)
      rest = rest.dropFirst()
    }
    return digits
  }

  var isZero: Bool { (whole + fraction).allSatisfy { $0 == 0 } }

  /// The value where the numeral is an integer without fraction and exponent that fits; `-0` is 0.
  var integer: Int64? {
    if hasFraction || hasExponent { return nil }
    var value: Int64 = 0
    for digit in whole {
      let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      let (sum, sumOverflow) =
        isNegative ? tenfold.subtractingReportingOverflow(Int64(digit)) : tenfold.addingReportingOverflow(Int64(digit))
      if sumOverflow { return nil }
      value = sum
    }
    return value
  }
}

/// The product of two whole numbers given by their digits, as taught at school.
func multiplyDigits(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
  var columns = [Int](repeating: 0, count: a.count + b.count)
  for (i, x) in a.reversed().enumerated() {
    for (j, y) in b.reversed().enumerated() { columns[i + j] += Int(x) * Int(y) }
  }
  var carry = 0
  var result: [UInt8] = []
  for column in columns {
    let total = column + carry
    result.append(UInt8(total % 10))
    carry = total / 10
  }
  return result.reversed()
}

/// The whole number `digits` divided by ten to the power of `count`, rounded half up.
func dropDigits(_ digits: [UInt8], _ count: Int) -> [UInt8] {
  if count <= 0 { return digits + [UInt8](repeating: 0, count: -count) }
  let padded = [UInt8](repeating: 0, count: max(0, count - digits.count)) + digits
  var kept = [0] + padded.dropLast(count)
  if padded[padded.count - count] >= 5 {
    var place = kept.count - 1
    while kept[place] == 9 {
      kept[place] = 0
      place -= 1
    }
    kept[place] += 1
  }
  return kept
}

/// The number written by `digits`; `Int64.max` where it is larger.
func saturatedInteger(_ digits: [UInt8]) -> Int64 {
  var value: Int128 = 0
  for digit in digits {
    value = value * 10 + Int128(digit)
    if value > Int128(Int64.max) { return .max }
  }
  return Int64(value)
}

/// `mantissa` / 10^`scale`, exactly.
struct ExactNumber: Equatable {
  var mantissa: Int128
  var scale: Int

  init(_ mantissa: Int128, scale: Int = 0) {
    self.mantissa = mantissa
    self.scale = scale
  }

  /// `numerator` / `denominator` to 6 decimals, half away from zero; `nil` when `denominator` is 0.
  static func quotient(_ numerator: Int128, _ denominator: Int128) -> ExactNumber? {
    if denominator == 0 { return nil }
    precondition(denominator > 0)
    let (whole, rest) = (numerator.magnitude * 1_000_000).quotientAndRemainder(dividingBy: denominator.magnitude)
    let rounded = Int128(whole) + (rest * 2 >= denominator.magnitude ? 1 : 0)
    return ExactNumber(numerator < 0 ? -rounded : rounded, scale: 6)
  }

  /// The decimal text without trailing fraction zeros.
  var text: String {
    var digits = Array(String(mantissa.magnitude).utf8)
    while digits.count <= scale { digits.insert(0x30, at: 0) }
    let whole = digits.dropLast(scale)
    let plain = (mantissa < 0 ? [0x2D] : []) + whole + (scale > 0 ? [0x2E] + digits.suffix(scale) : [])
    return String(decoding: canonicalNumber(plain), as: UTF8.self)
  }
}
