// Invariant that makes this file safe: `bytes` has `capacity` bytes of which the first `count` are whole records, and
// the index and `overflow` hold offsets at which a live one begins.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The keys of one group in a pane to which only late events still come: about forty bytes for a key, where a
/// ``PaneTable`` takes several hundred.
///
/// A record: 1 (0 once another has taken its place), text length varint, text, first and last event time within the pane
/// varints, counters as ``ByteBuffer/put(_:marks:)-(UnsafePointer<Counters>,_)`` writes them. Everything in it has been
/// sent, so there are no sketches.
struct FrozenTable: ~Copyable {
  private static let live: UInt8 = 1
  private static let dead: UInt8 = 0
  /// A record's parts besides its text and counters: mark, text length and two times.
  private static let maxHeadLength = 1 + 2 + 10 + 10
  /// When replaced records take more than this part of the memory, it is put in order.
  private static let maxDeadShare = 4
  /// By which part the memory grows: few keys come late.
  private static let growthShare = 8

  private var index: IndexTable
  private var bytes: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private var count = 0
  private var deadBytes = 0
  private let groupHash: UInt64
  private let start: Int64
  /// How many keys there are, without the overflow key.
  private(set) var keyCount = 0
  private var overflow: Int?

  /// A table of a pane that begins at `start`, with room for so many keys.
  init(groupHash: UInt64, start: Int64, keys: Int, byteCount: Int) {
    index = IndexTable(capacity: keys)
    capacity = max(byteCount, 16)
    bytes = .allocate(capacity: capacity)
    self.groupHash = groupHash
    self.start = start
  }

  deinit { bytes.deallocate() }

  var byteCount: Int { index.byteCount + capacity }
  var hasOverflow: Bool { overflow != nil }

  /// Whether the key is there.
  func contains(_ hash: UInt64, text: UnsafeRawBufferPointer) -> Bool { find(hash, text) != nil }

  /// Adds what is kept of a key, `nil` the overflow key, to its accumulator.
  func add(_ hash: UInt64, text: UnsafeRawBufferPointer?, to accumulator: UnsafeMutablePointer<Accumulator>) {
    guard let offset = offset(of: hash, text) else { return }
    var state = read(offset).state
    accumulator.pointee.counters.add(&state.counters)
    accumulator.pointee.firstTimestamp = min(accumulator.pointee.firstTimestamp, state.firstTimestamp)
    accumulator.pointee.lastTimestamp = max(accumulator.pointee.lastTimestamp, state.lastTimestamp)
  }

  /// Adds a key that is not there yet, `nil` being the overflow key.
  mutating func append(
    _ hash: UInt64, text: UnsafeRawBufferPointer?, _ accumulator: UnsafePointer<Accumulator>, scratch: ByteBuffer
  ) {
    scratch.removeAll()
    write(text ?? UnsafeRawBufferPointer(start: nil, count: 0), accumulator, to: scratch)
    let offset = append(scratch.bytes)
    if text == nil {
      overflow = offset
    } else {
      insert(hash, offset)
      keyCount += 1
    }
  }

  /// Keeps the sums and times of a key, `nil` the overflow key, in place of what was kept of it.
  mutating func replace(
    _ hash: UInt64, text: UnsafeRawBufferPointer?, with accumulator: UnsafePointer<Accumulator>, scratch: ByteBuffer
  ) {
    guard let known = offset(of: hash, text) else { return append(hash, text: text, accumulator, scratch: scratch) }
    scratch.removeAll()
    write(text ?? UnsafeRawBufferPointer(start: nil, count: 0), accumulator, to: scratch)
    let length = read(known).end - known
    if length == scratch.count {
      (bytes + known).update(from: scratch.base, count: length)
      return
    }
    bytes[known] = Self.dead
    deadBytes += length
    let offset = append(scratch.bytes)
    if text == nil { overflow = offset } else { index.move(hash, from: known, to: offset) }
    if deadBytes > count / Self.maxDeadShare { putInOrder() }
  }

  /// Calls `body` with every key, the overflow key's text being empty.
  func visit(_ body: (_ text: UnsafeRawBufferPointer, _ isOverflow: Bool, UnsafePointer<Accumulator>) -> Void) {
    var offset = 0
    while offset < count {
      var record = read(offset)
      if bytes[offset] == Self.live { body(record.text, overflow == offset, &record.state) }
      offset = record.end
    }
  }

