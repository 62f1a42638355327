// Invariant that makes this file safe: every row's text lies within `texts`, and rows are found only by positions that
// `find` or `append` gave since the last `removeAll`.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// One key of a table and what was counted for it.
struct KeyRow: BitwiseCopyable {
  var hash: UInt64
  var textOffset: UInt32
  var textLength: UInt32
  /// Whether the row has changed since it was last taken over.
  var isPending = false
  var accumulator = Accumulator()
}

/// Accumulators by key, in the order in which the keys came.
struct KeyRows: ~Copyable {
  private var index = IndexTable()
  private(set) var rows = Storage<KeyRow>(capacity: 4)
  private var texts = Storage<UInt8>(capacity: 64)

  var count: Int { rows.count }
  var byteCount: Int { index.byteCount + rows.byteCount + texts.byteCount }

  func text(_ row: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: texts.base + Int(rows[row].textOffset), count: Int(rows[row].textLength))
  }

  /// The row of a key whose whole text is at hand.
  func find(_ hash: UInt64, text: UnsafeRawBufferPointer) -> Int? {
    index.find(hash) { row in
      Int(rows[row].textLength) == text.count
        && (text.isEmpty || memcmp(texts.base + Int(rows[row].textOffset), text.baseAddress!, text.count) == 0)
    }
  }

  /// The row of a key of which `matches` recognises the text.
  @inline(__always)
  func find(_ hash: UInt64, where matches: (UnsafePointer<UInt8>, Int) -> Bool) -> Int? {
    index.find(hash) { row in
      rows[row].hash == hash && matches(texts.base + Int(rows[row].textOffset), Int(rows[row].textLength))
    }
  }

  /// Adds a key that is not there yet.
  mutating func append(_ hash: UInt64, text: UnsafeRawBufferPointer) -> Int {
    let offset = texts.append(contentsOf: text.assumingMemoryBound(to: UInt8.self))
    let row = rows.append(
      KeyRow(hash: hash, textOffset: UInt32(offset), textLength: UInt32(text.count)))
    let base = rows.base
    index.insert(hash, position: row) { base[$0].hash }
    return row
  }

  /// The accumulator of a row, in place.
  @inline(__always) func pointer(_ row: Int) -> UnsafeMutablePointer<KeyRow> { rows.base + row }

  /// Forgets all keys; the accumulators' sketches are their pool's business.
  mutating func removeAll() {
    index.removeAll()
    rows.removeAll()
    texts.removeAll()
  }
}
