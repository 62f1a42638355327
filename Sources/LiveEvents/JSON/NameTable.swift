// Invariant: `slots` has 2^`bits` initialized entries from init to deinit, and a slot index has `bits` bits.

/// Which of a few short names some bytes are, found without comparing them one after the other.
///
/// A perfect hash table: the multiplier that gives every name a slot of its own is searched when the table is built.
struct NameTable: ~Copyable {
  /// What ``find(low:high:)`` answers where no name matches.
  static var absent: UInt8 { 0xFF }
  /// Names are shorter than this, so that their length fits in the last byte of two words.
  static var longestName: Int { 15 }

  private struct Slot {
    var low: UInt64 = 0
    var high: UInt64 = 0
    var value: UInt8 = NameTable.absent
  }

  private static let bits = 6
  private let slots: UnsafeMutablePointer<Slot>
  private let multiplier: UInt64

  /// A table that answers a name's index. The names are distinct and have 1...15 bytes.
  init(_ names: [String]) {
    let keys = names.map { NameTable.key($0) }
    precondition(names.count < 1 << NameTable.bits)
    slots = .allocate(capacity: 1 << NameTable.bits)
    var candidate: UInt64 = 0x9E37_79B9_7F4A_7C15
    while Set(keys.map { NameTable.slot($0.low, $0.high, candidate) }).count < keys.count {
      candidate = (candidate &* 0x5851_F42D_4C95_7F2D &+ 0x1405_7B7E_F767_814F) | 1
    }
    multiplier = candidate
    slots.initialize(repeating: Slot(), count: 1 << NameTable.bits)
    for (index, key) in keys.enumerated() {
      slots[NameTable.slot(key.low, key.high, candidate)] = Slot(low: key.low, high: key.high, value: UInt8(index))
    }
  }

  deinit { slots.deallocate() }

  /// The two words that stand for a name: its bytes, zeros, and its length in the last byte.
  static func key(_ name: String) -> (low: UInt64, high: UInt64) {
    var name = name
    return name.withUTF8 { text in
      precondition((1...longestName).contains(text.count))
      let words = ByteWords.load(text.baseAddress!, count: text.count)
      return (words.low, words.high | UInt64(text.count) &<< 56)
    }
  }

  /// The index of the name with these `count` <= 15 bytes, given as two words with zeros behind them.
  @inline(__always)
  func find(low: UInt64, high: UInt64, count: Int) -> UInt8 {
    let high = high | UInt64(truncatingIfNeeded: count) &<< 56
    let slot = slots + NameTable.slot(low, high, multiplier)
    return slot.pointee.low == low && slot.pointee.high == high ? slot.pointee.value : NameTable.absent
  }

  @inline(__always)
  private static func slot(_ low: UInt64, _ high: UInt64, _ multiplier: UInt64) -> Int {
    Int(truncatingIfNeeded: ((low ^ (high &<< 5 | high &>> 59)) &* multiplier) &>> UInt64(64 &- bits))
  }
}
