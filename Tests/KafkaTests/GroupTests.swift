import Kafka
import Testing

@Suite struct GroupTests {
  static let sessions = ["session.timeout.ms": "6000", "heartbeat.interval.ms": "200"]

  /// Two members share four partitions; the first keeps what it is asked for until it has acknowledged.
  @Test(arguments: ["range", "cooperative-sticky"])
  func secondMemberGetsItsShareOnceTheFirstHasLetGo(strategy: String) throws {
    let bench = try Bench(partitions: 4)
    let group = Self.sessions.merging(["group.id": "g", "partition.assignment.strategy": strategy]) { $1 }
    let first = try bench.consumer(group)
    try first.subscribe(to: [bench.topic])
    let all = try first.event(\.assigned)
    #expect(all.sorted() == (0..<4).map { bench.partition($0) })
    _ = try first.assign(all.map { ($0, .beginning) })

    let second = try bench.consumer(group)
    try second.subscribe(to: [bench.topic])
    // A cooperative member joins with nothing at first, which is answered like any assignment.
    func pollSecond() throws {
      guard let partitions = second.poll(timeoutMilliseconds: 20)?.assigned else { return }
      #expect(partitions == [], "nothing may move before the first has let go")
      _ = try second.assign([])
    }
    var revoked: [TopicPartition] = []
    let patienceEnds = ContinuousClock.now + .milliseconds(patience)
    while revoked.isEmpty, ContinuousClock.now < patienceEnds {
      try pollSecond()
      revoked = first.poll(timeoutMilliseconds: 20)?.revoked ?? []
    }
    #expect(revoked.count == (strategy == "range" ? 4 : 2))
    for _ in 0..<20 { try pollSecond() }

    try first.unassign(revoked)
    var owned: [Set<TopicPartition>] = [Set(all).subtracting(revoked), []]
    let deadline = ContinuousClock.now + .milliseconds(patience)
    while owned.map(\.count) != [2, 2], ContinuousClock.now < deadline {
      for (index, member) in [first, second].enumerated() {
        switch member.poll(timeoutMilliseconds: 20) {
        case .assigned(let partitions):
          _ = try member.assign(partitions.map { ($0, .beginning) })
          owned[index].formUnion(partitions)
        case .revoked(let partitions, _):
          try member.unassign(partitions)
          owned[index].subtract(partitions)
        default: break
        }
      }
    }
    #expect(owned.map(\.count) == [2, 2])
    #expect(owned[0].isDisjoint(with: owned[1]))
    second.close(timeoutMilliseconds: 5000)
    first.close(timeoutMilliseconds: 5000)
  }

  @Test func leavingGivesThePartitionsBackThroughTheOwner() throws {
    let bench = try Bench(partitions: 2)
    try bench.write(10)
    let consumer = try bench.consumer(Self.sessions.merging(["group.id": "g"]) { $1 })
    try consumer.subscribe(to: [bench.topic])
    let assigned = try consumer.event(\.assigned)
    _ = try consumer.assign(assigned.map { ($0, .beginning) })
    try consumer.unsubscribe()
    let revoked = try consumer.event(\.revoked)
    #expect(revoked.sorted() == assigned.sorted())
    try consumer.commit([PartitionOffset(bench.partition(0), offset: 6, metadata: "checkpoint 41")])
    try consumer.unassign(revoked)
    let clock = ContinuousClock()
    #expect(clock.measure { consumer.close(timeoutMilliseconds: 10_000) } < .seconds(3))

    let heir = try bench.consumer(["group.id": "g"])
    let committed = try heir.committed((0..<2).map { bench.partition($0) }, timeoutMilliseconds: patience)
    #expect(committed == [PartitionOffset(bench.partition(0), offset: 6, metadata: "checkpoint 41")])
  }

  @Test func asynchronousCommitIsAnswered() throws {
    let bench = try Bench()
    let consumer = try bench.consumer(["group.id": "g"])
    try consumer.commitAsynchronously([PartitionOffset(bench.partition(0), offset: 3)])
    let (offsets, error) = try consumer.event { event -> ([PartitionOffset], KafkaError?)? in
      guard case .offsetsCommitted(let offsets, let error) = event else { return nil }
      return (offsets, error)
    }
    #expect(offsets.map(\.offset) == [3])
    #expect(error == nil)
  }

  @Test func closingDoesNotHangWithoutABroker() throws {
    let bench = try Bench()
    let consumer = try bench.consumer(Self.sessions.merging(["group.id": "g"]) { $1 })
    try consumer.subscribe(to: [bench.topic])
    _ = try consumer.assign(consumer.event(\.assigned).map { ($0, .beginning) })
    bench.broker.takeDown()
    let clock = ContinuousClock()
    #expect(clock.measure { consumer.close(timeoutMilliseconds: 2000) } < .seconds(4))
  }

  @Test(arguments: ["range", "cooperative-sticky"])
  func closingDoesNotHangOnAnUnansweredRebalance(strategy: String) throws {
    let bench = try Bench()
    let group = Self.sessions.merging(["group.id": "g", "partition.assignment.strategy": strategy]) { $1 }
    let consumer = try bench.consumer(group)
    try consumer.subscribe(to: [bench.topic])
    _ = try consumer.event(\.assigned)
    #expect(ContinuousClock().measure { consumer.close(timeoutMilliseconds: 10_000) } < .seconds(5))
  }

  @Test func watermarksAndPositionsAreTold() throws {
    let bench = try Bench()
    try bench.write(7)
    let consumer = try bench.consumer()
    let watermarks = try consumer.watermarks(of: bench.partition(0), timeoutMilliseconds: patience)
    #expect(watermarks == Watermarks(low: 0, high: 7))
    let queue = try consumer.assign([(bench.partition(0), .offset(2))])[0]
    _ = try readToEnd(queue)
    #expect(try consumer.positions([bench.partition(0)]).map(\.offset) == [7])
  }
}
