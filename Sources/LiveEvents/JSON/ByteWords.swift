// Invariant: `load(_:count:)` reads only the bytes that it is told of. Everything else reads up to 16 bytes, from a place
// of an `IndexedText` or in front of it, or from the start of a `DecoderMemory`'s text, where there are that many.

import CStringIndex

/// Eight bytes at a time, as little-endian words: the first byte of the text in the lowest bits.
enum ByteWords {
  private static var ones: UInt64 { 0x0101_0101_0101_0101 }

  /// Four bytes.
  @inline(__always)
  static func loadHalf(_ place: UnsafePointer<UInt8>) -> UInt32 {
    UInt32(littleEndian: UnsafeRawPointer(place).loadUnaligned(as: UInt32.self))
  }

  /// 16 bytes.
  @inline(__always)
  static func load(_ place: UnsafePointer<UInt8>) -> (low: UInt64, high: UInt64) {
    let raw = UnsafeRawPointer(place)
    return (
      UInt64(littleEndian: raw.loadUnaligned(as: UInt64.self)),
      UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    )
  }

  /// The first `length` (0...16) of 16 bytes, with zeros behind them.
  @inline(__always)
  static func load(_ place: UnsafePointer<UInt8>, length: Int) -> (low: UInt64, high: UInt64) {
    let (low, high) = load(place)
    return (low & UInt64(littleEndian: lt_low_mask(length)), high & UInt64(littleEndian: lt_high_mask(length)))
  }

  /// Marks (in the high bit) bytes that end the plain part of a JSON string: quote, backslash, control, not ASCII.
  ///
  /// After "Determine if a word has a zero byte" (Anderson, Bit Twiddling Hacks): only the lowest mark is exact, those
  /// above it may be false.
  @inline(__always)
  static func stops(_ word: UInt64) -> UInt64 {
    let quote = (word ^ (ones &* 0x22)) &- ones
    let backslash = (word ^ (ones &* 0x5C)) &- ones
    let control = word &- (ones &* 0x20)
    return (quote | backslash | control | word) & (ones &* 0x80)
  }

  /// How many of 16 bytes stand in front of the first that is no decimal digit.
  @inline(__always)
  static func digitLength(_ place: UnsafePointer<UInt8>) -> Int { lt_digits(place) }

  /// The number that `count` (1...16) digits in front of `end` write.
  @inline(__always)
  static func decimal(before end: UnsafePointer<UInt8>, count: Int) -> UInt64 {
    // What stands in front of the digits becomes zeros.
    let (low, high) = load(end - 16)
    let digits = 16 &- count
    return eightDigits(low & ~UInt64(littleEndian: lt_low_mask(digits))) &* 100_000_000
      &+ eightDigits(high & ~UInt64(littleEndian: lt_high_mask(digits)))
  }

  @inline(__always)
  private static func eightDigits(_ word: UInt64) -> UInt64 {
    let pairs = (word & (ones &* 0x0F)) &* 10 &+ ((word & (ones &* 0x0F)) &>> 8)
    let front = (pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    let back = ((pairs &>> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
    return (front &+ back) &>> 32
  }

  /// `count` <= 16 bytes, with zeros behind them.
  @inline(__always)
  static func load(_ pointer: UnsafePointer<UInt8>, count: Int) -> (low: UInt64, high: UInt64) {
    let raw = UnsafeRawPointer(pointer)
    if count >= 8 {
      let low = UInt64(littleEndian: raw.loadUnaligned(as: UInt64.self))
      if count == 8 { return (low, 0) }
      let last = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self))
      return (low, last &>> UInt64(truncatingIfNeeded: (16 &- count) &* 8))
    }
    var word: UInt64 = 0
    var index = 0
    while index < count {
      word |= UInt64(pointer[index]) &<< UInt64(truncatingIfNeeded: index &* 8)
      index &+= 1
    }
    return (word, 0)
  }
}
