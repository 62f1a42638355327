// Invariant that makes this file safe: every row's text lies within `texts`, and rows are found only by positions that
// `find`, `likelyRow` or `append` gave since the last `removeAll`.

import CPrefetch

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// One key of a table: what finding it reads.
struct KeyRow: BitwiseCopyable {
  var hash: UInt64
  var textOffset: UInt32
  var textLength: UInt16
  /// Whether the row has changed since it was last taken over.
  var isPending = false
}

/// Accumulators by key, in the order in which the keys came.
///
/// What finding a key reads is apart from what is counted for it, so that a search stays in the cache however large the
/// accumulators are.
struct KeyRows: ~Copyable {
  private var index = IndexTable()
  private var keys = Storage<KeyRow>(capacity: 4)
  private var accumulators = Storage<Accumulator>(capacity: 4)
  private var texts = Storage<UInt8>(capacity: 64)

  var count: Int { keys.count }
  var byteCount: Int { index.byteCount + keys.byteCount + accumulators.byteCount + texts.byteCount }

  func text(_ row: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: texts.base + Int(keys[row].textOffset), count: Int(keys[row].textLength))
  }

  func hash(_ row: Int) -> UInt64 { keys[row].hash }

  /// Bytes of all texts.
  var textBytes: Int { texts.count }

  /// Marks a row as changed. Returns whether it was not marked yet.
  @inline(__always) func mark(_ row: Int) -> Bool {
    if keys[row].isPending { return false }
    keys[row].isPending = true
    return true
  }

  /// Takes the mark back.
  func unmark(_ row: Int) { keys[row].isPending = false }

  /// Asks for the memory in which a key with that hash will be looked for.
  @inline(__always) func prefetch(_ hash: UInt64) { lt_prefetch(index.home(of: hash)) }

  /// The row of a key of which 32 bits of the hash agree: that of the key, if there is one, but for one case in billions.
  @inline(__always) func likelyRow(_ hash: UInt64) -> Int? { index.find(hash) { _ in true } }

  /// Asks for what finding the key reads of a row.
  @inline(__always) func prefetchKey(of row: Int) { lt_prefetch(keys.base + row) }

  /// Asks for a row's text.
  @inline(__always) func prefetchText(of row: Int) { lt_prefetch(texts.base + Int(keys[row].textOffset)) }

  /// Whether a row is that of a key.
  @inline(__always) func isKey(row: Int, text: UnsafeRawBufferPointer) -> Bool {
    Int(keys[row].textLength) == text.count
      && (text.isEmpty || memcmp(texts.base + Int(keys[row].textOffset), text.baseAddress!, text.count) == 0)
  }

  /// The row of a key.
  @inline(__always)
  func find(_ hash: UInt64, text: UnsafeRawBufferPointer) -> Int? {
    index.find(hash) { isKey(row: $0, text: text) }
  }

  /// Adds a key that is not there yet.
  mutating func append(_ hash: UInt64, text: UnsafeRawBufferPointer) -> Int {
    let offset = texts.append(contentsOf: text.assumingMemoryBound(to: UInt8.self))
    let row = keys.append(KeyRow(hash: hash, textOffset: UInt32(offset), textLength: UInt16(text.count)))
    accumulators.append(Accumulator())
    let base = keys.base
    index.insert(hash, position: row) { base[$0].hash }
    return row
  }

  /// The accumulator of a row, in place, until the next row is added.
  @inline(__always) func pointer(_ row: Int) -> UnsafeMutablePointer<Accumulator> { accumulators.base + row }

  /// Forgets all keys; the accumulators' sketches are their pool's business.
  mutating func removeAll() {
    index.removeAll()
    keys.removeAll()
    accumulators.removeAll()
    texts.removeAll()
  }
}
