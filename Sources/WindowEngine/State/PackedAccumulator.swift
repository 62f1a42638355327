// Invariant that makes this file safe: `block` is nil or a block of the pool with which this value has always been used.
// Its first word is the header; behind it come the counters that the header names, in their order, and then two words,
// a `Sketch`, for each sketch that it names, in the order buyers, viewers, clickers.

/// What an ``Accumulator`` holds without its timestamps, in as many words as there is something to hold: most keys count
/// one or two things in a slice of time, and there are millions of slices.
///
/// Eight bytes that own memory in a ``SketchPool``; every call names the pool it belongs to.
struct PackedAccumulator: BitwiseCopyable {
  /// The bits of a header: which counters there are, and above them which sketches.
  typealias Contents = UInt32

  private static let sketchShift: UInt32 = UInt32(Counter.count)
  static let counterMask: Contents = 1 << sketchShift - 1
  static let allContents: Contents = 1 << (sketchShift + 3) - 1

  private var block: UnsafeMutablePointer<UInt64>?

  init() {}

  /// What `accumulator`, of this pool, holds; it is empty afterwards.
  init(taking accumulator: inout Accumulator, in pool: SketchPool) {
    let contents = Self.contents(of: accumulator.counters, sketches: accumulator.sketchMarks)
    reserve(contents, in: pool)
    add(contents) { accumulator.counters.values[$0] }
    visitSketches(contents) { i, sketch in sketch = accumulator.sketch(i) }
    accumulator = Accumulator()
  }

  /// The header's bits for the counters that are not 0 and the marked sketches.
  static func contents(of counters: Counters, sketches marks: UInt8) -> Contents {
    withUnsafePointer(to: counters) { contents(of: $0, sketches: marks) }
  }

  /// The same of counters in place.
  @inline(__always)
  static func contents(of counters: UnsafePointer<Counters>, sketches marks: UInt8) -> Contents {
    var bits = Contents(marks) << sketchShift
    for i in 0..<Counter.count { bits |= (counters.pointee.values[i] != 0 ? 1 : 0) << Contents(i) }
    return bits
  }

  /// Whether nothing was added.
  var isEmpty: Bool { block == nil }

  /// Which sketches there are: bits for buyers, viewers and clickers.
  static func sketches(_ contents: Contents) -> UInt8 { UInt8(truncatingIfNeeded: contents >> sketchShift) }

  private var contents: Contents { block.map { Contents(truncatingIfNeeded: $0[0]) } ?? 0 }
  private static func words(_ contents: Contents) -> Int {
    1 + (contents & counterMask).nonzeroBitCount + 2 * (contents >> sketchShift).nonzeroBitCount
  }

  // MARK: Adding

  /// Adds what an entry brings: its counters are what is new, its sketches may repeat members.
  mutating func add(_ delta: BlockEntry, in pool: SketchPool) {
    reserve(delta.contents, in: pool)
    add(delta.contents) { delta.counters.values[$0] }
    visitSketches(delta.contents) { i, sketch in delta.sketches[i].add(to: &sketch, in: pool) }
  }

  /// Adds what `other`, of any pool, holds.
  mutating func merge(_ other: PackedAccumulator, in pool: SketchPool) {
    guard other.block != nil else { return }
    reserve(other.contents, in: pool)
    var at = 1
    let values = other.block.unsafelyUnwrapped
    add(other.contents) { _ in
      defer { at += 1 }
      return Int64(bitPattern: values[at])
    }
    var next = other.firstSketch
    visitSketches(other.contents) { _, sketch in
      sketch.formUnion(next.pointee, in: pool)
      next += 1
    }
  }

  /// Adds to each counter of `bits`, all of which there are, what `value` gives, in order.
  @inline(__always) private func add(_ bits: Contents, _ value: (Int) -> Int64) {
    guard let block else { return }
    var all = contents & Self.counterMask
    let wanted = bits & Self.counterMask
    var at = 1
    while all != 0 {
      let bit = all & (~all &+ 1)
      if wanted & bit != 0 {
        let (sum, overflow) = Int64(bitPattern: block[at]).addingReportingOverflow(value(bit.trailingZeroBitCount))
        block[at] = UInt64(bitPattern: overflow ? .max : sum)
      }
      at += 1
      all ^= bit
    }
  }

  private var firstSketch: UnsafeMutablePointer<Sketch> {
    UnsafeMutableRawPointer(block.unsafelyUnwrapped + 1 + (contents & Self.counterMask).nonzeroBitCount)
      .assumingMemoryBound(to: Sketch.self)
  }

