/// A key's events of one day: the steps that can no longer change in `base`, the others one by one.
struct DayTotal {
  let day: DayCalendar.Day
  private(set) var base = PackedAccumulator()
  private(set) var steps = Slices()
  var live = LiveState()
  /// Base and steps together, kept up to date while there are both and somebody has asked.
  private var whole = PackedAccumulator()

  init(day: DayCalendar.Day) { self.day = day }

  init(day: DayCalendar.Day, base: PackedAccumulator, steps: Slices) {
    self.day = day
    self.base = base
    self.steps = steps
  }

  /// Adds what came to a step. Returns whether the step is new.
  mutating func add(_ delta: BlockEntry, step: Int64, in pool: SketchPool) -> Bool {
    if !whole.isEmpty { whole.add(delta, in: pool) }
    return steps.add(delta, index: step, in: pool)
  }

  /// Calls `body` with what the steps before `end` hold; `nil` if there is nothing.
  mutating func withTotal<Result>(
    before end: Int64, in pool: SketchPool, _ body: (Accumulator) -> Result
  ) -> Result? {
    if base.isEmpty && steps.all.count <= 1 { return steps.withTotal(in: 0..<end, for: .once, pool: pool, body) }
    if let last = steps.last, last >= end {
      if base.isEmpty { return steps.withTotal(in: 0..<end, for: .once, pool: pool, body) }
      guard steps.contains(in: 0..<end) else { return body(base.borrowed) }
      var total = Accumulator()
      total.merge(base, in: pool)
      steps.withTotal(in: 0..<end, for: .once, pool: pool) { total.merge($0, in: pool) }
      let result = body(total)
      total.clear(in: pool)
      return result
    }
    if steps.isEmpty { return body(base.borrowed) }
    if whole.isEmpty {
      whole.merge(base, in: pool)
      for step in steps.all { whole.merge(step.counted, in: pool) }
    }
    return body(whole.borrowed)
  }

  /// Moves the steps before `index` into the base.
  mutating func absorb(before index: Int64, in pool: SketchPool) {
    guard let last = steps.last else { return }
    if last < index && !whole.isEmpty {
      steps.drop(before: index, in: pool)
      base.clear(in: pool)
      swap(&base, &whole)
      return
    }
    var base = self.base
    steps.drop(before: index, in: pool) { base.merge($0, in: pool) }
    self.base = base
  }

  /// Gives all memory back.
  mutating func clear(in pool: SketchPool) {
    base.clear(in: pool)
    whole.clear(in: pool)
    steps.drop(before: .max, in: pool)
  }
}
