/// A duration as configuration writes it: `500ms`, `10s`, `1h30m`, `0`.
enum DurationText {
  private static let units: [(name: String, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
  ]

  /// What is allowed, for messages.
  static let form = "a duration such as 500ms, 10s, 1h30m or 1d"

  /// Milliseconds, 0 or more; `nil` unless `text` is `0` or whole numbers with units, from the largest unit down.
  static func parse(_ text: String) -> Int64? {
    if text == "0" { return 0 }
    guard !text.isEmpty else { return nil }
    var rest = Substring(text)
    var total: Int64 = 0
    var remainingUnits = units[...]
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      let name = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(name.count)
      guard let count = Int64(digits), let position = remainingUnits.firstIndex(where: { $0.name == name }) else {
        return nil
      }
      let (product, isTooLong) = count.multipliedReportingOverflow(by: remainingUnits[position].milliseconds)
      let (sum, isSumTooLong) = total.addingReportingOverflow(product)
      if isTooLong || isSumTooLong { return nil }
      total = sum
      remainingUnits = remainingUnits[(position + 1)...]
    }
    return total
  }

  /// The shortest such text of `milliseconds`, which is 0 or more.
  static func format(_ milliseconds: Int64) -> String {
    var rest = milliseconds
    var text = ""
    for unit in units where rest >= unit.milliseconds {
      text += "\(rest / unit.milliseconds)\(unit.name)"
      rest %= unit.milliseconds
    }
    return text.isEmpty ? "0s" : text
  }
}