  private func offset(of hash: UInt64, _ text: UnsafeRawBufferPointer?) -> Int? {
    guard let text else { return overflow }
    return find(hash, text)
  }

  private func find(_ hash: UInt64, _ text: UnsafeRawBufferPointer) -> Int? {
    index.find(hash) { offset in
      let other = self.text(at: offset)
      return other.count == text.count
        && (text.isEmpty || memcmp(other.baseAddress!, text.baseAddress!, text.count) == 0)
    }
  }

  private mutating func insert(_ hash: UInt64, _ offset: Int) {
    let base = UnsafePointer(bytes)
    let groupHash = groupHash
    index.insert(hash, position: offset) { KeyText.hash(FrozenRecords(base).text(at: $0), group: groupHash) }
  }

  // MARK: Records

  private func text(at offset: Int) -> UnsafeRawBufferPointer { FrozenRecords(bytes).text(at: offset) }

  private func read(_ offset: Int) -> FrozenRecords.Record { FrozenRecords(bytes).read(offset, start: start) }

  private func write(_ text: UnsafeRawBufferPointer, _ accumulator: UnsafePointer<Accumulator>, to buffer: ByteBuffer) {
    buffer.reserve(Self.maxHeadLength + text.count + BlockFormat.fixedEntryLength)
    buffer.put(Self.live)
    buffer.putVarint(UInt64(text.count))
    buffer.put(text)
    buffer.putVarint(UInt64(accumulator.pointee.firstTimestamp - start))
    buffer.putVarint(UInt64(accumulator.pointee.lastTimestamp - start))
    buffer.put(accumulator.pointer(to: \.counters).unsafelyUnwrapped)
  }

  private mutating func append(_ record: UnsafeRawBufferPointer) -> Int {
    if count + record.count > capacity { move(to: count + record.count + count / Self.growthShare) }
    UnsafeMutableRawPointer(bytes + count).copyMemory(from: record.baseAddress!, byteCount: record.count)
    count += record.count
    // A slot of the index has 32 bits for an offset.
    precondition(count < Int(UInt32.max), "a group has more than 4 GiB of keys in a pane")
    return count - record.count
  }

  private mutating func move(to newCapacity: Int) {
    let bigger = UnsafeMutablePointer<UInt8>.allocate(capacity: newCapacity)
    bigger.update(from: bytes, count: count)
    bytes.deallocate()
    bytes = bigger
    capacity = newCapacity
  }

  /// Drops the replaced records.
  private mutating func putInOrder() {
    let old = bytes
    let oldCount = count
    capacity = max(count - deadBytes, 16)
    bytes = .allocate(capacity: capacity)
    count = 0
    deadBytes = 0
    index = IndexTable(capacity: keyCount)
    let records = FrozenRecords(old)
    var offset = 0
    while offset < oldCount {
      let end = records.read(offset, start: start).end
      if old[offset] == Self.live {
        let new = append(UnsafeRawBufferPointer(start: old + offset, count: end - offset))
        if overflow == offset {
          overflow = new
        } else {
          insert(KeyText.hash(text(at: new), group: groupHash), new)
        }
      }
      offset = end
    }
    old.deallocate()
  }
}

/// Reads the records of a ``FrozenTable``, which were written by this process and so are whole.
private struct FrozenRecords {
  struct Record {
    var text: UnsafeRawBufferPointer
    var state = Accumulator()
    /// Where the next record begins.
    var end = 0
  }

  private let bytes: UnsafePointer<UInt8>

  init(_ bytes: UnsafePointer<UInt8>) { self.bytes = bytes }

  func text(at offset: Int) -> UnsafeRawBufferPointer {
    var at = offset + 1
    let length = Int(varint(&at))
    return UnsafeRawBufferPointer(start: bytes + at, count: length)
  }

  func read(_ offset: Int, start: Int64) -> Record {
    var at = offset + 1
    let length = Int(varint(&at))
    var record = Record(text: UnsafeRawBufferPointer(start: bytes + at, count: length))
    at += length
    record.state.firstTimestamp = start + Int64(varint(&at))
    record.state.lastTimestamp = start + Int64(varint(&at))
    var bits = UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16
    at += 3
    while bits != 0 {
      record.state.counters.values[bits.trailingZeroBitCount] = Int64(varint(&at))
      bits &= bits - 1
    }
    record.end = at
    return record
  }

  private func varint(_ at: inout Int) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = bytes[at]
      at += 1
      value |= UInt64(next & 0x7F) << shift
      if next < 0x80 { return value }
      shift += 7
    }
  }
}
