/// What one key counted in one slice of a window: a slide or a step.
struct Slice {
  /// The slice's number, in slides since the epoch or in steps since the day began.
  var index: Int64
  var accumulator = Accumulator()
}

/// The slices of one key that hold anything, in order.
struct Slices {
  private(set) var all: [Slice] = []

  var isEmpty: Bool { all.isEmpty }
  var first: Int64? { all.first?.index }
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
    all[i].accumulator.add(delta, in: pool)
    return isNew
  }

  /// Whether a slice of the range holds anything.
  func contains(in range: Range<Int64>) -> Bool {
    for slice in all where slice.index >= range.lowerBound { return slice.index < range.upperBound }
    return false
  }

  func contains(_ index: Int64) -> Bool { contains(in: index..<(index + 1)) }

  /// Calls `body` with what the slices of the range and `base` hold together; `nil` if no slice is in the range.
  func withTotal<Result>(
    in range: Range<Int64>, pool: SketchPool, _ body: (Accumulator) -> Result
  ) -> Result? {
    guard let first = all.firstIndex(where: { $0.index >= range.lowerBound }), all[first].index < range.upperBound
    else { return nil }
    if first + 1 == all.count || all[first + 1].index >= range.upperBound { return body(all[first].accumulator) }
    var total = Accumulator()
    for i in first..<all.count where all[i].index < range.upperBound { total.merge(all[i].accumulator, in: pool) }
    let result = body(total)
    total.clear(in: pool)
    return result
  }

  /// Drops the slices before `index`, after `absorb` has seen each.
  mutating func drop(before index: Int64, in pool: SketchPool, absorb: (Accumulator) -> Void = { _ in }) {
    var gone = 0
    while gone < all.count && all[gone].index < index {
      absorb(all[gone].accumulator)
      all[gone].accumulator.clear(in: pool)
      gone += 1
    }
    if gone > 0 { all.removeFirst(gone) }
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
