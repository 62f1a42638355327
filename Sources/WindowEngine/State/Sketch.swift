// Invariant that makes this file safe: `word` is a pointer exactly when `count > 1`, and then points to a block of
// `SketchPool.words(ofClass: sizeClass)` words of the pool with which this sketch has always been used.

/// A distinct count: the set of 64-bit hashes itself while it has at most 256 members, then HyperLogLog registers.
///
/// What it holds is a function of the member set alone, in whatever order members were added and sketches merged.
/// Sixteen bytes that own memory in a ``SketchPool``; every call names the pool it belongs to.
@usableFromInline
struct Sketch: BitwiseCopyable {
  /// The largest set that is counted exactly: 2 KiB of hashes, half the size of the registers.
  @usableFromInline static let sparseLimit = 256
  /// HyperLogLog precision: 2^12 registers give a standard error of 1.04 / sqrt(4096) = 1.63 %.
  @usableFromInline static let precision = 12
  @usableFromInline static let registerCount = 1 << precision
  private static let denseMark = UInt32.max
  /// Blocks of up to 8 words are lists, since a scan of so few beats a hash table; larger ones are tables.
  private static let lastListClass = 1
  private static let topClass = SketchPool.classCount - 1

  @usableFromInline var word: UInt64 = 0
  @usableFromInline var count: UInt32 = 0
  @usableFromInline var sizeClass: UInt32 = 0

  @inlinable init() {}

  @inlinable var isEmpty: Bool { count == 0 }
  var isDense: Bool { count == Self.denseMark }
  private var block: UnsafeMutablePointer<UInt64> { UnsafeMutablePointer(bitPattern: UInt(word)).unsafelyUnwrapped }
  private var registers: UnsafeMutablePointer<UInt8> {
    UnsafeMutableRawPointer(block).assumingMemoryBound(to: UInt8.self)
  }

  /// The number of distinct members: exact up to 256, estimated beyond.
  var estimate: Int64 { isDense ? HyperLogLog.estimate(registers) : Int64(count) }

  /// Where a member will be looked for, if not in the sketch itself.
  @inline(__always) func address(of hash: UInt64) -> UnsafeRawPointer? {
    if count <= 1 { return nil }
    if isDense { return UnsafeRawPointer(registers + Int(hash >> UInt64(64 - Self.precision))) }
    if sizeClass <= Self.lastListClass { return UnsafeRawPointer(block) }
    return UnsafeRawPointer(block + Int(truncatingIfNeeded: hash) & (SketchPool.words(ofClass: Int(sizeClass)) - 1))
  }

  /// Adds a member. `hash` is not 0.
  @inlinable mutating func insert(_ hash: UInt64, in pool: SketchPool) {
    if count == 0 {
      word = hash
      count = 1
    } else if count != 1 || word != hash {
      insertSlow(hash, in: pool)
    }
  }

  @usableFromInline mutating func insertSlow(_ hash: UInt64, in pool: SketchPool) {
    if isDense {
      Self.raise(registers, hash)
      return
    }
    if count == 1 {
      let first = word
      let block = pool.allocate(sizeClass: 0)
      block[0] = first
      block[1] = hash
      word = UInt64(UInt(bitPattern: block))
      count = 2
      sizeClass = 0
      return
    }
    let members = Int(count)
    if sizeClass <= Self.lastListClass {
      for i in 0..<members where block[i] == hash { return }
      if members < SketchPool.words(ofClass: Int(sizeClass)) {
        block[members] = hash
        count += 1
        return
      }
      grow(in: pool)
      insertSlow(hash, in: pool)
      return
    }
    let mask = SketchPool.words(ofClass: Int(sizeClass)) - 1
    var i = Int(truncatingIfNeeded: hash) & mask
    while block[i] != 0 {
      if block[i] == hash { return }
      i = (i + 1) & mask
    }
    if members == Self.sparseLimit {
      makeDense(in: pool)
      Self.raise(registers, hash)
    } else if Int(sizeClass) < Self.topClass && (members + 1) * 4 > (mask + 1) * 3 {
      grow(in: pool)
      place(hash)
      count += 1
    } else {
      block[i] = hash
      count += 1
    }
  }

  /// Adds all members of `other`, which belongs to any pool.
  mutating func formUnion(_ other: Sketch, in pool: SketchPool) {
    if isEmpty {
      self = other.copy(in: pool)
    } else if other.isDense {
      formUnion(registers: other.registers, in: pool)
    } else if isDense {
      let registers = registers
      other.forEachMember { Self.raise(registers, $0) }
    } else {
      other.forEachMember { insert($0, in: pool) }
    }
  }

