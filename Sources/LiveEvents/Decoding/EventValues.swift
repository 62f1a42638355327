/// The numbers of a payload, each meaningful only where its key is present and not bad.
struct EventValues {
  // Of these three only the form has been checked, not the range.
  var timestamp: Int64 = 0
  var quantity: Int64 = 0
  var watchMilliseconds: Int64 = 0
  var amount = DecimalText(digits: 0, fractionDigits: 0)
}

/// Which keys an object has.
struct MemberSet {
  /// The bits of one key.
  struct Mark {
    fileprivate let present: UInt64
    /// All but the bit of a bad value.
    fileprivate let others: UInt64

    fileprivate var bad: UInt64 { present &<< 32 }

    init(_ key: UInt8) {
      present = 1 << UInt64(key)
      others = ~(present << 32)
    }
  }

  /// The text is a JSON object; otherwise only ``touched`` counts.
  var isValid = false
  /// The keys that are present, and 32 bits higher those that are bad, too.
  private var marks: UInt64 = 0
  /// Keys that had a value once and null later.
  private var withdrawn: UInt64 = 0

  @inline(__always) init() {}

  /// Keys whose last value is not null.
  var present: EventKeySet {
    @inline(__always) get { EventKeySet(rawValue: UInt32(truncatingIfNeeded: marks)) }
  }
  /// Keys whose last value is not allowed for them, whatever the event's type.
  var bad: EventKeySet {
    @inline(__always) get { EventKeySet(rawValue: UInt32(truncatingIfNeeded: marks &>> 32)) }
  }
  /// Keys that had a value at any time.
  var touched: EventKeySet {
    @inline(__always) get { EventKeySet(rawValue: UInt32(truncatingIfNeeded: marks | withdrawn)) }
  }

  /// Notes a good value of a key, which replaces an earlier one.
  @inline(__always)
  mutating func setGood(_ mark: Mark) { marks = (marks & mark.others) | mark.present }

  /// Notes a value of a key, which replaces an earlier one.
  @inline(__always)
  mutating func set(_ mark: Mark, isBad: Bool) {
    setGood(mark)
    marks |= isBad ? mark.bad : 0
  }

  /// Notes a value that was read off the usual road; returns the place behind it, nil where the text is malformed.
  @inline(__always)
  mutating func note(_ reading: ValueReading, _ mark: Mark) -> JSONScanner.Place? {
    if reading.outcome == .null {
      withdrawn |= marks & mark.present
      marks &= mark.others & ~mark.present
    } else {
      set(mark, isBad: reading.outcome == .bad)
    }
    return reading.next
  }
}

/// What became of one value.
struct ValueReading {
  enum Outcome: UInt8 { case good, bad, null }

  /// Behind the value; nil where it is no JSON.
  var next: JSONScanner.Place?
  var outcome: Outcome

  static var malformed: ValueReading { ValueReading(next: nil, outcome: .bad) }
}
