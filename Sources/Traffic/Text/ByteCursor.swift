// Safety: a cursor writes without checking bounds. Whoever makes one must own memory that holds everything written
// through it; EventRenderer does, because every part of an event has a greatest length and their sum is far below
// its buffer's size.

/// A place in memory at which text is written.
///
/// A value of one pointer, so that it stays in a register while an event is written.
struct ByteCursor {
  private(set) var position: UnsafeMutablePointer<UInt8>

  init(_ position: UnsafeMutablePointer<UInt8>) { self.position = position }

  @inline(__always)
  mutating func text(_ text: StaticString) {
    position.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
    position += text.utf8CodeUnitCount
  }

  @inline(__always)
  mutating func phrase(_ index: Int, of table: borrowing PhraseTable) {
    let phrase = table[index]
    position.update(from: phrase.baseAddress!, count: phrase.count)
    position += phrase.count
  }

  @inline(__always)
  mutating func byte(_ byte: UInt8) {
    position.pointee = byte
    position += 1
  }

  /// Writes `value` with at least `width` digits, zeros in front.
  @inline(__always)
  mutating func number(_ value: UInt64, width: Int = 1) { digits(value, max(width, digitCount(value))) }

  /// Writes an amount in minor units, hundredths, as a JSON number in major units.
  @inline(__always)
  mutating func money(_ minor: UInt32) {
    number(UInt64(minor / 100))
    byte(UInt8(ascii: "."))
    digits(UInt64(minor % 100), 2)
  }

  /// Writes the last `count` digits of `value`, back to front, two in a step.
  @inline(__always)
  mutating func digits(_ value: UInt64, _ count: Int) {
    var rest = value
    var end = position + count
    position = end
    var left = count
    while left >= 2 {
      let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
      let tens = (pair &* 103) &>> 10
      end -= 2
      end[0] = UInt8(truncatingIfNeeded: 48 &+ tens)
      end[1] = UInt8(truncatingIfNeeded: 48 &+ pair &- tens &* 10)
      rest = quotient
      left -= 2
    }
    if left == 1 { end[-1] = UInt8(truncatingIfNeeded: 48 &+ rest % 10) }
  }
}

/// How many decimal digits `value` has; 0 has one.
func digitCount(_ value: UInt64) -> Int {
  var count = 1
  var bound: UInt64 = 10
  while value >= bound, count < 19 {
    count += 1
    bound &*= 10
  }
  return count
}
