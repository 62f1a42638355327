// Invariant: a pattern table's `entries` has 2 x `count` and `candidates` 2^`bits` entries from init to deinit; each
// candidate's offset and each successor is a place inside `entries`.

import CStringIndex

/// How a member with a known key begins: the key, the colon, and the quote of a value that must be text.
///
/// The longest one, `"category_id": "`, is just 16 bytes: two words tell whether it stands somewhere. What else the
/// decoder needs to know of a key is kept next to it.
struct KeyPattern {
  typealias Table = UnsafeMutablePointer<KeyPattern>

  /// The text, and the bytes of it that count, one behind the other. As they stand here nothing matches, for no masked
  /// word is 1.
  private var begin = SIMD2<UInt64>(repeating: 1)
  private var counted = SIMD2<UInt64>()
  /// The key that came after this one the last time.
  var successor: Table
  /// Bytes from the key's quote to the value, or to the text behind the quote of it.
  private(set) var length = 0
  /// The key's bits in a ``MemberSet``.
  let mark: MemberSet.Mark
  /// Where the key's text goes; nil for keys that hold none.
  let text: UnsafeMutablePointer<Identifier>?
  /// Where the key's integer goes; nil for keys that hold none.
  let integer: UnsafeMutablePointer<Int64>?
  /// ``EventKey/rawValue``, ``KeyPatterns/unknown`` or ``KeyPatterns/start``.
  let key: UInt8

  fileprivate init(_ index: UInt8, spaced: Bool, in table: Table, _ room: DecoderMemory) {
    let key = EventKey(rawValue: index)
    self.key = index
    mark = MemberSet.Mark(index)
    successor = table + Int(KeyPatterns.unknown)
    text = key.flatMap(room.text)
    integer = key.flatMap(room.integer)
    guard let key else { return }
    let text = Array("\"\(key.jsonName)\":\(spaced ? " " : "")\(key.isText ? "\"" : "")".utf8)
    precondition(text.count <= 16)
    withUnsafeMutableBytes(of: &begin) { $0.copyBytes(from: text + Array(repeating: 0, count: 16 - text.count)) }
    withUnsafeMutableBytes(of: &counted) { bytes in
      for index in 0..<16 { bytes[index] = index < text.count ? 0xFF : 0 }
    }
    length = text.count
  }

  /// Whether the 16 bytes at a place begin with a pattern.
  @inline(__always)
  static func begins(_ place: UnsafePointer<UInt8>, with pattern: Table) -> Bool { lt_matches(place, pattern) }

  /// The first four bytes behind the quote, which no other key begins with.
  fileprivate var prefix: UInt32 { KeyPatterns.prefix(UInt64(littleEndian: begin[0])) }
}

/// The patterns of all keys, in the two styles that programs write: `"key":"text",` and `"key": "text", `.
struct KeyPatterns: ~Copyable {
  /// The index of what stands for every key that means nothing; nothing matches it.
  static var unknown: UInt8 { UInt8(truncatingIfNeeded: EventKey.allCases.count) }
  /// The index of what comes before the first key, with the opening brace for a separator.
  static var start: UInt8 { unknown &+ 1 }

  /// What stands between a value and the next key's text: a comma, a space or none, and a quote.
  struct Separator {
    /// 0 or 1.
    let spaces: Int
    /// The quote that ends a text, and the separator; and which of four bytes that are.
    private let bytes, mask: UInt32
    /// The quote that ends a key, a colon as the separator is written, and the quote of a text.
    private let colon: UInt32

    fileprivate init(spaces: Bool) {
      self.spaces = spaces ? 1 : 0
      colon = spaces ? 0x2220_3A22 : 0x22_3A22
      bytes = spaces ? 0x2220_2C22 : 0x22_2C22
      mask = spaces ? 0xFFFF_FFFF : 0xFF_FFFF
    }

    /// Whether four bytes begin with the end of a text and a separator.
    @inline(__always)
    func followsText(_ bytes: UInt32) -> Bool { bytes & mask == self.bytes }

    /// Whether four bytes begin with a separator.
    @inline(__always)
    func follows(_ bytes: UInt32) -> Bool { followsText(bytes &<< 8 | 0x22) }

    /// Whether four bytes begin with the end of a key, the colon as this style writes it, and a quote.
    @inline(__always)
    func isColonOfText(_ bytes: UInt32) -> Bool { bytes & mask == colon }

    /// The same without the quote.
    @inline(__always)
    func isColon(_ bytes: UInt32) -> Bool { bytes & mask &>> 8 == colon & mask &>> 8 }
  }

  private static var count: Int { Int(start) + 1 }
  private static let bits = 6
  private let entries: KeyPattern.Table
  /// For each hash of a prefix the one key that may have it: bytes from the start of its table.
  private let candidates: UnsafeMutablePointer<UInt32>
  private let multiplier: UInt32
  /// The patterns of the style that was seen last.
  private(set) var current: KeyPattern.Table
  /// What stands between a value and the next key in that style.
  private(set) var separator = Separator(spaces: false)

  init(_ room: DecoderMemory) {
    let count = KeyPatterns.count
    entries = .allocate(capacity: 2 * count)
    current = entries
    for index in 0..<2 * count {
      (entries + index).initialize(
        to: KeyPattern(
          UInt8(index % count), spaced: index >= count, in: entries + index / count * count, room))
    }
    let prefixes = EventKey.allCases.map { [entries] in entries[Int($0.rawValue)].prefix }
    var candidate: UInt32 = 0x9E37_79B1
    while Set(prefixes.map { KeyPatterns.slot($0, candidate) }).count < prefixes.count {
      candidate = candidate &* 0x0019_660D &+ 0x3C6E_F35F | 1
    }
    multiplier = candidate
    candidates = .allocate(capacity: 1 << KeyPatterns.bits)
    let size = UInt32(MemoryLayout<KeyPattern>.stride)
    candidates.initialize(
      repeating: UInt32(KeyPatterns.unknown) * size, count: 1 << KeyPatterns.bits)
    for (index, prefix) in prefixes.enumerated() {
      candidates[KeyPatterns.slot(prefix, candidate)] = UInt32(index) * size
    }
  }

  deinit {
    entries.deallocate()
    candidates.deallocate()
  }

  /// The one pattern that may stand at a place.
  @inline(__always)
  func candidate(_ place: UnsafePointer<UInt8>) -> KeyPattern.Table {
    let low = UInt64(littleEndian: UnsafeRawPointer(place).loadUnaligned(as: UInt64.self))
    let offset = candidates[KeyPatterns.slot(KeyPatterns.prefix(low), multiplier)]
    return (UnsafeMutableRawPointer(current) + Int(offset)).assumingMemoryBound(to: KeyPattern.self)
  }

  /// Expects members with spaces, or without, from now on.
  mutating func expect(spaces: Bool) {
    current = entries + (spaces ? KeyPatterns.count : 0)
    separator = Separator(spaces: spaces)
  }

  @inline(__always)
  fileprivate static func prefix(_ low: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: low &>> 8) }

  @inline(__always)
  private static func slot(_ prefix: UInt32, _ multiplier: UInt32) -> Int {
    Int(truncatingIfNeeded: (prefix &* multiplier) &>> UInt32(32 &- bits))
  }
}
