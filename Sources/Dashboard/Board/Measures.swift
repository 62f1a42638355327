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

extension RecordFields {
  /// The number in a member; nil where it is absent, `null` or no number.
  func number(of field: StaticString) -> Double? {
    var found: Double?
    visit { name, value in
      guard name.isEqual(to: field) else { return true }
      found = value.number
      return false
    }
    return found
  }
}

/// A window as a reader sees it.
struct WindowInfo: Equatable, Sendable {
  /// How windows of a name follow each other.
  enum Kind: String, Sendable {
    /// Of a fixed length, rolling on.
    case sliding
    /// The day so far.
    case cumulative
    /// A broadcast from its first to its last event.
    case session
  }

  var name: String
  var kind: Kind
  var lengthMilliseconds: Int64

  /// It grows from a start instead of rolling on.
  var restarts: Bool { kind != .sliding }

  /// The length of a window that grows says nothing about its place among the others.
  private var order: (Int, Int64, String) {
    switch kind {
    case .sliding: (0, lengthMilliseconds, name)
    case .cumulative: (1, 0, name)
    case .session: (2, 0, name)
    }
  }

  static func precedes(_ a: WindowInfo, _ b: WindowInfo) -> Bool { a.order < b.order }
}
