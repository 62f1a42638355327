// Invariant: `load(_:before:)` and `load(_:count:)` read only bytes inside [pointer, end) or, in the former's case,
// before the pointer inside the payload that its caller vouches for. Everything else here is arithmetic on words.

/// Arithmetic on eight bytes at a time: little-endian words, the first byte of the text in the lowest bits.
///
/// The byte searches follow "Determine if a word has a zero byte" (Anderson, Bit Twiddling Hacks): only the *lowest*
/// mark of a result is exact, marks above it may be false.
enum ByteWords {
  static var ones: UInt64 { 0x0101_0101_0101_0101 }
  static var highBits: UInt64 { 0x8080_8080_8080_8080 }
  static var zeroDigits: UInt64 { 0x3030_3030_3030_3030 }

  /// Marks (in the high bit) bytes that end the plain part of a JSON string: quote, backslash, control, not ASCII.
  @inline(__always)
  static func stops(_ word: UInt64) -> UInt64 {
    let quote = (word ^ (ones &* 0x22)) &- ones
    let backslash = (word ^ (ones &* 0x5C)) &- ones
    let control = word &- (ones &* 0x20)
    return (quote | backslash | control | word) & highBits
  }

  /// Like ``stops(_:)``, but marks `!` and spaces, too, which makes it cheaper.
  @inline(__always)
  static func stopsOrSpaces(_ word: UInt64) -> UInt64 {
    let low = word &- (ones &* 0x23)
    let backslash = (word ^ (ones &* 0x5C)) &- ones
    return (low | backslash | word) & highBits
  }

  /// Has bits set in the bytes that are no decimal digits.
  @inline(__always)
  static func nonDigits(_ word: UInt64) -> UInt64 {
    let high = ones &* 0xF0
    return ((word & high) ^ zeroDigits) | (((word &+ (ones &* 0x06)) & high) ^ zeroDigits)
  }

  /// The index of the first marked byte of 16; 16 where none is.
  @inline(__always)
  static func firstMark(_ low: UInt64, _ high: UInt64) -> Int {
    join(low, high).trailingZeroBitCount &>> 3
  }

  /// The bytes below the first mark of a word of ``stops(_:)``.
  @inline(__always)
  static func maskBelowMark(_ marks: UInt64) -> UInt64 {
    marks == 0 ? ~0 : (marks ^ (marks &- 1)) &>> 8
  }

  /// The number written by the first `count` (1...16) of 16 digit bytes; what follows them is ignored.
  @inline(__always)
  static func decimal(_ low: UInt64, _ high: UInt64, count: Int) -> UInt64 {
    decimal(join(low, high), count: count)
  }

  @inline(__always)
  static func decimal(_ text: UInt128, count: Int) -> UInt64 {
    // Shifting the digits to the far end puts zeros in front of them.
    let digits = text &<< UInt128(truncatingIfNeeded: (16 &- count) &* 8)
    return eightDigits(UInt64(truncatingIfNeeded: digits)) &* 100_000_000
      &+ eightDigits(UInt64(truncatingIfNeeded: digits &>> 64))
  }

  @inline(__always)
  private static func eightDigits(_ word: UInt64) -> UInt64 {
    let pairs = (word & (ones &* 0x0F)) &* 10 &+ ((word & (ones &* 0x0F)) &>> 8)
    let front = (pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    let back = ((pairs &>> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
    return (front &+ back) &>> 32
  }

  /// 16 bytes as one number, the first byte of the text in its lowest bits.
  @inline(__always)
  static func join(_ low: UInt64, _ high: UInt64) -> UInt128 { UInt128(high) &<< 64 | UInt128(low) }

  /// The first 16 bytes at `pointer` of a payload [start, end); zeros stand for bytes past its end.
  @inline(__always)
  static func load(
    _ pointer: UnsafePointer<UInt8>, in start: UnsafePointer<UInt8>, before end: UnsafePointer<UInt8>
  ) -> (low: UInt64, high: UInt64) {
    if end - pointer >= 16 {
      let raw = UnsafeRawPointer(pointer)
      return (
        UInt64(littleEndian: raw.loadUnaligned(as: UInt64.self)),
        UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      )
    }
    return load(tail: pointer, in: start, before: end)
  }

  /// The end of a payload: its last 16 bytes, shifted, where there are that many.
  @inline(never)
  private static func load(
    tail pointer: UnsafePointer<UInt8>, in start: UnsafePointer<UInt8>, before end: UnsafePointer<UInt8>
  ) -> (low: UInt64, high: UInt64) {
    let count = end - pointer
    if end - start < 16 || count <= 0 { return load(pointer, count: max(count, 0)) }
    let raw = UnsafeRawPointer(end - 16)
    let last = join(
      UInt64(littleEndian: raw.loadUnaligned(as: UInt64.self)),
      UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    let shifted = last &>> UInt128(truncatingIfNeeded: (16 &- count) &* 8)
    return (UInt64(truncatingIfNeeded: shifted), UInt64(truncatingIfNeeded: shifted &>> 64))
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
