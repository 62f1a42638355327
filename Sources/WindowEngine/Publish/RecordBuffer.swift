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

  /// A power of two; windows begin and end at whole seconds, so neighbouring ones lie in different places.
  private static let rememberedInstants = 64
  private static let instantLength = 24
  @exclusivity(unchecked) private var remembered = Storage<Int64>(capacity: rememberedInstants)
  @exclusivity(unchecked) private var rememberedTexts = Storage<UInt8>(capacity: rememberedInstants * instantLength)

  public init(capacity: Int = 64 << 10) {
    text = Storage(capacity: capacity)
    remembered.append(repeating: .min, count: Self.rememberedInstants)
    rememberedTexts.append(repeating: 0, count: Self.rememberedInstants * Self.instantLength)
  }

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
    if let small = UInt64(exactly: micros.magnitude) { return put(positiveMicros: small) }
    let (whole, fraction) = micros.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
    if whole > UInt128(UInt64.max) {
      put(Array(String(whole).utf8))
    } else {
      putDigits(UInt64(whole), minimum: 1)
    }
    putFraction(UInt64(fraction))
  }

  private func put(positiveMicros micros: UInt64) {
    let (whole, fraction) = micros.quotientAndRemainder(dividingBy: 1_000_000)
    putDigits(whole, minimum: 1)
    putFraction(fraction)
  }

  /// Writes millionths behind a point, without trailing zeros; nothing for 0.
  private func putFraction(_ millionths: UInt64) {
    if millionths == 0 { return }
    var rest = millionths
    var digits = 6
    while rest % 10 == 0 {
      rest /= 10
      digits -= 1
    }
    put(UInt8(ascii: "."))
    putDigits(rest, minimum: digits)
  }

  /// Writes an instant as `2020-06-16T12:00:00.000Z`. The records of a window have the same two, so that the last ones
  /// are remembered.
  func put(instant: Int64) {
    let place = Int(truncatingIfNeeded: floorDivide(instant, 1000)) & (Self.rememberedInstants - 1)
    if remembered[place] == instant {
      text.append(
        contentsOf: UnsafeBufferPointer(
          start: rememberedTexts.base + place * Self.instantLength, count: Self.instantLength))
      return
    }
    let start = text.count
    write(instant: instant)
    // An instant before the year 0 or after 9999 is longer and written anew each time.
    if text.count - start != Self.instantLength { return }
    remembered[place] = instant
    (rememberedTexts.base + place * Self.instantLength).update(from: text.base + start, count: Self.instantLength)
  }

  private func write(instant: Int64) {
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
    let length = max(Self.digitCount(value), minimum)
    Self.write(value, to: text.append(uninitialized: length), length: length)
  }

  @inline(__always) private static func digitCount(_ value: UInt64) -> Int {
    var count = 1
    var rest = value
    while rest >= 10_000 {
      rest /= 10_000
      count += 4
    }
    return count + (rest >= 1000 ? 3 : rest >= 100 ? 2 : rest >= 10 ? 1 : 0)
  }

  /// Writes the last `length` digits, two at a time.
  @inline(__always) private static func write(_ value: UInt64, to start: UnsafeMutablePointer<UInt8>, length: Int) {
    var rest = value
    var at = length
    while at >= 2 {
      let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
      at -= 2
      let digits = pairs.utf8Start + 2 * Int(truncatingIfNeeded: pair)
      start[at] = digits[0]
      start[at + 1] = digits[1]
      rest = quotient
    }
    if at == 1 { start[0] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10) }
  }

  private static var pairs: StaticString {
    """
    0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
    5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899
    """
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
