// Invariant: only the bytes of the given buffer are read.

/// A number of the form `-?int(.digits)?`, exactly.
struct DecimalText {
  /// Digits before the point that an amount may have: it stays below 10^13 major units.
  static var maxWholeDigits: Int { 13 }
  /// No currency has more minor digits.
  static var maxFractionDigits: Int { 4 }

  /// The digits without the point, below 10^17.
  var digits: UInt64
  /// How many of them stood behind the point, 0...4.
  var fractionDigits: Int

  /// Reads an amount: the grammar of a JSON number without exponent, not negative, within the limits above.
  init?(amount text: UnsafeBufferPointer<UInt8>) {
    var index = 0
    let isNegative = text.first == UInt8(ascii: "-")
    if isNegative { index = 1 }
    let wholeStart = index
    digits = 0
    while index < text.count, text[index] &- UInt8(ascii: "0") < 10 {
      guard index - wholeStart < DecimalText.maxWholeDigits else { return nil }
      digits = digits * 10 + UInt64(text[index] - UInt8(ascii: "0"))
      index += 1
    }
    let wholeDigits = index - wholeStart
    guard wholeDigits > 0, wholeDigits == 1 || text[wholeStart] != UInt8(ascii: "0") else { return nil }
    fractionDigits = 0
    if index < text.count {
      guard text[index] == UInt8(ascii: ".") else { return nil }
      index += 1
      while index < text.count, text[index] &- UInt8(ascii: "0") < 10 {
        guard fractionDigits < DecimalText.maxFractionDigits else { return nil }
        digits = digits * 10 + UInt64(text[index] - UInt8(ascii: "0"))
        fractionDigits += 1
        index += 1
      }
      guard index == text.count, fractionDigits > 0 else { return nil }
    }
    if isNegative && digits != 0 { return nil }
  }

  init(digits: UInt64, fractionDigits: Int) {
    self.digits = digits
    self.fractionDigits = fractionDigits
  }

  /// The value of an integer that has passed the JSON grammar; nil where it does not fit.
  static func integer(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
    var value: Int64 = 0
    let isNegative = text.first == UInt8(ascii: "-")
    for byte in text.dropFirst(isNegative ? 1 : 0) {
      let (shifted, tooLong) = value.multipliedReportingOverflow(by: 10)
      let digit = Int64(byte - UInt8(ascii: "0"))
      let (next, tooLarge) =
        isNegative ? shifted.subtractingReportingOverflow(digit) : shifted.addingReportingOverflow(digit)
      if tooLong || tooLarge { return nil }
      value = next
    }
    return value
  }
}
