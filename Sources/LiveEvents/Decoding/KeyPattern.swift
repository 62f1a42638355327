// Invariant: a pattern table's `entries` has 2 x `count` and `candidates` 2^`bits` entries from init to deinit; each
// candidate's offset and each successor is a place inside `entries`.

/// How a member with a known key begins: the key, the colon, and the quote of a value that must be text.
///
/// The longest one, `"category_id": "`, is just 16 bytes: two words tell whether it stands somewhere. What else the
/// decoder needs to know of a key is kept next to it.
struct KeyPattern {
  typealias Table = UnsafeMutablePointer<KeyPattern>

  /// From the last byte of a value to the end of the 16 bytes behind the longest separator.
  static var longestMember: Int { 19 }

  /// The text and the bytes of it that count. As it stands here nothing matches, for no masked word is 1.
  private var low: UInt64 = 1
  private var high: UInt64 = 1
  private var lowMask: UInt64 = 0
  private var highMask: UInt64 = 0
  /// The key that came after this one the last time.
  var successor: Table
  /// What stands between this key's value and the next key, one or two bytes, and a mask for them.
  let separator, separatorMask: UInt16
  /// From the last byte of this key's value to the next key's quote, bytes: 2 or 3.
  let distance: Int
  /// Bytes from the key's quote to the value, or to the text behind the quote of it.
  private(set) var length = 0
  /// Where the key's identifier goes; nil for keys that hold none.
  let slot: UnsafeMutablePointer<Identifier>?
  /// The key's bits in a ``MemberSet``.
  let mark: MemberSet.Mark
  /// ``EventKey/rawValue``, ``KeyPatterns/unknown`` or ``KeyPatterns/start``.
  let key: UInt8
  /// The identifier's hash is wanted.
  let isHashed: Bool

  fileprivate init(
    _ index: UInt8, spaced: Bool, in table: Table, identifiers: UnsafeMutablePointer<Identifier>,
    hashed: Set<IdentifierField>
  ) {
    let key = EventKey(rawValue: index)
    self.key = index
    mark = MemberSet.Mark(index)
    successor = table + Int(KeyPatterns.unknown)
    let separator: [UInt8] = Array((index == KeyPatterns.start ? "{" : spaced ? ", " : ",").utf8)
    self.separator = UInt16(separator[0]) | (separator.count > 1 ? UInt16(separator[1]) << 8 : 0)
    separatorMask = separator.count > 1 ? 0xFFFF : 0xFF
    distance = 1 + separator.count
    slot = (key?.identifier).map { identifiers + $0.rawValue }
    isHashed = (key?.identifier).map(hashed.contains) ?? false
    guard let key else { return }
    let text = Array("\"\(key.jsonName)\":\(spaced ? " " : "")\(key.isText ? "\"" : "")".utf8)
    precondition(text.count <= 16)
    let words = text.withUnsafeBufferPointer { ByteWords.load($0.baseAddress!, count: $0.count) }
    (low, high) = (words.low, words.high)
    lowMask = text.count >= 8 ? ~0 : (1 << UInt64(text.count * 8)) - 1
    highMask = text.count == 16 ? ~0 : text.count <= 8 ? 0 : (1 << UInt64((text.count - 8) * 8)) - 1
    length = text.count
  }

  /// Whether the 16 bytes begin with this pattern.
  @inline(__always)
  func matches(_ low: UInt64, _ high: UInt64) -> Bool {
    ((low & lowMask) ^ self.low) | ((high & highMask) ^ self.high) == 0
  }

  /// The first four bytes behind the quote, which no other key begins with.
  fileprivate var prefix: UInt32 { KeyPatterns.prefix(low) }
}

/// The patterns of all keys, in the two styles that programs write: `"key":"text",` and `"key": "text", `.
struct KeyPatterns: ~Copyable {
  /// The index of what stands for every key that means nothing; nothing matches it.
  static var unknown: UInt8 { UInt8(truncatingIfNeeded: EventKey.allCases.count) }
  /// The index of what comes before the first key, with the opening brace for a separator.
  static var start: UInt8 { unknown &+ 1 }

  /// A key's place in its table, with a copy of what its value's place depends on.
  struct Candidate {
    fileprivate(set) var offset: UInt32
    /// ``KeyPattern/length`` without spaces.
    fileprivate(set) var length: UInt32
  }

  private static var count: Int { Int(start) + 1 }
  private static let bits = 6
  private let entries: KeyPattern.Table
  /// For each hash of a prefix the one key that may have it.
  private let candidates: UnsafeMutablePointer<Candidate>
  private let multiplier: UInt32
  /// The patterns of the style that was seen last.
  private(set) var current: KeyPattern.Table
  /// Spaces behind the colon in that style.
  private var gap = 0

  init(identifiers: UnsafeMutablePointer<Identifier>, hashed: Set<IdentifierField>) {
    let count = KeyPatterns.count
    entries = .allocate(capacity: 2 * count)
    current = entries
    for index in 0..<2 * count {
      (entries + index).initialize(
        to: KeyPattern(
          UInt8(index % count), spaced: index >= count, in: entries + index / count * count, identifiers: identifiers,
          hashed: hashed))
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
      repeating: Candidate(offset: UInt32(KeyPatterns.unknown) * size, length: 0), count: 1 << KeyPatterns.bits)
    for (index, prefix) in prefixes.enumerated() {
      candidates[KeyPatterns.slot(prefix, candidate)] = Candidate(
        offset: UInt32(index) * size, length: UInt32(entries[index].length))
    }
  }

  deinit {
    entries.deallocate()
    candidates.deallocate()
  }

  /// The one pattern that may stand where a word begins, and its length.
  ///
  /// The length comes without a detour over the pattern, as the next loads wait for it.
  @inline(__always)
  func candidate(_ low: UInt64) -> (pattern: KeyPattern.Table, length: Int) {
    let candidate = candidates[KeyPatterns.slot(KeyPatterns.prefix(low), multiplier)]
    let pattern = UnsafeMutableRawPointer(current) + Int(candidate.offset)
    return (pattern.assumingMemoryBound(to: KeyPattern.self), Int(candidate.length) &+ gap)
  }

  /// Expects members with spaces, or without, from now on.
  mutating func expect(spaces: Bool) {
    current = entries + (spaces ? KeyPatterns.count : 0)
    gap = spaces ? 1 : 0
  }

  @inline(__always)
  fileprivate static func prefix(_ low: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: low &>> 8) }

  @inline(__always)
  private static func slot(_ prefix: UInt32, _ multiplier: UInt32) -> Int {
    Int(truncatingIfNeeded: (prefix &* multiplier) &>> UInt32(32 &- bits))
  }
}
