/// What the board itself reads from a record; everything else stays text.
struct Measures {
  var startMilliseconds: Int64 = 0
  var endMilliseconds: Int64 = 0
  var gmv = 0.0

  /// Nil where `value` is not a metric record.
  init?(_ value: [UInt8]) {
    guard value.last == UInt8(ascii: "}") else { return nil }
    var missing = 3
    RecordFields(value).visit { name, text in
      if name.isEqual(to: "window_start"), let time = RecordTime.milliseconds(text) {
        startMilliseconds = time
        missing -= 1
      } else if name.isEqual(to: "window_end"), let time = RecordTime.milliseconds(text) {
        endMilliseconds = time
        missing -= 1
      } else if name.isEqual(to: "gmv"), let number = text.number {
        gmv = number
        missing -= 1
      }
      return missing > 0
    }
    if missing > 0 { return nil }
  }
}

/// A window as a reader sees it.
struct WindowInfo: Equatable, Sendable {
  var name: String
  /// Cumulative or a session: it grows from a start instead of rolling on.
  var restarts: Bool
  var lengthMilliseconds: Int64

  /// The length of a window that grows says nothing about its place among the others.
  var sortLength: Int64 { restarts ? 0 : lengthMilliseconds }
}
