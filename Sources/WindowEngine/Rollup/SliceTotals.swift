/// Totals of stretches of one key's slices, so that a window costs the same however many slices it has.
///
/// Final windows move forward in order, so their total is that of two stacks (Tangwongsan, Hirzel and Schneider,
/// "In-Order Sliding-Window Aggregation in Worst-Case Constant Time", 2021, section 3): `back` grows with the windows'
/// end, and `suffixes` hold what lies before it, from different beginnings on. When the beginning has come to where the
/// suffixes end, they are made anew. A suffix begins only at every eighth slice, for less memory, so up to seven slices
/// are merged besides.
///
/// The current window's total takes what comes as it comes, and is made anew only when a slice that held something has
/// left the window.
final class SliceTotals {
  /// At which multiples of a slice suffixes begin.
  private static let spacing: Int64 = 8

  private struct Suffix {
    let from: Int64
    var total: PackedAccumulator
  }

  /// From the largest beginning to the smallest; all end at `middle`.
  private var suffixes: [Suffix] = []
  /// What slices from here up to `middle` hold is in the suffixes and the slices themselves.
  private var start = Int64.max
  private var middle = Int64.min
  /// The slices from `middle` up to `end`.
  private var back = PackedAccumulator()
  private var end = Int64.min

  private var live = PackedAccumulator()
  private var liveRange: Range<Int64> = 0..<0

  /// Adds what came to the slice `index`.
  func add(_ delta: BlockEntry, index: Int64, in pool: SketchPool) {
    if liveRange.contains(index) { live.add(delta, in: pool) }
    if index >= end { return }
    if index >= middle { return back.add(delta, in: pool) }
    for i in suffixes.indices where suffixes[i].from <= index { suffixes[i].total.add(delta, in: pool) }
  }

  /// What the slices of a final window hold; the caller clears it.
  func final(in range: Range<Int64>, of slices: Slices, pool: SketchPool) -> Accumulator {
    if range.lowerBound < start || range.lowerBound >= middle || range.upperBound < end {
      turn(range, slices, pool)
    } else if end < range.upperBound {
      for slice in slices.slices(in: end..<range.upperBound) { back.merge(slice.counted, in: pool) }
      end = range.upperBound
    }
    start = range.lowerBound
    while let last = suffixes.last, last.from < start {
      suffixes[suffixes.count - 1].total.clear(in: pool)
      suffixes.removeLast()
    }
    var total = Accumulator()
    merge(from: range.lowerBound, into: &total, slices, pool)
    return total
  }

  /// Makes the suffixes of a window anew; the window ends where they end.
  private func turn(_ range: Range<Int64>, _ slices: Slices, _ pool: SketchPool) {
    clearStacks(in: pool)
    start = range.lowerBound
    middle = range.upperBound
    end = range.upperBound
    var total = PackedAccumulator()
    var boundary = Int64.max
    for slice in slices.slices(in: range).reversed() {
      if slice.index < boundary {
        push(total, from: boundary, pool)
        boundary = floorDivide(slice.index, Self.spacing) * Self.spacing
      }
      total.merge(slice.counted, in: pool)
    }
    if boundary >= range.lowerBound { push(total, from: boundary, pool) }
    total.clear(in: pool)
  }

  private func push(_ total: PackedAccumulator, from boundary: Int64, _ pool: SketchPool) {
    if total.isEmpty { return }
    var copy = PackedAccumulator()
    copy.merge(total, in: pool)
    suffixes.append(Suffix(from: boundary, total: copy))
  }

  /// Merges the slices from `index` up to `end`; `index` lies between `start` and `middle`.
  private func merge(from index: Int64, into total: inout Accumulator, _ slices: Slices, _ pool: SketchPool) {
    let suffix = suffixes.last { $0.from >= index }
    if let suffix { total.merge(suffix.total, in: pool) }
    for slice in slices.slices(in: index..<(suffix?.from ?? middle)) { total.merge(slice.counted, in: pool) }
    total.merge(back, in: pool)
  }

  /// What the slices of the current window hold, up to date until it is asked for another one.
  func live(in range: Range<Int64>, of slices: Slices, pool: SketchPool) -> PackedAccumulator {
    if range == liveRange { return live }
    let isForward = range.lowerBound >= liveRange.lowerBound && range.upperBound >= liveRange.upperBound
    let isSame =
      isForward && range.lowerBound < liveRange.upperBound
      && !slices.contains(in: liveRange.lowerBound..<range.lowerBound)
      && !slices.contains(in: liveRange.upperBound..<range.upperBound)
    liveRange = range
    if isSame { return live }
    live.clear(in: pool)
    var total = Accumulator()
    var rest = range.lowerBound
    if range.lowerBound >= start && range.lowerBound < middle && range.upperBound >= end {
      merge(from: range.lowerBound, into: &total, slices, pool)
      rest = end
    }
    for slice in slices.slices(in: rest..<range.upperBound) { total.merge(slice.counted, in: pool) }
    live = PackedAccumulator(taking: &total, in: pool)
    return live
  }

  /// Takes notice that the slices before `index` are gone: whether one of them was in the current window could no longer
  /// be told when it moves on.
  func forget(before index: Int64, in pool: SketchPool) {
    if liveRange.lowerBound >= index { return }
    live.clear(in: pool)
    liveRange = 0..<0
  }

  private func clearStacks(in pool: SketchPool) {
    for i in suffixes.indices { suffixes[i].total.clear(in: pool) }
    suffixes.removeAll(keepingCapacity: true)
    back.clear(in: pool)
  }

  /// Gives all memory back.
  func clear(in pool: SketchPool) {
    clearStacks(in: pool)
    live.clear(in: pool)
    (start, middle, end, liveRange) = (.max, .min, .min, 0..<0)
  }
}
