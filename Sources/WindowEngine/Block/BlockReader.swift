// Invariant that makes this file safe: an entry's pointers lie within the block that it was read from.

/// One key's state in one pane, read from a block.
struct BlockEntry {
  var pane: Int64 = 0
  var group = 0
  var hash: UInt64 = 0
  var isOverflow = false
  var text = UnsafeRawBufferPointer(start: nil, count: 0)
  var firstTimestamp: Int64 = 0
  var lastTimestamp: Int64 = 0
  var counters = Counters()
  /// Which counters are not 0 and which sketches not empty.
  var contents: PackedAccumulator.Contents = 0
  /// Buyers, viewers, clickers.
  var sketches: InlineArray<3, SketchBytes> = .init(repeating: SketchBytes())
}

/// A sketch as it stands in a block.
struct SketchBytes {
  /// 8-byte hashes, or the registers.
  var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
  var isDense = false

  /// Adds what it holds to `sketch`.
  func add(to sketch: inout Sketch, in pool: SketchPool) {
    if isDense {
      sketch.formUnion(registers: bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), in: pool)
    } else {
      sketch.insert(bytes.count / 8, in: pool) { insert in
        for at in stride(from: 0, to: bytes.count, by: 8) {
          // No member is 0: it would be damage, and a table's free place.
          let member = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
          if member != 0 { insert(member) }
        }
      }
    }
  }
}

/// Reads a block entry by entry, in place.
struct BlockReader {
  private var reader: ByteReader
  private let paneLength: Int64
  private let groupHashes: [UInt64]
  private var pane: Int64 = 0
  private var group = -1
  let source: Int
  let sourceOffset: Int64
  /// Whether it was written for the plan it is read with; the entries of another one mean something else.
  let isOfPlan: Bool

  init(_ bytes: UnsafeRawBufferPointer, plan: EnginePlan) throws(StateError) {
    paneLength = plan.time.pane
    groupHashes = plan.groups.map(\.hash)
    reader = ByteReader(bytes, kind: .partial)
    let version = try reader.byte()
    guard version == BlockFormat.version else { throw .version(.partial, version) }
    guard try reader.byte() == PartialKind.block else { throw reader.invalid("kind") }
    isOfPlan = try reader.word() == plan.stateID
    source = try reader.count(upTo: Int(Int32.max), "source partition")
    sourceOffset = Int64(bitPattern: try reader.varint())
  }

  /// Fills `entry` with the next one; `false` at the end. Its pointers are valid while the block is.
  mutating func next(_ entry: inout BlockEntry) throws(StateError) -> Bool {
    while !reader.isAtEnd {
      let tag = try reader.byte()
      if tag == BlockFormat.entry || tag == BlockFormat.overflowEntry {
        try read(&entry, isOverflow: tag == BlockFormat.overflowEntry)
        return true
      }
      guard tag == BlockFormat.section else { throw reader.invalid("item") }
      pane = try reader.signed()
      group = try reader.count(upTo: groupHashes.count - 1, "group")
    }
    return false
  }

  private mutating func read(_ entry: inout BlockEntry, isOverflow: Bool) throws(StateError) {
    guard group >= 0 else { throw reader.invalid("section") }
    entry.pane = pane
    entry.group = group
    entry.isOverflow = isOverflow
    entry.text = try reader.keyText()
    entry.hash =
      isOverflow
      ? KeyText.overflowHash(group: groupHashes[group]) : KeyText.hash(entry.text, group: groupHashes[group])
    entry.firstTimestamp = pane &* paneLength &+ Int64(bitPattern: try reader.varint())
    entry.lastTimestamp = pane &* paneLength &+ Int64(bitPattern: try reader.varint())
    entry.contents = try reader.counters(into: &entry.counters)
    let marks = PackedAccumulator.sketches(entry.contents)
    for i in 0..<3 {
      entry.sketches[i] = marks & (1 << UInt8(i)) == 0 ? SketchBytes() : try reader.sketch()
    }
  }
}
