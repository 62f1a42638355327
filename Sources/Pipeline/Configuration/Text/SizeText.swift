/// An amount of memory as configuration writes it: `2GiB`, `512MB`, `1048576`.
enum SizeText {
  private static let units: [(name: String, bytes: Int64)] = [
    ("", 1), ("B", 1),
    ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ("kB", 1_000), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
  ]

  /// What is allowed, for messages.
  static let form = "a size such as 512MiB, 2GiB, 2GB or a number of bytes"

  /// Bytes, 0 or more; `nil` unless `text` is a whole number with or without a unit.
  static func parse(_ text: String) -> Int64? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let name = text.dropFirst(digits.count)
    guard let count = Int64(digits), let unit = units.first(where: { $0.name == name }) else { return nil }
    let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: unit.bytes)
    return isTooLarge ? nil : bytes
  }

  /// Such a text of `bytes`, in the largest binary unit that gives a whole number.
  static func format(_ bytes: Int64) -> String {
    for (name, size) in units[2...5].reversed() where bytes >= size && bytes % size == 0 {
      return "\(bytes / size)\(name)"
    }
    return "\(bytes)"
  }
}
