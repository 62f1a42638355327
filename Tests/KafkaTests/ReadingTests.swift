import Kafka
import Testing

@Suite struct ReadingTests {
  @Test func everyPartitionComesOutOfItsOwnQueueInOrder() throws {
    let bench = try Bench(partitions: 3)
    for partition in Int32(0)..<3 {
      try bench.write(200, to: partition) { Array("\(partition):\($0)".utf8) }
    }
    let consumer = try bench.consumer()
    let queues = try consumer.assign((0..<3).map { (bench.partition($0), .beginning) })
    for queue in queues {
      let (records, endOffset) = try readToEnd(queue)
      #expect(records.map(\.text) == (0..<200).map { "\(queue.partition.partition):\($0)" })
      #expect(records.map(\.offset) == Array(0..<200))
      #expect(endOffset == 200)
    }
    #expect(consumer.poll(timeoutMilliseconds: 100)?.error == nil)
  }

  @Test func recordsComeBackByteForByte() throws {
    let bench = try Bench()
    let everyByte = (0...255).map { UInt8($0) }
    let written: [Record] = [
      Record(
        offset: 0, key: everyByte, value: everyByte.reversed(), timestampMilliseconds: 1_592_308_800_123,
        headers: [Header("reason", "late"), Header("reason", [0, 255]), Header("none", nil)]),
      Record(offset: 1, key: nil, value: Array("no key".utf8), timestampMilliseconds: 1, headers: []),
      Record(offset: 2, key: Array("tombstone".utf8), value: nil, timestampMilliseconds: 2, headers: []),
      Record(offset: 3, key: [], value: [], timestampMilliseconds: 3, headers: [Header("empty", [])]),
    ]
    let producer = try bench.producer()
    for record in written {
      try producer.produce(
        topic: bench.topic, partition: 0, key: record.key, value: record.value, headers: record.headers,
        timestampMilliseconds: record.timestampMilliseconds)
    }
    try producer.flush(timeoutMilliseconds: patience)
    let queue = try bench.consumer().assign([(bench.partition(0), .beginning)])[0]
    #expect(try readToEnd(queue).records == written)
  }

  @Test func readingStartsWhereItIsTold() throws {
    let bench = try Bench()
    try bench.write(10)
    let consumer = try bench.consumer()
    func offsets(from start: StartOffset) throws -> [Int64] {
      let queue = try consumer.assign([(bench.partition(0), start)])[0]
      defer { try? consumer.unassign([bench.partition(0)]) }
      return try readToEnd(queue).records.map(\.offset)
    }
    #expect(try offsets(from: .offset(7)) == [7, 8, 9])
    #expect(try offsets(from: .beginning) == Array(0..<10))
    #expect(try offsets(from: .end) == [])
    try consumer.commit([PartitionOffset(bench.partition(0), offset: 4)])
    #expect(try offsets(from: .committed) == [4, 5, 6, 7, 8, 9])
  }

  @Test func startOutsideTheLogIsReportedAndNotReset() throws {
    let bench = try Bench()
    try bench.write(3)
    let queue = try bench.consumer().assign([(bench.partition(0), .offset(1000))])[0]
    let error = try #require(kafkaError { _ = try readToEnd(queue) })
    #expect(error.kind == .offsetOutOfRange)
    #expect(error.topic == bench.topic)
    #expect(error.partition == 0)
    #expect(error.offset == 1000)
  }

  @Test func endIsReportedAgainAfterMoreRecords() throws {
    let bench = try Bench()
    let queue = try bench.consumer().assign([(bench.partition(0), .beginning)])[0]
    #expect(try readToEnd(queue).endOffset == 0)
    try bench.write(2)
    let (records, endOffset) = try readToEnd(queue)
    #expect(records.count == 2)
    #expect(endOffset == 2)
  }

  @Test func laneSleepsUntilAnyOfItsQueuesHasRecords() throws {
    let bench = try Bench(partitions: 2)
    let queues = try bench.consumer().assign((0..<2).map { (bench.partition($0), .beginning) })
    for queue in queues { _ = try readToEnd(queue) }
    let wakeup = Wakeup()
    for queue in queues { queue.signals(wakeup) }
    #expect(wakeup.wait(timeoutMilliseconds: 0))  // the one that signals() gives
    #expect(!wakeup.wait(timeoutMilliseconds: 50))
    try bench.write(1, to: 1)
    #expect(wakeup.wait(timeoutMilliseconds: patience))
    #expect(try readToEnd(queues[1]).records.count == 1)
  }

  @Test func unassignedQueueStaysEmpty() throws {
    let bench = try Bench()
    try bench.write(5)
    let consumer = try bench.consumer()
    let old = try consumer.assign([(bench.partition(0), .beginning)])[0]
    _ = try readToEnd(old)
    try consumer.unassign([bench.partition(0)])
    let new = try consumer.assign([(bench.partition(0), .offset(3))])[0]
    var batch = MessageBatch(capacity: 8)
    #expect(old.consume(into: &batch, timeoutMilliseconds: 50) == 0)
    #expect(try readToEnd(new).records.map(\.offset) == [3, 4])
  }

  @Test func queueThatIsNotPolledHoldsNoMoreThanConfigured() throws {
    let bench = try Bench()
    let kibibyte = [UInt8](repeating: 7, count: 1024)
    // A fetch brings at least one batch, so the producer's batches have to be small for the limit to show.
    try bench.write(4000, ["batch.size": "16384"]) { _ in kibibyte }
    let consumer = try bench.consumer([
      "queued.max.messages.kbytes": "256", "fetch.message.max.bytes": "65536", "statistics.interval.ms": "100",
    ])
    let queue = try consumer.assign([(bench.partition(0), .beginning)])[0]
    // Full: the same number of records twice in a row, and not all of them.
    var last = -1
    let held = try consumer.event { event -> Statistics.Partition? in
      guard let partition = event.statistics?.partitions.first, partition.fetchedMessages > 0 else { return nil }
      defer { last = partition.fetchedMessages }
      return partition.fetchedMessages == last ? partition : nil
    }
    #expect(held.fetchedBytes < 2 * 256 * 1024)
    #expect(try readToEnd(queue).records.count == 4000)
  }

  @Test func batchKeepsItsRecordsAfterTheConsumerClosed() throws {
    let bench = try Bench()
    try bench.write(5)
    var batch = MessageBatch(capacity: 8)
    try {
      let consumer = try bench.consumer()
      let queue = try consumer.assign([(bench.partition(0), .beginning)])[0]
      while queue.consume(into: &batch, timeoutMilliseconds: 100) == 0 {}
      consumer.close(timeoutMilliseconds: 5000)
    }()
    #expect(batch[0].value.map { Array($0) } == Array("0".utf8))
  }
}
