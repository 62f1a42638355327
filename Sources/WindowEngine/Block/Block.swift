// Invariant that makes this file safe: `blocks` has a place for each shard, which holds one reference to the block that is
// being written for it, or none.

/// A run of partials of one source partition for one shard, as bytes: what goes from a lane to a rollup.
///
/// Layout, all integers little-endian or LEB128 ("v"): a header (``BlockFormat/version``, ``PartialKind/block``, the
/// plan's ``EnginePlan/stateID`` 8 bytes, source partition v, source offset v), then items. An item is a section (1,
/// pane zigzag v, group v) that holds for the entries behind it, or an entry (2 or, of the overflow key, 3; text length
/// v, text, first and last event time v within the pane, the non-zero counters' bits 3 bytes, those counters v, then the
/// sketches that are not empty, named by the upper bits of the third byte: a count v and as many 8-byte hashes, or 257
/// and the 4096 registers).
///
/// The counters and times are the key's state as of the source offset. The sketches hold the members that came since the
/// block before: merging a member again changes nothing, so they need not be repeated.
public final class Block: ByteBuffer, @unchecked Sendable {
  /// The shard that the keys of this block belong to.
  public let shard: Int
  /// The source partition whose events were counted, the number its owner gave it.
  public let source: Int

  init(shard: Int, source: Int, capacity: Int) {
    self.shard = shard
    self.source = source
    super.init(capacity: capacity)
  }
}

/// What a record of the partials topic holds.
enum PartialKind {
  static let block: UInt8 = 1
  static let frontiers: UInt8 = 2
}

/// The numbers of the block format.
enum BlockFormat {
  /// Raised when the layout, the key hash or the sketches change meaning.
  static let version: UInt8 = 2
  static let section: UInt8 = 1
  static let entry: UInt8 = 2
  static let overflowEntry: UInt8 = 3
  static let denseMark = UInt64(Sketch.sparseLimit + 1)
  /// A block is handed on once it is this long, so that a rollup works while the lane goes on.
  static let targetLength = 256 << 10
  /// An entry's parts that are bounded: tag, lengths, times and counters.
  static let fixedEntryLength = 64 + 10 * Counter.count
}

/// Writes partials of one source partition into a block per shard.
final class BlockWriters {
  /// Bytes for which a block has room at first: as many as the shard's last one took and another entry, within these.
  /// Many small ones may wait to be committed.
  private static let capacities = (16 << 10)...(64 << 10)

  private let shards: Int
  private let source: Int
  private let rankedGroups: [Bool]
  private let groupHashes: [UInt64]
  private let paneLength: Int64
  private let stateID: UInt64
  private let emit: (Block) -> Void
  /// The block of each shard that is being written; unmanaged, since an entry must not cost a reference count.
  private let blocks: UnsafeMutablePointer<Unmanaged<Block>?>
  private var sections: [(pane: Int64, group: Int)]
  private var lastCounts: [Int]
  /// The offset up to which the source partition's records are counted.
  var sourceOffset: Int64 = 0

  init(plan: EnginePlan, shards: Int, source: Int, emit: @escaping (Block) -> Void) {
    self.shards = shards
    self.source = source
    self.emit = emit
    stateID = plan.stateID
    rankedGroups = plan.groups.map(\.isRanked)
    groupHashes = plan.groups.map(\.hash)
    paneLength = plan.time.pane
    blocks = .allocate(capacity: shards)
    blocks.initialize(repeating: nil, count: shards)
    sections = Array(repeating: (0, -1), count: shards)
    lastCounts = Array(repeating: 0, count: shards)
  }

  deinit {
    for shard in 0..<shards { blocks[shard]?.release() }
    blocks.deallocate()
  }

  /// Appends the state of one key in one pane.
  func write(
    pane: Int64, group: Int, hash: UInt64, isOverflow: Bool, text: UnsafeRawBufferPointer,
    _ accumulator: UnsafePointer<Accumulator>
  ) {
    let shard = shards == 1 ? 0 : Int((rankedGroups[group] ? groupHashes[group] : hash) % UInt64(shards))
    let length = (blocks[shard] ?? open(shard))._withUnsafeGuaranteedRef { block in
      if sections[shard] != (pane, group) {
        sections[shard] = (pane, group)
        block.reserve(32)
        block.put(BlockFormat.section)
        block.putSigned(pane)
        block.putVarint(UInt64(group))
      }
      block.reserve(BlockFormat.fixedEntryLength + text.count)
      block.put(isOverflow ? BlockFormat.overflowEntry : BlockFormat.entry)
      block.putVarint(UInt64(text.count))
      block.put(text)
      block.putVarint(UInt64(accumulator.pointee.firstTimestamp - pane * paneLength))
      block.putVarint(UInt64(accumulator.pointee.lastTimestamp - pane * paneLength))
      block.put(accumulator.pointer(to: \.counters).unsafelyUnwrapped, marks: accumulator.pointee.sketchMarks)
      block.putSketches(accumulator)
      return block.count
    }
    if length >= BlockFormat.targetLength { close(shard) }
  }

  /// Hands on every block that was begun.
  func flush() {
    for shard in 0..<shards { close(shard) }
  }

  private func open(_ shard: Int) -> Unmanaged<Block> {
    let room = lastCounts[shard] + BlockFormat.fixedEntryLength
    let capacity = min(max(room, Self.capacities.lowerBound), Self.capacities.upperBound)
    let block = Block(shard: shard, source: source, capacity: capacity)
    block.put(BlockFormat.version)
    block.put(PartialKind.block)
    block.putWord(stateID)
    block.putVarint(UInt64(source))
    block.putVarint(UInt64(sourceOffset))
    let unmanaged = Unmanaged.passRetained(block)
    blocks[shard] = unmanaged
    sections[shard] = (0, -1)
    return unmanaged
  }

  private func close(_ shard: Int) {
    guard let block = blocks[shard]?.takeRetainedValue() else { return }
    blocks[shard] = nil
    lastCounts[shard] = block.count
    emit(block)
  }
}
