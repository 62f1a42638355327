// Invariant that makes this file safe: `position` never passes `bytes.count`; every read checks what is left first.

/// A block that cannot be read.
public enum BlockError: Error, CustomStringConvertible {
  case version(UInt8)
  case truncated(at: Int)
  case invalid(at: Int, what: String)

  public var description: String {
    switch self {
    case .version(let version):
      "a partial has format version \(version), this program reads \(BlockFormat.version): run the version that wrote it"
    case .truncated(let offset): "a partial ends early, at byte \(offset): the topic is damaged or not Livetally's"
    case .invalid(let offset, let what): "a partial has a bad \(what) at byte \(offset): the topic is damaged"
    }
  }
}

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
      var at = 0
      while at < bytes.count {
        sketch.insert(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)), in: pool)
        at += 8
      }
    }
  }
}

/// Reads a block entry by entry, in place.
struct BlockReader {
  private let bytes: UnsafeRawBufferPointer
  private let paneLength: Int64
  private let groupCount: Int
  private var position = 0
  private var pane: Int64 = 0
  private var group = -1
  let source: Int
  let sourceOffset: Int64

  init(_ bytes: UnsafeRawBufferPointer, plan: EnginePlan) throws(BlockError) {
    self.bytes = bytes
    paneLength = plan.time.pane
    groupCount = plan.groups.count
    var position = 0
    let version = try Self.byte(bytes, &position)
    guard version == BlockFormat.version else { throw .version(version) }
    source = Int(try Self.varint(bytes, &position))
    sourceOffset = Int64(try Self.varint(bytes, &position))
    self.position = position
  }

  /// Fills `entry` with the next one; `false` at the end. Its pointers are valid while the block is.
  mutating func next(_ entry: inout BlockEntry) throws(BlockError) -> Bool {
    while position < bytes.count {
      let tag = try Self.byte(bytes, &position)
      if tag == BlockFormat.entry {
        try read(&entry)
        return true
      }
      guard tag == BlockFormat.section else { throw .invalid(at: position - 1, what: "item") }
      let zigzag = try Self.varint(bytes, &position)
      pane = Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
      let number = try Self.varint(bytes, &position)
      guard number < UInt64(groupCount) else { throw .invalid(at: position - 1, what: "group") }
      group = Int(number)
    }
    return false
  }

  private mutating func read(_ entry: inout BlockEntry) throws(BlockError) {
    guard group >= 0 else { throw .invalid(at: position - 1, what: "section") }
    entry.pane = pane
    entry.group = group
    entry.isOverflow = try Self.byte(bytes, &position) & BlockFormat.overflowFlag != 0
    try need(8)
    entry.hash = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    position += 8
    let length = try Self.varint(bytes, &position)
    guard length <= UInt64(KeyText.maxLength) else { throw .invalid(at: position, what: "key") }
    entry.text = try take(Int(length))
    entry.firstTimestamp = pane &* paneLength &+ Int64(bitPattern: try Self.varint(bytes, &position))
    entry.lastTimestamp = pane &* paneLength &+ Int64(bitPattern: try Self.varint(bytes, &position))
    try need(3)
    var bits = UInt32(bytes[position]) | UInt32(bytes[position + 1]) << 8 | UInt32(bytes[position + 2]) << 16
    position += 3
    guard bits >> UInt32(Counter.count) == 0 else { throw .invalid(at: position - 3, what: "counter") }
    entry.counters = Counters()
    while bits != 0 {
      entry.counters.values[bits.trailingZeroBitCount] = Int64(bitPattern: try Self.varint(bytes, &position))
      bits &= bits - 1
    }
    for i in 0..<3 {
      let count = try Self.varint(bytes, &position)
      guard count <= BlockFormat.denseMark else { throw .invalid(at: position, what: "sketch") }
      let isDense = count == BlockFormat.denseMark
      entry.sketches[i] = SketchBytes(
        bytes: try take(isDense ? Sketch.registerCount : Int(count) * 8), isDense: isDense)
    }
  }

  private func need(_ count: Int) throws(BlockError) {
    guard bytes.count - position >= count else { throw .truncated(at: bytes.count) }
  }

  private mutating func take(_ count: Int) throws(BlockError) -> UnsafeRawBufferPointer {
    try need(count)
    let start = position
    position += count
    return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
  }

  @inline(__always)
  private static func byte(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) throws(BlockError) -> UInt8 {
    guard position < bytes.count else { throw .truncated(at: bytes.count) }
    position += 1
    return bytes[position - 1]
  }

  @inline(__always)
  private static func varint(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) throws(BlockError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte(bytes, &position)
      value |= UInt64(next & 0x7F) << shift
      if next < 0x80 { return value }
      shift += 7
      guard shift < 64 else { throw .invalid(at: position, what: "number") }
    }
  }
}
