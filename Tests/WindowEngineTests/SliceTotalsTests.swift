import Oracle
import Testing

@testable import WindowEngine

/// Totals over slices against sums and sets that are made anew for each question.
struct SliceTotalsTests {
  /// What a key counted, slice by slice, kept the plain way.
  private final class Model {
    var sums: [Int64: [Int: Int64]] = [:]
    var members: [Int64: [Set<UInt64>]] = [:]

    func add(_ counters: [Int: Int64], _ sets: [Set<UInt64>], to index: Int64) {
      for (counter, value) in counters { sums[index, default: [:]][counter, default: 0] += value }
      for i in 0..<3 { members[index, default: [[], [], []]][i].formUnion(sets[i]) }
    }

    func counters(_ range: Range<Int64>) -> [Int64] {
      var all = [Int64](repeating: 0, count: Counter.count)
      for (index, counters) in sums where range.contains(index) {
        for (counter, value) in counters { all[counter] += value }
      }
      return all
    }

    func union(_ i: Int, _ range: Range<Int64>) -> Set<UInt64> {
      members.filter { range.contains($0.key) }.reduce(into: []) { $0.formUnion($1.value[i]) }
    }
  }

  private func withEntry(_ counters: [Int: Int64], _ sets: [Set<UInt64>], _ body: (BlockEntry) -> Void) {
    var entry = BlockEntry()
    for (counter, value) in counters { entry.counters.values[counter] = value }
    let all = sets.map { Array($0).map(\.littleEndian) }
    all[0].withUnsafeBytes { buyers in
      all[1].withUnsafeBytes { viewers in
        all[2].withUnsafeBytes { clickers in
          entry.sketches = [SketchBytes(bytes: buyers), SketchBytes(bytes: viewers), SketchBytes(bytes: clickers)]
          var marks: UInt8 = 0
          for i in 0..<3 where !sets[i].isEmpty { marks |= 1 << UInt8(i) }
          entry.contents = PackedAccumulator.contents(of: entry.counters, sketches: marks)
          body(entry)
        }
      }
    }
  }

  /// A sketch is a function of its members, so two of the same members must agree, whichever way they came together.
  private func check(
    _ total: Accumulator, _ model: Model, _ range: Range<Int64>, _ what: String, _ pool: SketchPool
  ) {
    let sums = model.counters(range)
    let counted = (0..<Counter.count).map { total.counters.values[$0] }
    #expect(counted == sums, "\(what) \(range)")
    for (i, sketch) in [total.buyers, total.viewers, total.clickers].enumerated() {
      var expected = Sketch()
      for member in model.union(i, range) { expected.insert(member, in: pool) }
      #expect(sketch.estimate == expected.estimate, "\(what) \(range) sketch \(i)")
      expected.clear(in: pool)
    }
  }

  @Test func windowsOfAnyLengthEqualTheSumOfTheirSlices() {
    var random = SplitMix64(seed: 7)
    for run in 0..<15 {
      let pool = SketchPool()
      let length = Int64([3, 6, 12, 40, 100][run % 5])
      let lag = Int64.random(in: 0...6, using: &random)
      let density = Double.random(in: 0.05...1, using: &random)
      let crowd = UInt64([3, 40, 1000].randomElement(using: &random)!)
      let model = Model()
      var slices = Slices()
      for newest in Int64(1)...(3 * length + 20) {
        // What comes is mostly new, at times late.
        for _ in 0..<3 where Double.random(in: 0..<1, using: &random) < density {
          let late = Int.random(in: 0..<12, using: &random) == 0
          let index = late ? max(0, newest - Int64.random(in: 0...(length + 2), using: &random)) : newest
          let counters = [
            Int.random(in: 1..<Counter.count, using: &random): Int64.random(in: 1...9, using: &random),
            0: Int64.random(in: 0...1, using: &random),
          ]
          let sets = (0..<3).map { _ in
            Set(
              (0..<Int.random(in: 0...4, using: &random)).map { _ in
                UInt64.random(in: 1...crowd, using: &random) &* 0x9E37_79B9_7F4A_7C15
              })
          }
          model.add(counters, sets, to: index)
          withEntry(counters, sets) { _ = slices.add($0, index: index, in: pool) }
        }
        let live = max(0, newest + 1 - length)..<(newest + 1)
        _ = slices.withTotal(in: live, for: .live, pool: pool) { check($0, model, live, "live", pool) }
        let end = newest - lag
        if end > 0 {
          let range = max(0, end - length)..<end
          _ = slices.withTotal(in: range, for: .final, pool: pool) { check($0, model, range, "final", pool) }
          if newest % 7 == 0 {
            _ = slices.withTotal(in: range, for: .once, pool: pool) { check($0, model, range, "once", pool) }
          }
          slices.drop(before: max(0, end - length - 3), in: pool)
        }
      }
      slices.drop(before: .max, in: pool)
      #expect(slices.isEmpty)
    }
  }

  @Test func aCurrentWindowForgetsSlicesThatWereDroppedBeforeItMovedOn() {
    let pool = SketchPool()
    var slices = Slices()
    for index in Int64(0)..<10 { withEntry([0: 1], [[], [], []]) { _ = slices.add($0, index: index, in: pool) } }
    for index in Int64(30)..<35 { withEntry([0: 1], [[], [], []]) { _ = slices.add($0, index: index, in: pool) } }
    #expect(slices.withTotal(in: 0..<60, for: .live, pool: pool) { $0.counters.values[0] } == 15)
    slices.drop(before: 13, in: pool)
    #expect(slices.withTotal(in: 16..<76, for: .live, pool: pool) { $0.counters.values[0] } == 5)
  }

  @Test func aPackedAccumulatorTakesTheWordsThatItNeeds() {
    let pool = SketchPool()
    var packed = PackedAccumulator()
    #expect(MemoryLayout<PackedAccumulator>.size == 8)
    withEntry([3: 5], [[], [17], []]) { packed.add($0, in: pool) }
    withEntry([3: 2, 17: 1], [[], [18], [19]]) { packed.add($0, in: pool) }
    let read = packed.borrowed
    #expect(read.counters.values[3] == 7 && read.counters.values[17] == 1 && read.counters.values[0] == 0)
    #expect(read.viewers.estimate == 2 && read.clickers.estimate == 1 && read.buyers.isEmpty)
    packed.clear(in: pool)
    #expect(packed.isEmpty)
  }

  @Test func aPackedSumStopsAtTheLimit() {
    let pool = SketchPool()
    var packed = PackedAccumulator()
    withEntry([0: .max - 1], [[], [], []]) { packed.add($0, in: pool) }
    withEntry([0: 5], [[], [], []]) { packed.add($0, in: pool) }
    #expect(packed.borrowed.counters.values[0] == .max)
    var twice = PackedAccumulator()
    twice.merge(packed, in: pool)
    twice.merge(packed, in: pool)
    #expect(twice.borrowed.counters.isSaturated)
  }
}
