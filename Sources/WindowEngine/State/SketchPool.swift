// Invariant that makes this file safe: every pointer handed out lies inside a chunk that the pool owns until it is
// destroyed, is `words(ofClass:)` words long, and is on exactly one side: with a sketch, or on one free list.

/// Memory for the sketches of one owner (a source partition, a rollup shard): blocks of a few sizes, cut from chunks and reused.
///
/// A sketch is a plain value that points into its pool, so tables of sketches move and copy like integers. Not
/// thread-safe; one owner.
@usableFromInline
final class SketchPool {
  /// Block sizes are 4, 8, ... 512 words; 512 words hold a sparse set of 256 members or 4096 registers.
  @usableFromInline static let classCount = 8
  /// 64 Ki words (512 KiB): large enough that chunk allocation never shows, small enough for a thousand open panes.
  private static let chunkWords = 1 << 16
  private static let firstChunkWords = 1 << 10
  /// A pool that has so many chunks, 1.5 MiB, grows by huge pages.
  private static let smallChunks = 4
  private static let largeChunkWords = LargeMemory.hugePage / MemoryLayout<UInt64>.stride

  // One owner, and nothing calls back: checks of exclusive access for each block were felt.
  @exclusivity(unchecked) private var chunks: [(base: UnsafeMutablePointer<UInt64>, words: Int)] = []
  @exclusivity(unchecked) private var chunkIndex = 0
  @exclusivity(unchecked) private var used = 0
  @exclusivity(unchecked) private var free: InlineArray<8, UnsafeMutablePointer<UInt64>?> = .init(repeating: nil)

  @usableFromInline init() {}

  deinit {
    for chunk in chunks { chunk.base.deallocate() }
  }

  /// Bytes of memory the pool holds, in use or free.
  var byteCount: Int { chunks.reduce(0) { $0 + $1.words * 8 } }

  @inlinable static func words(ofClass sizeClass: Int) -> Int { 4 &<< sizeClass }

  /// A block of `words(ofClass: sizeClass)` words, zeroed or with anything in it.
  @usableFromInline func allocate(sizeClass: Int, isZeroed: Bool = true) -> UnsafeMutablePointer<UInt64> {
    let words = Self.words(ofClass: sizeClass)
    if let block = free[sizeClass] {
      free[sizeClass] = UnsafeMutablePointer(bitPattern: UInt(block[0]))
      if isZeroed { block.update(repeating: 0, count: words) }
      return block
    }
    while chunkIndex < chunks.count {
      if used + words <= chunks[chunkIndex].words {
        let block = chunks[chunkIndex].base + used
        used += words
        if isZeroed { block.update(repeating: 0, count: words) }
        return block
      }
      chunkIndex += 1
      used = 0
    }
    let size = nextChunkWords
    chunks.append((LargeMemory.allocate(size, of: UInt64.self), size))
    chunks[chunks.count - 1].base.initialize(repeating: 0, count: size)
    used = words
    return chunks[chunks.count - 1].base
  }

  private var nextChunkWords: Int {
    if chunks.isEmpty { return Self.firstChunkWords }
    return chunks.count < Self.smallChunks ? Self.chunkWords : Self.largeChunkWords
  }

  /// Takes back a block of that size class.
  @usableFromInline func release(_ block: UnsafeMutablePointer<UInt64>, sizeClass: Int) {
    block[0] = UInt64(UInt(bitPattern: free[sizeClass]))
    free[sizeClass] = block
  }
}
