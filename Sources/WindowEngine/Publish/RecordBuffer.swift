// Invariant that makes this file safe: every record's ranges lie within `bytes`.

/// Records to be published, in order, in one piece of memory that is used again and again.
public final class RecordBuffer {
  /// Where a record goes.
  public enum Topic: UInt8, Sendable, BitwiseCopyable { case metrics, live, leaderboards }

  private struct Entry: BitwiseCopyable {
    var topic: Topic
    var keyStart: Int
    var valueStart: Int
    var end: Int
    var isTombstone: Bool
  }

  /// How many bytes gather before `spill` is asked to take them: what fits the second-level cache, and so little that
  /// a window in which a million keys are published at once takes no memory of its own.
  private static let spillLength = 256 << 10

  /// Takes over what has gathered while more is being printed; without it everything stays until the end.
  public var spill: ((RecordBuffer) -> Void)?

  // One owner and no callbacks while these are written: checks of exclusive access took a tenth of printing.
  @exclusivity(unchecked) private var text: Storage<UInt8>
  @exclusivity(unchecked) private var entries = Storage<Entry>()

  public init(capacity: Int = 64 << 10) { text = Storage(capacity: capacity) }

  /// How many records there are.
  public var count: Int { entries.count }
  /// How many bytes keys and values take.
  public var byteCount: Int { text.count }

  /// Calls `body` with each record's topic, key and value; the value is `nil` for a tombstone.
  public func visit(_ body: (Topic, UnsafeRawBufferPointer, UnsafeRawBufferPointer?) throws -> Void) rethrows {
    for i in 0..<entries.count {
      let entry = entries[i]
      try body(entry.topic, slice(entry.keyStart, entry.valueStart), value(entry))
    }
  }

  /// Moves the records into a buffer of their own and leaves this one empty.
  public func takeContents() -> RecordBuffer {
    let taken = RecordBuffer(capacity: text.count)
    taken.text.append(contentsOf: UnsafeBufferPointer(start: text.base, count: text.count))
    taken.entries.append(contentsOf: UnsafeBufferPointer(start: entries.base, count: entries.count))
    removeAll()
    return taken
  }

  public func removeAll() {
    text.removeAll()
    entries.removeAll()
  }

  private func slice(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: text.base + start, count: end - start)
  }

  private func value(_ entry: Entry) -> UnsafeRawBufferPointer? {
    entry.isTombstone ? nil : slice(entry.valueStart, entry.end)
  }

  // MARK: Writing

  /// Begins a record: what is written next is its key.
  func begin(_ topic: Topic) {
    if text.count >= Self.spillLength, let spill {
      spill(self)
      removeAll()
    }
    entries.append(
      Entry(topic: topic, keyStart: text.count, valueStart: text.count, end: text.count, isTombstone: true))
  }

  /// Ends the key: what is written next is the value.
  func beginValue() {
    entries[entries.count - 1].valueStart = text.count
    entries[entries.count - 1].isTombstone = false
  }

  func end() { entries[entries.count - 1].end = text.count }

  /// Ends a record that has a key only: the key is withdrawn.
  func endTombstone() {
    entries[entries.count - 1].valueStart = text.count
    entries[entries.count - 1].end = text.count
  }

  /// A hash of the last record's value, which has ended.
  var lastFingerprint: UInt64 {
    let entry = entries[entries.count - 1]
    return Fingerprint.of(slice(entry.valueStart, entry.end))
  }

  /// Takes the last record back.
  func dropLast() {
    let entry = entries[entries.count - 1]
    text.truncate(to: entry.keyStart)
    entries.truncate(to: entries.count - 1)
  }

  @inline(__always) func put(_ byte: UInt8) { text.append(byte) }

  @inline(__always) func put(_ string: StaticString) {
    text.append(contentsOf: UnsafeBufferPointer(start: string.utf8Start, count: string.utf8CodeUnitCount))
  }

  @inline(__always) func put(_ bytes: [UInt8]) {
    bytes.withUnsafeBufferPointer { _ = text.append(contentsOf: $0) }
  }

  @inline(__always) func put(_ bytes: UnsafeRawBufferPointer) {
    text.append(contentsOf: bytes.assumingMemoryBound(to: UInt8.self))
  }

  /// Writes an integer.
  func put(_ value: Int64) {
    if value < 0 { put(UInt8(ascii: "-")) }
    putDigits(value.magnitude, minimum: 1)
  }

  /// Writes `scaled` / 10^`decimals` exactly, with all its decimals.
  func put(_ scaled: Int64, decimals: Int) {
    if decimals == 0 { return put(scaled) }
    if scaled < 0 { put(UInt8(ascii: "-")) }
    let (whole, fraction) = scaled.magnitude.quotientAndRemainder(dividingBy: Self.powers[decimals])
    putDigits(whole, minimum: 1)
    put(UInt8(ascii: "."))
    putDigits(fraction, minimum: decimals)
  }

  /// Writes `micros` / 10^6 without trailing zeros.
  func put(micros: Int128) {
    if micros < 0 { put(UInt8(ascii: "-")) }
    let (whole, fraction) = micros.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
    if whole > UInt128(UInt64.max) {
      put(Array(String(whole).utf8))
    } else {
      putDigits(UInt64(whole), minimum: 1)
    }
    if fraction == 0 { return }
    var rest = UInt64(fraction)
    var digits = 6
    while rest % 10 == 0 {
      rest /= 10
      digits -= 1
    }
    put(UInt8(ascii: "."))
    putDigits(rest, minimum: digits)
  }

  /// Writes an instant as `2020-06-16T12:00:00.000Z`.
  func put(instant: Int64) {
    let days = floorDivide(instant, 86_400_000)
    let inDay = UInt64(instant - days * 86_400_000)
    let (year, month, day) = Self.civil(days)
    if year < 0 { put(UInt8(ascii: "-")) }
    putDigits(UInt64(year.magnitude), minimum: 4)
    put(UInt8(ascii: "-"))
    putDigits(UInt64(month), minimum: 2)
    put(UInt8(ascii: "-"))
    putDigits(UInt64(day), minimum: 2)
    put(UInt8(ascii: "T"))
    putDigits(inDay / 3_600_000, minimum: 2)
    put(UInt8(ascii: ":"))
    putDigits(inDay / 60_000 % 60, minimum: 2)
    put(UInt8(ascii: ":"))
    putDigits(inDay / 1000 % 60, minimum: 2)
    put(UInt8(ascii: "."))
    putDigits(inDay % 1000, minimum: 3)
    put(UInt8(ascii: "Z"))
  }

  private func putDigits(_ value: UInt64, minimum: Int) {
    if value < 10 && minimum <= 1 { return put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value)) }
    var length = 1
    var front = value / 10
    while front != 0 {
      length += 1
      front /= 10
    }
    length = max(length, minimum)
    var rest = value
    let start = text.append(repeating: UInt8(ascii: "0"), count: length)
    var at = start + length
    while rest != 0 {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      at -= 1
      text[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
      rest = quotient
    }
  }

  private static let powers: [UInt64] = [1, 10, 100, 1000, 10_000]

  /// The Gregorian date of a day counted from the epoch (Howard Hinnant, "chrono-compatible low-level date algorithms").
  private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let z = days + 719_468
    let era = floorDivide(z, 146_097)
    let doe = z - era * 146_097
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100)
    let mp = (5 * doy + 2) / 153
    let month = mp < 10 ? mp + 3 : mp - 9
    return (yoe + era * 400 + (month <= 2 ? 1 : 0), month, doy - (153 * mp + 2) / 5 + 1)
  }
}
