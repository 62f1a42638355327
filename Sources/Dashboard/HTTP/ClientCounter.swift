import Synchronization

/// Counts the clients of the live stream.
final class ClientCounter: Sendable {
  private let present = Atomic<Int>(0)
  private let droppedCount = Atomic<Int>(0)

  var count: Int { present.load(ordering: .relaxed) }
  /// Clients that were too slow.
  var dropped: Int { droppedCount.load(ordering: .relaxed) }

  func countDropped() { droppedCount.add(1, ordering: .relaxed) }

  /// A place for one client, free again when the seat is released; nil where all are taken.
  func seat(limit: Int) -> Seat? {
    guard present.add(1, ordering: .relaxed).newValue <= limit else {
      present.subtract(1, ordering: .relaxed)
      return nil
    }
    return Seat(counter: self)
  }

  final class Seat: Sendable {
    private let counter: ClientCounter
    fileprivate init(counter: ClientCounter) { self.counter = counter }
    deinit { counter.present.subtract(1, ordering: .relaxed) }
  }
}
