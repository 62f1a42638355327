// Invariant: only bytes inside the given buffer are read; the last block is put together from loads that end at the
// buffer's end.

/// The two 64-bit hashes of identifiers, fixed for all time: they are part of what checkpoints and partials hold.
///
/// 16 bytes at a time, mixed by 64 x 64 -> 128-bit multiplications, after wyhash (Wang Yi, 2019). The constants that
/// meet the last words of a text begin with a byte that UTF-8 never contains, so that no text makes a factor zero.
public enum IdentifierHash {
  /// Changes whenever either hash does; state written under another version is not comparable.
  public static let version: UInt8 = 1

  /// The hash that identifies a value in groups, shards and distinct counts; 0 only for no bytes at all.
  public static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 { hash(bytes, .identity) }

  /// A second hash, independent of ``hash(_:)``, that tells remembered event ids with equal hashes apart.
  public static func fingerprint(_ bytes: UnsafeRawBufferPointer) -> UInt64 { hash(bytes, .fingerprint) }

  /// Odd constants with balanced bits, without meaning otherwise.
  struct Secret {
    var low, high, block, finalLow, finalHigh: UInt64

    static var identity: Secret {
      @inline(__always) get {
        Secret(
          low: 0xFF1B_53C6_9A2E_74D9, high: 0xFE8E_B2A7_1D64_C53B, block: 0x9C6D_51E3_B478_A62F,
          finalLow: 0x59A7_C34E_D28B_1E65, finalHigh: 0xE3B4_6A95_1CD8_7263)
      }
    }
    static var fingerprint: Secret {
      @inline(__always) get {
        Secret(
          low: 0xFF72_A59C_3E61_D48B, high: 0xFEC5_1B6E_927A_3DA9, block: 0x6B39_E4D2_875C_A1F3,
          finalLow: 0xD1E6_4B2D_93A7_5C39, finalHigh: 0xA65C_39D1_7E2B_84F5)
      }
    }
  }

  static func hash(_ bytes: UnsafeRawBufferPointer, _ secret: Secret) -> UInt64 {
    guard var block = bytes.baseAddress, bytes.count > 0 else { return 0 }
    var left = bytes.count
    var seed: UInt64 = 0
    while left > 16 {
      let low = block.loadUnaligned(as: UInt64.self)
      let high = block.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
      seed = fold(UInt64(littleEndian: low) ^ secret.block, UInt64(littleEndian: high) ^ secret.finalHigh ^ seed)
      block += 16
      left -= 16
    }
    let last = ByteWords.load(block.assumingMemoryBound(to: UInt8.self), count: left)
    return finish(low: last.low, high: last.high, seed: seed, count: bytes.count, secret)
  }

  /// The hash of 1...16 bytes, given as two little-endian words with zeros behind them.
  @inline(__always)
  static func hash(low: UInt64, high: UInt64, count: Int) -> UInt64 {
    finish(low: low, high: high, seed: 0, count: count, .identity)
  }

  @inline(__always)
  private static func finish(low: UInt64, high: UInt64, seed: UInt64, count: Int, _ secret: Secret) -> UInt64 {
    let product = (low ^ secret.low).multipliedFullWidth(by: high ^ secret.high ^ seed)
    let mixed = (product.low ^ secret.finalLow ^ UInt64(truncatingIfNeeded: count))
      .multipliedFullWidth(by: product.high ^ secret.finalHigh)
    let result = mixed.low ^ mixed.high
    return result &+ (result == 0 ? 1 : 0)
  }

  /// A block of a long text. Its factors are added to the product, so that a factor of zero erases nothing.
  @inline(__always)
  private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return (left ^ product.low) ^ (right ^ product.high)
  }
}
