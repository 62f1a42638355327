/// What one key counted in one slice of a window: a slide or a step.
struct Slice: BitwiseCopyable {
  /// The slice's number, in slides since the epoch or in steps since the day began.
  var index: Int64
  var counted = PackedAccumulator()
}

/// The slices of one key that hold anything, in order.
struct Slices {
  /// Up to so many slices are merged anew for each total: that is cheaper than keeping totals of them.
  static let directLimit = 8
  /// The same for a current window, which is asked for with each commit in which its key got something.
  static let liveDirectLimit = 2

  private(set) var all: [Slice] = []
  /// Totals of stretches of the slices, of a key that has many.
  private var totals: SliceTotals?

  var isEmpty: Bool { all.isEmpty }
  var first: Int64? { all.first?.index }
  var last: Int64? { all.last?.index }
  var indices: [Int64] { all.map(\.index) }
  var presence: Presence { Presence(indices: indices) }

  /// Which slices held anything at some moment.
  struct Presence {
    let indices: [Int64]

    func contains(in range: Range<Int64>) -> Bool { indices.contains { range.contains($0) } }
    func contains(_ index: Int64) -> Bool { indices.contains(index) }
  }

  /// Puts a slice behind the others.
  mutating func append(_ slice: Slice) { all.append(slice) }

  /// Adds what came to the slice `index`. Returns whether the slice is new.
  mutating func add(_ delta: BlockEntry, index: Int64, in pool: SketchPool) -> Bool {
    var i = all.count
    while i > 0 && all[i - 1].index > index { i -= 1 }
    let isNew = i == 0 || all[i - 1].index != index
    if isNew {
      all.insert(Slice(index: index), at: i)
    } else {
      i -= 1
    }
    all[i].counted.add(delta, in: pool)
    totals?.add(delta, index: index, in: pool)
    return isNew
  }

  /// The position of the first slice from `index` on.
  private func position(of index: Int64) -> Int { all.partitioningIndex { $0.index >= index } }

  /// The slices of a range.
  func slices(in range: Range<Int64>) -> ArraySlice<Slice> {
    let start = position(of: range.lowerBound)
    return all[start..<max(start, position(of: range.upperBound))]
  }

  /// The first slice from `index` on.
  func first(from index: Int64) -> Int64? {
    let start = position(of: index)
    return start < all.count ? all[start].index : nil
  }

  /// Whether a slice of the range holds anything.
  func contains(in range: Range<Int64>) -> Bool {
    let start = position(of: range.lowerBound)
    return start < all.count && all[start].index < range.upperBound
  }

  func contains(_ index: Int64) -> Bool { contains(in: index..<(index + 1)) }

  /// What a range of slices is asked for.
  enum Purpose {
    /// The window that has become final: each begins where the last one did, or later.
    case final
    /// The current window, asked for again and again while it fills.
    case live
    /// One of the past, once.
    case once
  }

  /// Calls `body` with what the slices of the range hold together; `nil` if no slice is in the range.
  mutating func withTotal<Result>(
    in range: Range<Int64>, for purpose: Purpose, pool: SketchPool, _ body: (Accumulator) -> Result
  ) -> Result? {
    let slices = slices(in: range)
    guard let only = slices.first else { return nil }
    if slices.count == 1 { return body(only.counted.borrowed) }
    if purpose == .once || slices.count <= (purpose == .live ? Self.liveDirectLimit : Self.directLimit) {
      var total = Accumulator()
      let members = slices.reduce(into: PackedAccumulator.Members(repeating: 0)) { $1.counted.add(to: &$0) }
      for slice in slices { total.merge(slice.counted, in: pool, expected: members) }
      let result = body(total)
      total.clear(in: pool)
      return result
    }
    let totals = totals ?? SliceTotals()
    self.totals = totals
    if purpose == .live { return body(totals.live(in: range, of: self, pool: pool).borrowed) }
    var total = totals.final(in: range, of: self, pool: pool)
    let result = body(total)
    total.clear(in: pool)
    return result
  }

  /// Drops the slices before `index`, after `absorb` has seen each.
  mutating func drop(before index: Int64, in pool: SketchPool, absorb: (PackedAccumulator) -> Void = { _ in }) {
    guard let first, first < index else { return }
    var gone = 0
    while gone < all.count && all[gone].index < index {
      absorb(all[gone].counted)
      all[gone].counted.clear(in: pool)
      gone += 1
    }
    all.removeFirst(gone)
    totals?.forget(before: index, in: pool)
    if all.count <= Self.liveDirectLimit {
      totals?.clear(in: pool)
      totals = nil
    }
  }
}

extension Accumulator {
  /// Adds what an entry brings: its counters are what is new, its sketches may repeat members.
  mutating func add(_ delta: BlockEntry, in pool: SketchPool) {
    counters.add(delta.counters)
    delta.sketches[0].add(to: &buyers, in: pool)
    delta.sketches[1].add(to: &viewers, in: pool)
    delta.sketches[2].add(to: &clickers, in: pool)
    firstTimestamp = min(firstTimestamp, delta.firstTimestamp)
    lastTimestamp = max(lastTimestamp, delta.lastTimestamp)
  }
}
