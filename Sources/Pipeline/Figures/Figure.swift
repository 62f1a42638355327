import Synchronization

/// A figure that only rises. Whoever does the work adds, per commit and not per event; whoever serves `/metrics` reads.
final class Counter: Sendable {
  private let total = Atomic<UInt64>(0)

  var value: UInt64 { total.load(ordering: .relaxed) }
  func add(_ count: UInt64 = 1) { total.wrappingAdd(count, ordering: .relaxed) }
}

/// A counter of what an owner has counted itself since it was made; owners come and go, the counter only rises.
final class FollowingCounter: Sendable {
  private let counter = Counter()
  private let known = Gauge()

  var value: UInt64 { counter.value }

  /// What the owner has counted by now. That it has fallen is what a part of it that went away took along.
  func follow(_ total: UInt64) {
    let total = Int64(clamping: total)
    counter.add(UInt64(max(0, total - known.value)))
    known.set(total)
  }

  /// The next owner begins at 0.
  func forgetOwner() { known.set(0) }
}

/// A figure that rises and falls: its owner sets it, others read.
final class Gauge: Sendable {
  private let current = Atomic<Int64>(0)

  var value: Int64 { current.load(ordering: .relaxed) }
  func set(_ value: Int64) { current.store(value, ordering: .relaxed) }
  func set(_ value: Int) { set(Int64(value)) }
}

/// A row of counters, one for each of a fixed number of things.
struct Counters: Sendable {
  private let counters: [Counter]

  init(_ count: Int) { counters = (0..<count).map { _ in Counter() } }

  var values: [UInt64] { counters.map(\.value) }
  subscript(index: Int) -> Counter { counters[index] }

  func add(_ counts: [UInt64]) { for (counter, count) in zip(counters, counts) where count > 0 { counter.add(count) } }
}
