// Invariant that makes this file safe: `bytes` has `capacity` bytes of which the first `count` are written; a block has
// one owner at a time, who hands it on and forgets it.

/// A run of partials of one source partition for one shard, as bytes: what goes from a lane to a rollup.
///
/// Layout, all integers little-endian or LEB128 ("v"): a header (``BlockFormat/version``, source partition v, source
/// offset v), then items. An item is a section (1, pane zigzag v, group v) that holds for the entries behind it, or an
/// entry (2, flags, key hash 8 bytes, text length v, text, first and last event time v within the pane, the non-zero
/// counters' bits 3 bytes, those counters v, then buyers, viewers and clickers: a count v and as many 8-byte hashes,
/// or 257 and the 4096 registers).
public final class Block: @unchecked Sendable {
  /// The shard that the keys of this block belong to.
  public let shard: Int
  /// The source partition whose events were counted, the number its owner gave it.
  public let source: Int
  private(set) var base: UnsafeMutablePointer<UInt8>
  private(set) var count = 0
  private var capacity: Int

  init(shard: Int, source: Int, capacity: Int) {
    self.shard = shard
    self.source = source
    self.capacity = capacity
    base = .allocate(capacity: capacity)
  }

  deinit { base.deallocate() }

  /// The encoded bytes; valid while the block is.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  @inline(__always) func reserve(_ more: Int) {
    if count + more > capacity { grow(more) }
  }

  @inline(never) private func grow(_ more: Int) {
    capacity = max(capacity * 2, count + more)
    let bigger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    bigger.update(from: base, count: count)
    base.deallocate()
    base = bigger
  }

  /// Appends a byte for which there is room.
  @inline(__always) func put(_ byte: UInt8) {
    base[count] = byte
    count += 1
  }

  /// Appends a LEB128 number of at most ten bytes for which there is room.
  @inline(__always) func putVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      put(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    put(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends eight bytes for which there is room.
  @inline(__always) func putWord(_ value: UInt64) {
    UnsafeMutableRawPointer(base + count).storeBytes(of: value.littleEndian, as: UInt64.self)
    count += 8
  }

  @inline(__always) func put(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    UnsafeMutableRawPointer(base + count).copyMemory(from: source, byteCount: bytes.count)
    count += bytes.count
  }
}

/// The numbers of the block format.
enum BlockFormat {
  /// Raised when the layout, the key hash or the sketches change meaning.
  static let version: UInt8 = 1
  static let section: UInt8 = 1
  static let entry: UInt8 = 2
  static let overflowFlag: UInt8 = 1
  static let denseMark = UInt64(Sketch.sparseLimit + 1)
  /// A block is handed on once it is this long, so that a rollup works while the lane goes on.
  static let targetLength = 256 << 10
  /// An entry's parts that are bounded: tag, flags, hash, lengths, times and counters.
  static let fixedEntryLength = 64 + 10 * Counter.count
}

/// Writes partials of one source partition into a block per shard.
final class BlockWriters {
  private let shards: Int
  private let source: Int
  private let rankedGroups: [Bool]
  private let groupHashes: [UInt64]
  private let paneLength: Int64
  private let emit: (Block) -> Void
  private var blocks: [Block?]
  private var sections: [(pane: Int64, group: Int)]
  /// The offset up to which the source partition's records are counted.
  var sourceOffset: Int64 = 0

  init(plan: EnginePlan, shards: Int, source: Int, emit: @escaping (Block) -> Void) {
    self.shards = shards
    self.source = source
    self.emit = emit
    rankedGroups = plan.groups.map(\.isRanked)
    groupHashes = plan.groups.map(\.hash)
    paneLength = plan.time.pane
    blocks = Array(repeating: nil, count: shards)
    sections = Array(repeating: (0, -1), count: shards)
  }

  /// Appends the state of one key in one pane.
  func write(
    pane: Int64, group: Int, hash: UInt64, isOverflow: Bool, text: UnsafeRawBufferPointer,
    accumulator: Accumulator
  ) {
    let shard = shards == 1 ? 0 : Int((rankedGroups[group] ? groupHashes[group] : hash) % UInt64(shards))
    let block = blocks[shard] ?? open(shard)
    if sections[shard] != (pane, group) {
      sections[shard] = (pane, group)
      block.reserve(32)
      block.put(BlockFormat.section)
      block.putVarint(UInt64(bitPattern: (pane << 1) ^ (pane >> 63)))
      block.putVarint(UInt64(group))
    }
    block.reserve(BlockFormat.fixedEntryLength + text.count)
    block.put(BlockFormat.entry)
    block.put(isOverflow ? BlockFormat.overflowFlag : 0)
    block.putWord(hash)
    block.putVarint(UInt64(text.count))
    block.put(text)
    block.putVarint(UInt64(accumulator.firstTimestamp - pane * paneLength))
    block.putVarint(UInt64(accumulator.lastTimestamp - pane * paneLength))
    write(accumulator.counters, to: block)
    write(accumulator.buyers, to: block)
    write(accumulator.viewers, to: block)
    write(accumulator.clickers, to: block)
    if block.count >= BlockFormat.targetLength { close(shard) }
  }

  /// Hands on every block that was begun.
  func flush() {
    for shard in 0..<shards { close(shard) }
  }

  private func open(_ shard: Int) -> Block {
    let block = Block(shard: shard, source: source, capacity: 16 << 10)
    block.put(BlockFormat.version)
    block.putVarint(UInt64(source))
    block.putVarint(UInt64(sourceOffset))
    blocks[shard] = block
    sections[shard] = (0, -1)
    return block
  }

  private func close(_ shard: Int) {
    guard let block = blocks[shard] else { return }
    blocks[shard] = nil
    emit(block)
  }

  private func write(_ counters: Counters, to block: Block) {
    var bits: UInt32 = 0
    for i in 0..<Counter.count where counters.values[i] != 0 { bits |= 1 << UInt32(i) }
    block.put(UInt8(truncatingIfNeeded: bits))
    block.put(UInt8(truncatingIfNeeded: bits >> 8))
    block.put(UInt8(truncatingIfNeeded: bits >> 16))
    while bits != 0 {
      let i = bits.trailingZeroBitCount
      block.putVarint(UInt64(counters.values[i]))
      bits &= bits - 1
    }
  }

  private func write(_ sketch: Sketch, to block: Block) {
    if let registers = sketch.denseRegisters {
      block.reserve(16 + Sketch.registerCount)
      block.putVarint(BlockFormat.denseMark)
      block.put(UnsafeRawBufferPointer(start: registers, count: Sketch.registerCount))
    } else {
      block.reserve(16 + Int(sketch.count) * 8)
      block.putVarint(UInt64(sketch.count))
      sketch.forEachMember { block.putWord($0) }
    }
  }
}
