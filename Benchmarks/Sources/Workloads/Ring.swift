import WindowEngine

extension Workload {
  private static let elements = 1 << 16

  /// The ring between two threads, element by element, without the other thread.
  static let ring = Workload("ring", unit: "element") {
    let ring = SPSCRing<Int>(capacity: 1024)
    return Prepared(units: elements) {
      for i in 0..<elements {
        precondition(ring.offer(i), "the ring is full")
        precondition(ring.poll() == i, "the ring is empty")
      }
    }
  }

  /// The same, filled and emptied in turn.
  static let ringBatch = Workload("ring-batch", unit: "element") {
    let ring = SPSCRing<Int>(capacity: 1024)
    return Prepared(units: elements) {
      for _ in 0..<elements / 1024 {
        for i in 0..<1024 { precondition(ring.offer(i), "the ring is full") }
        for i in 0..<1024 { precondition(ring.poll() == i, "the ring is empty") }
      }
    }
  }
}