  /// Adds all members of `other`, which belongs to the same pool, and leaves it empty.
  mutating func take(_ other: inout Sketch, in pool: SketchPool) {
    // The smaller set is added to the larger; the mark of a dense one is larger than any count.
    if other.count > count { swap(&self, &other) }
    if other.isEmpty { return }
    formUnion(other, in: pool)
    other.clear(in: pool)
  }

  /// The same members, in memory of `pool`.
  private func copy(in pool: SketchPool) -> Sketch {
    if count <= 1 { return self }
    var copy = self
    let words = pool.allocate(sizeClass: Int(sizeClass), isZeroed: false)
    words.update(from: block, count: SketchPool.words(ofClass: Int(sizeClass)))
    copy.word = UInt64(UInt(bitPattern: words))
    return copy
  }

  /// Adds what ``HyperLogLog`` registers hold, `registerCount` bytes.
  mutating func formUnion(registers theirs: UnsafePointer<UInt8>, in pool: SketchPool) {
    if isDense {
      let mine = registers
      for i in 0..<Self.registerCount { mine[i] = max(mine[i], theirs[i]) }
    } else {
      makeDense(in: pool, from: theirs)
    }
  }

  /// Calls `body` with each member of a sparse sketch, in no particular order.
  @inline(__always) func forEachMember(_ body: (UInt64) -> Void) {
    if count == 0 { return }
    if count == 1 {
      body(word)
    } else if sizeClass <= Self.lastListClass {
      for i in 0..<Int(count) { body(block[i]) }
    } else {
      for i in 0..<SketchPool.words(ofClass: Int(sizeClass)) where block[i] != 0 { body(block[i]) }
    }
  }

  /// The registers of a dense sketch.
  var denseRegisters: UnsafePointer<UInt8>? { isDense ? UnsafePointer(registers) : nil }

  /// Gives the memory back and leaves an empty sketch.
  @inlinable mutating func clear(in pool: SketchPool) {
    if count > 1 { releaseBlock(in: pool) }
    self = Sketch()
  }

  @usableFromInline func releaseBlock(in pool: SketchPool) { pool.release(block, sizeClass: Int(sizeClass)) }

  /// Puts a member that is not in the table, which has room, into its place.
  private func place(_ hash: UInt64) {
    let mask = SketchPool.words(ofClass: Int(sizeClass)) - 1
    var i = Int(truncatingIfNeeded: hash) & mask
    while block[i] != 0 { i = (i + 1) & mask }
    block[i] = hash
  }

  /// Moves a sparse sketch into the next size: lists of 4 and 8 words, tables from 16 words on.
  private mutating func grow(in pool: SketchPool) {
    let old = self
    sizeClass += 1
    word = UInt64(UInt(bitPattern: pool.allocate(sizeClass: Int(sizeClass))))
    if sizeClass <= Self.lastListClass {
      for i in 0..<Int(old.count) { block[i] = old.block[i] }
    } else {
      old.forEachMember { place($0) }
    }
    old.releaseBlock(in: pool)
  }

  /// Goes over to registers, those of others with the members added, or the members' alone.
  private mutating func makeDense(in pool: SketchPool, from others: UnsafePointer<UInt8>? = nil) {
    let old = self
    let block = pool.allocate(sizeClass: Self.topClass, isZeroed: others == nil)
    let bytes = UnsafeMutableRawPointer(block).assumingMemoryBound(to: UInt8.self)
    if let others { bytes.update(from: others, count: Self.registerCount) }
    old.forEachMember { Self.raise(bytes, $0) }
    if old.count > 1 { old.releaseBlock(in: pool) }
    word = UInt64(UInt(bitPattern: block))
    count = Self.denseMark
    sizeClass = UInt32(Self.topClass)
  }

  @inline(__always) private static func raise(_ registers: UnsafeMutablePointer<UInt8>, _ hash: UInt64) {
    let index = Int(hash >> UInt64(64 - precision))
    // The sentinel bit bounds the rank at 64 - precision + 1.
    let rank = UInt8(((hash << UInt64(precision)) | (1 << UInt64(precision - 1))).leadingZeroBitCount + 1)
    if registers[index] < rank { registers[index] = rank }
  }
}