  /// Calls `body` with each sketch that `bits` names, all of which there are, in order.
  @inline(__always) private func visitSketches(_ bits: Contents, _ body: (Int, inout Sketch) -> Void) {
    let wanted = bits >> Self.sketchShift
    if wanted == 0 { return }
    var sketch = firstSketch
    let all = contents >> Self.sketchShift
    for i in 0..<3 where all & (1 << Contents(i)) != 0 {
      if wanted & (1 << Contents(i)) != 0 { body(i, &sketch.pointee) }
      sketch += 1
    }
  }

  /// Makes places for what `wanted` names.
  private mutating func reserve(_ wanted: Contents, in pool: SketchPool) {
    guard let old = block else {
      if wanted != 0 { block = Self.allocate(wanted, in: pool) }
      return
    }
    let mine = contents
    if wanted & ~mine == 0 { return }
    // Behind one another in a block of their own, and back into the old one where they fit.
    let all = mine | wanted
    let new = Self.allocate(all, in: pool)
    var from = 1
    var to = 1
    for i in 0..<Counter.count where all & (1 << Contents(i)) != 0 {
      if mine & (1 << Contents(i)) != 0 {
        new[to] = old[from]
        from += 1
      }
      to += 1
    }
    for i in 0..<3 where all & (1 << (Self.sketchShift + Contents(i))) != 0 {
      if mine & (1 << (Self.sketchShift + Contents(i))) != 0 {
        (new[to], new[to + 1]) = (old[from], old[from + 1])
        from += 2
      }
      to += 2
    }
    pool.release(old, sizeClass: Self.sizeClass(mine))
    block = new
  }

  private static func allocate(_ contents: Contents, in pool: SketchPool) -> UnsafeMutablePointer<UInt64> {
    let block = pool.allocate(sizeClass: sizeClass(contents))
    block[0] = UInt64(contents)
    return block
  }

  private static func sizeClass(_ contents: Contents) -> Int {
    let words = words(contents)
    var sizeClass = 0
    while SketchPool.words(ofClass: sizeClass) < words { sizeClass += 1 }
    return sizeClass
  }

  /// Gives the memory back and leaves an empty value.
  mutating func clear(in pool: SketchPool) {
    guard let block else { return }
    visitSketches(contents) { _, sketch in sketch.clear(in: pool) }
    pool.release(block, sizeClass: Self.sizeClass(contents))
    self.block = nil
  }

  // MARK: Reading

  /// Numbers of buyers, viewers and clickers.
  typealias Members = InlineArray<3, Int>

  /// Adds the number of its members, of a dense sketch more than a set has, to others'.
  func add(to members: inout Members) {
    visitSketches { i, sketch in members[i] += sketch.setCount }
  }

  /// The same as an accumulator that borrows the sketches: it may be read, not changed.
  var borrowed: Accumulator {
    var accumulator = Accumulator()
    visitCounters { counter, value in accumulator.counters.values[counter] = value }
    visitSketches { i, sketch in accumulator.setSketch(i, sketch) }
    return accumulator
  }

  @inline(__always) fileprivate func visitCounters(_ body: (Int, Int64) -> Void) {
    guard let block else { return }
    var bits = contents & Self.counterMask
    var at = 1
    while bits != 0 {
      body(bits.trailingZeroBitCount, Int64(bitPattern: block[at]))
      at += 1
      bits &= bits - 1
    }
  }

  @inline(__always) fileprivate func visitSketches(_ body: (Int, Sketch) -> Void) {
    if block != nil { visitSketches(contents) { i, sketch in body(i, sketch) } }
  }
}

extension Accumulator {
  /// Adds what `packed`, of any pool, holds; it knows no timestamps. `expected` is how many members there will be in the
  /// end, at most, where the caller has an idea of it.
  mutating func merge(
    _ packed: PackedAccumulator, in pool: SketchPool, expected: PackedAccumulator.Members = .init(repeating: 0)
  ) {
    packed.visitCounters { counter, value in
      let (sum, overflow) = counters.values[counter].addingReportingOverflow(value)
      counters.values[counter] = overflow ? .max : sum
    }
    packed.visitSketches { i, sketch in
      switch i {
      case 0: buyers.formUnion(sketch, in: pool, expected: expected[i])
      case 1: viewers.formUnion(sketch, in: pool, expected: expected[i])
      default: clickers.formUnion(sketch, in: pool, expected: expected[i])
      }
    }
  }

  /// Buyers, viewers, clickers.
  fileprivate func sketch(_ i: Int) -> Sketch { i == 0 ? buyers : i == 1 ? viewers : clickers }

  fileprivate mutating func setSketch(_ i: Int, _ sketch: Sketch) {
    switch i {
    case 0: buyers = sketch
    case 1: viewers = sketch
    default: clickers = sketch
    }
  }
}
