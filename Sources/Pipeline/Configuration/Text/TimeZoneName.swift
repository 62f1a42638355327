import Foundation

/// The IANA name of a time zone, whose local days cumulative windows follow.
enum TimeZoneName {
  /// Whether Foundation knows the zone by an IANA name.
  ///
  /// Foundation also takes abbreviations (`CST` as Chicago, which a reader in Shanghai would not expect) and offsets
  /// (`GMT+8`); both are refused.
  static func isKnown(_ name: String) -> Bool {
    guard TimeZone(identifier: name) != nil else { return false }
    if name == "UTC" || name == "GMT" || name.contains("/") { return true }
    return TimeZone.abbreviationDictionary[name] == nil && !name.contains { $0 == "+" || $0 == "-" }
  }

  /// The name that `text` was probably meant to be.
  static func nearest(to text: String) -> String? {
    NearestName.of(text, among: ["UTC"] + TimeZone.knownTimeZoneIdentifiers)
  }

  /// The first offset from UTC since 1970, in milliseconds, that is no multiple of `pane` milliseconds, or `nil`.
  ///
  /// A local midnight is then not the edge of a pane, so a day could not be made of whole panes.
  static func offset(of name: String, notMultipleOf pane: Int64) -> Int64? {
    // Offsets are whole seconds.
    guard pane > 0, 1_000 % pane != 0, let zone = TimeZone(identifier: name) else { return nil }
    // No zone has had an offset for less than a week; from 2040 on only the rules of today are repeated.
    let week = 7 * 86_400
    for second in stride(from: 0, to: 70 * 366 * 86_400, by: week) {
      let offset = Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))) * 1_000
      if offset % pane != 0 { return offset }
    }
    return nil
  }
}
