// Invariant that makes this file safe: `base` has `capacity` bytes of which the first `count` are written; a buffer has
// one owner at a time, who hands it on and forgets it.

/// Bytes that are being encoded. A part that is bounded is reserved once and then put piece by piece.
public class ByteBuffer {
  final private(set) var base: UnsafeMutablePointer<UInt8>
  final private(set) var count = 0
  final private var capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
    base = .allocate(capacity: capacity)
  }

  deinit { base.deallocate() }

  /// The encoded bytes; valid while the buffer is.
  public final var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  @inline(__always) final func reserve(_ more: Int) {
    if count + more > capacity { grow(more) }
  }

  @inline(never) private final func grow(_ more: Int) {
    capacity = max(capacity * 2, count + more)
    let bigger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    bigger.update(from: base, count: count)
    base.deallocate()
    base = bigger
  }

  /// Appends a byte for which there is room.
  @inline(__always) final func put(_ byte: UInt8) {
    base[count] = byte
    count += 1
  }

  /// Appends a LEB128 number of at most ten bytes for which there is room.
  @inline(__always) final func putVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      put(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    put(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends a signed number as zigzag LEB128, for which there is room.
  @inline(__always) final func putSigned(_ value: Int64) {
    putVarint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  /// Appends eight bytes for which there is room.
  @inline(__always) final func putWord(_ value: UInt64) {
    UnsafeMutableRawPointer(base + count).storeBytes(of: value.littleEndian, as: UInt64.self)
    count += 8
  }

  @inline(__always) final func put(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    UnsafeMutableRawPointer(base + count).copyMemory(from: source, byteCount: bytes.count)
    count += bytes.count
  }

  /// Appends the counters that are not zero: their bits, with `marks` in the six upper ones, and their values.
  final func put(_ counters: Counters, marks: UInt8 = 0) {
    withUnsafePointer(to: counters) { put($0, marks: marks) }
  }

  /// The same of counters in place.
  final func put(_ counters: UnsafePointer<Counters>, marks: UInt8 = 0) {
    let contents = PackedAccumulator.contents(of: counters, sketches: marks)
    put(UInt8(truncatingIfNeeded: contents))
    put(UInt8(truncatingIfNeeded: contents >> 8))
    put(UInt8(truncatingIfNeeded: contents >> 16))
    var bits = contents & PackedAccumulator.counterMask
    while bits != 0 {
      putVarint(UInt64(counters.pointee.values[bits.trailingZeroBitCount]))
      bits &= bits - 1
    }
  }

  /// Appends a sketch: a count and as many hashes, or a mark and the registers. Makes room for itself.
  final func put(_ sketch: Sketch) {
    if let registers = sketch.denseRegisters {
      reserve(16 + Sketch.registerCount)
      putVarint(BlockFormat.denseMark)
      put(UnsafeRawBufferPointer(start: registers, count: Sketch.registerCount))
    } else {
      reserve(16 + Int(sketch.count + 1) * 8)
      putVarint(UInt64(sketch.count))
      count += sketch.copyMembers(to: base + count)
    }
  }

  /// Appends the sketches that are not empty; ``Accumulator/sketchMarks`` says which.
  final func putSketches(_ accumulator: UnsafePointer<Accumulator>) {
    if !accumulator.pointee.buyers.isEmpty { put(accumulator.pointee.buyers) }
    if !accumulator.pointee.viewers.isEmpty { put(accumulator.pointee.viewers) }
    if !accumulator.pointee.clickers.isEmpty { put(accumulator.pointee.clickers) }
  }

  /// Empties the buffer and keeps its memory.
  final func removeAll() { count = 0 }
}
