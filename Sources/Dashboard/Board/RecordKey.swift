/// The parts of a metric record's Kafka key, `<window>|<group fields>|<key values>[|<window_start>]`.
///
/// The parts stay percent-encoded; `|`, `/` and `%` inside values are therefore never separators.
struct RecordKey: Equatable {
  /// The window's name, `1m`.
  var window: String
  /// The group's fields joined by `+`, `host_id`; empty for the platform.
  var group: String
  /// The key's values joined by `/`, and the start of a cumulative window or a session after another `|`.
  var row: String
  /// Whether the key carries a window start, which only cumulative windows and sessions have.
  var hasStart: Bool

  /// Nil where the bytes are not such a key.
  init?(_ bytes: [UInt8]) {
    let separator = UInt8(ascii: "|")
    guard let first = bytes.firstIndex(of: separator), first > 0,
      let second = bytes[(first + 1)...].firstIndex(of: separator)
    else { return nil }
    let rest = bytes[(second + 1)...]
    let parts = rest.split(separator: separator, omittingEmptySubsequences: false)
    guard parts.count <= 2 else { return nil }
    window = String(decoding: bytes[..<first], as: UTF8.self)
    group = String(decoding: bytes[(first + 1)..<second], as: UTF8.self)
    row = String(decoding: rest, as: UTF8.self)
    hasStart = parts.count == 2
  }
}
