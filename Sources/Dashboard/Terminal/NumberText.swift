/// Numbers as the terminal shows them, made from their JSON text so that money stays exact.
enum NumberText {
  static let absent = "-"

  /// `1234567.80` -> `1,234,567.80`; null or no number gives a dash.
  static func grouped(_ json: String?) -> String {
    guard let json, let first = json.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else {
      return absent
    }
    let sign = json.hasPrefix("-") ? "-" : ""
    let parts = json.dropFirst(sign.count).split(separator: ".", maxSplits: 1)
    guard let whole = parts.first else { return absent }
    var grouped = ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index).isMultiple(of: 3) { grouped.append(",") }
      grouped.append(digit)
    }
    return sign + grouped + (parts.count > 1 ? "." + parts[1] : "")
  }

  /// A ratio with six decimals, `0.028571`, as per cent with two, `2.86%`; half away from zero.
  static func percent(_ json: String?) -> String {
    guard let json, let ratio = Double(json), ratio.isFinite else { return absent }
    let hundredths = Int64((ratio * 10_000).rounded(.toNearestOrAwayFromZero).magnitude)
    let fraction = hundredths % 100
    let sign = ratio < 0 && hundredths > 0 ? "-" : ""
    return "\(sign)\(grouped(String(hundredths / 100))).\(fraction < 10 ? "0" : "")\(fraction)%"
  }
}
