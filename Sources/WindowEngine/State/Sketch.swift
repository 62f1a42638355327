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

  /// How many members the set has; of registers, more than any set.
  var setCount: Int { isDense ? Self.sparseLimit + 1 : Int(count) }

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
    let i = find(hash)
    if members < Self.capacity(ofClass: sizeClass) || block[i] == hash {
      count &+= Self.put(hash, into: block + i)
    } else if members == Self.sparseLimit {
      makeDense(in: pool)
      Self.raise(registers, hash)
    } else {
      grow(in: pool)
      block[find(hash)] = hash
      count += 1
    }
  }

  /// Where a table holds a member, or could.
  @inline(__always) private func find(_ hash: UInt64) -> Int {
    let mask = SketchPool.words(ofClass: Int(sizeClass)) - 1
    return Self.find(hash, in: block, mask: mask)
  }

  // Whether a member is new is as hard to guess as a coin, so no branch may depend on it.

  /// Whether a table's word is neither free nor that member.
  @inline(__always) private static func isOther(_ word: UInt64, than hash: UInt64) -> Bool {
    isNotZero(word) & isNotZero(word ^ hash) != 0
  }

  /// Puts a member where it was found, or could be, and returns 1 if it is new.
  @inline(__always) private static func put(_ hash: UInt64, into word: UnsafeMutablePointer<UInt64>) -> UInt32 {
    let isNew = UInt32(truncatingIfNeeded: isNotZero(word.pointee ^ hash))
    word.pointee = hash
    return isNew
  }

  /// 1, or 0 for 0, by arithmetic.
  @inline(__always) private static func isNotZero(_ word: UInt64) -> UInt64 { (word | (0 &- word)) &>> 63 }

  @inline(__always)
  private static func find(_ hash: UInt64, in block: UnsafeMutablePointer<UInt64>, mask: Int) -> Int {
    var i = Int(truncatingIfNeeded: hash) & mask
    while isOther(block[i], than: hash) { i = (i &+ 1) & mask }
    return i
  }

  /// Adds all members of `other`, which belongs to any pool. `expected` is how many members there will be in the end,
  /// at most, where the caller has an idea of it.
  mutating func formUnion(_ other: Sketch, in pool: SketchPool, expected: Int = 0) {
    if other.isDense {
      if isEmpty { self = other.copy(in: pool) } else { formUnion(registers: other.registers, in: pool) }
    } else if isEmpty {
      self = other.copy(in: pool, room: expected)
    } else {
      insert(Int(other.count), in: pool) { other.forEachMember($0) }
    }
  }

  /// Adds the members that `forEach` calls its argument with, `newcomers` of them; none of them twice, or there are fewer.
  @inline(__always)
  mutating func insert(_ newcomers: Int, in pool: SketchPool, _ forEach: ((UInt64) -> Void) -> Void) {
    if isDense {
      let registers = registers
      return forEach { Self.raise(registers, $0) }
    }
    // There will be at least as many as the larger set has, so a table that holds these is not too large. A single
    // member has no block, and is added to the newcomers'.
    let known = Int(count)
    let needed = Self.sizeClass(for: known > 1 ? max(known, newcomers) : newcomers + known)
    if needed > Self.lastListClass && newcomers + known <= Self.sparseLimit && (known <= 1 || sizeClass < needed) {
      enlarge(to: needed, in: pool)
    }
    if needed <= Self.lastListClass || known + newcomers > Self.capacity(ofClass: sizeClass) {
      return forEach { insert($0, in: pool) }
    }
    let block = block
    let mask = SketchPool.words(ofClass: Int(sizeClass)) - 1
    var added: UInt32 = 0
    forEach { hash in
      added &+= Self.put(hash, into: block + Self.find(hash, in: block, mask: mask))
    }
    count &+= added
    if count <= 1 { giveBlockUp(in: pool) }
  }

  /// Goes back to the form of a sketch with at most one member, after newcomers that were fewer than their number said.
  @inline(never)
  private mutating func giveBlockUp(in pool: SketchPool) {
    var member: UInt64 = 0
    for i in 0..<SketchPool.words(ofClass: Int(sizeClass)) where block[i] != 0 { member = block[i] }
    releaseBlock(in: pool)
    self = Sketch()
    if member != 0 { insert(member, in: pool) }
  }

  /// How many members a block of that size holds before the sketch takes another form.
  private static func capacity(ofClass sizeClass: UInt32) -> Int {
    let words = SketchPool.words(ofClass: Int(sizeClass))
    return sizeClass <= lastListClass ? words : min(words / 4 * 3, sparseLimit)
  }

  /// The smallest block for so many members, of the largest for more than a set may have.
  private static func sizeClass(for members: Int) -> UInt32 {
    var sizeClass: UInt32 = 0
    while capacity(ofClass: sizeClass) < min(members, sparseLimit) { sizeClass += 1 }
    return sizeClass
  }

  /// Adds all members of `other`, which belongs to the same pool, and leaves it empty.
  mutating func take(_ other: inout Sketch, in pool: SketchPool) {
    // The smaller set is added to the larger; the mark of a dense one is larger than any count.
    if other.count > count { swap(&self, &other) }
    if other.isEmpty { return }
    formUnion(other, in: pool)
    other.clear(in: pool)
  }

  /// The same members, in memory of `pool`; with room for so many, if there are several.
  private func copy(in pool: SketchPool, room: Int = 0) -> Sketch {
    if count <= 1 { return self }
    let wanted = isDense ? sizeClass : max(sizeClass, Self.sizeClass(for: room))
    if wanted != sizeClass { return moved(to: wanted, in: pool) }
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

  /// Writes the members of a sparse sketch, eight bytes each, and returns how many bytes that are. There is room for one
  /// more: an empty place of a table is written, too, and then written over.
  func copyMembers(to target: UnsafeMutablePointer<UInt8>) -> Int {
    var at = UnsafeMutableRawPointer(target)
    func put(_ member: UInt64) {
      at.storeBytes(of: member.littleEndian, as: UInt64.self)
      at += member == 0 ? 0 : 8
    }
    if count == 1 {
      put(word)
    } else if count > 1 {
      let words = sizeClass <= Self.lastListClass ? Int(count) : SketchPool.words(ofClass: Int(sizeClass))
      for i in 0..<words { put(block[i]) }
    }
    return at - UnsafeMutableRawPointer(target)
  }

  /// The registers of a dense sketch.
  var denseRegisters: UnsafePointer<UInt8>? { isDense ? UnsafePointer(registers) : nil }

  /// Gives the memory back and leaves an empty sketch.
  @inlinable mutating func clear(in pool: SketchPool) {
    if count > 1 { releaseBlock(in: pool) }
    self = Sketch()
  }

  @usableFromInline func releaseBlock(in pool: SketchPool) { pool.release(block, sizeClass: Int(sizeClass)) }

  /// Moves a sparse sketch into the next size: lists of 4 and 8 words, tables from 16 words on.
  private mutating func grow(in pool: SketchPool) { enlarge(to: sizeClass + 1, in: pool) }

  /// Moves a sparse sketch into a larger table, one without a block, too.
  private mutating func enlarge(to newClass: UInt32, in pool: SketchPool) {
    let old = self
    self = old.moved(to: newClass, in: pool)
    if old.count > 1 { old.releaseBlock(in: pool) }
  }

  /// The members of a sparse sketch in a larger block of `pool`.
  private func moved(to newClass: UInt32, in pool: SketchPool) -> Sketch {
    let block = pool.allocate(sizeClass: Int(newClass))
    if newClass <= Self.lastListClass {
      for i in 0..<Int(count) { block[i] = self.block[i] }
    } else {
      let mask = SketchPool.words(ofClass: Int(newClass)) - 1
      forEachMember { block[Self.find($0, in: block, mask: mask)] = $0 }
    }
    var moved = self
    moved.word = UInt64(UInt(bitPattern: block))
    moved.sizeClass = newClass
    return moved
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
    registers[index] = max(registers[index], rank)
  }
}
