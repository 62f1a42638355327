import Kafka
import Testing

@Suite struct ProducingTests {
  @Test func refusedRecordIsReportedWithItsAddress() throws {
    let bench = try Bench(partitions: 2)
    let producer = try bench.producer(["enable.idempotence": "false"])
    bench.broker.inject([.messageTooLarge], into: .produce)
    try producer.produce(topic: bench.topic, partition: 1, key: nil, value: [1])
    try producer.flush(timeoutMilliseconds: patience)
    let deliveries = producer.deliveries
    #expect(deliveries.delivered == 0)
    #expect(deliveries.failed == 1)
    #expect(deliveries.firstFailure?.codeName == "MSG_SIZE_TOO_LARGE")
    #expect(deliveries.firstFailure?.topic == bench.topic)
    #expect(deliveries.firstFailure?.partition == 1)
    producer.resetDeliveries()
    #expect(producer.deliveries == DeliveryReport())
  }

  @Test func fullQueueWaitsForRoom() throws {
    let bench = try Bench()
    let producer = try bench.producer(["queue.buffering.max.messages": "10", "linger.ms": "0"])
    for number in 0..<500 {
      try producer.produce(topic: bench.topic, partition: 0, key: nil, value: Array("\(number)".utf8))
    }
    try producer.flush(timeoutMilliseconds: patience)
    #expect(producer.deliveries == .delivered(500))
  }

  @Test func fullQueueGivesUpInTimeWhenNothingMoves() throws {
    let bench = try Bench()
    bench.broker.takeDown()
    let producer = try bench.producer(["queue.buffering.max.messages": "10"])
    var error: KafkaError?
    let elapsed = ContinuousClock().measure {
      error = kafkaError {
        for _ in 0...10 {
          try producer.produce(topic: bench.topic, partition: 0, key: nil, value: [1], timeoutMilliseconds: 300)
        }
      }
    }
    #expect(error?.kind == .queueFull)
    #expect(elapsed >= .milliseconds(300) && elapsed < .seconds(3))
    #expect(kafkaError { try producer.flush(timeoutMilliseconds: 100) }?.kind == .timedOut)
    producer.purge()
    #expect(producer.deliveries.failed == 10)
  }

  @Test func sameKeyGoesToTheSamePartition() throws {
    let bench = try Bench(partitions: 4)
    let producer = try bench.producer()
    for _ in 0..<50 { try producer.produce(topic: bench.topic, key: Array("h042".utf8), value: [1]) }
    try producer.flush(timeoutMilliseconds: patience)
    let queues = try bench.consumer().assign((0..<4).map { (bench.partition($0), .beginning) })
    let counts = try queues.map { try readToEnd($0).records.count }
    #expect(counts.sorted() == [0, 0, 0, 50])
  }
}

@Suite struct TransactionTests {
  @Test func committedTransactionDeliversItsRecords() throws {
    let bench = try Bench()
    try bench.broker.createTopic("partials", partitions: 1)
    let consumer = try bench.consumer(["group.id": "g"])
    let producer = try bench.producer(["transactional.id": "t"])
    try producer.initializeTransactions(timeoutMilliseconds: patience)
    try producer.beginTransaction()
    try producer.produce(topic: "partials", partition: 0, key: nil, value: [42])
    let offset = PartitionOffset(bench.partition(0), offset: 81_233, metadata: "generation 7")
    try producer.sendOffsets([offset], groupMetadata: consumer.groupMetadata(), timeoutMilliseconds: patience)
    try producer.commitTransaction(timeoutMilliseconds: patience)
    #expect(producer.deliveries == .delivered(1))
    // The embedded broker takes a transaction's offsets and does not keep them, so they are not looked at here.
    let queue = try consumer.assign([(TopicPartition("partials", 0), .beginning)])[0]
    #expect(try readToEnd(queue, limit: 1).records.map(\.value) == [[42]])
  }

  @Test func abortedTransactionReportsItsRecordsAndTheNextOneWorks() throws {
    let bench = try Bench()
    let producer = try bench.producer(["transactional.id": "t", "linger.ms": "10000"])
    try producer.initializeTransactions(timeoutMilliseconds: patience)
    try producer.beginTransaction()
    try producer.produce(topic: bench.topic, partition: 0, key: nil, value: [1])
    try producer.abortTransaction(timeoutMilliseconds: patience)
    #expect(producer.deliveries.failed == 1)
    try producer.beginTransaction()
    try producer.commitTransaction(timeoutMilliseconds: patience)
  }

  @Test func olderGenerationAsksForAnAbort() throws {
    let bench = try Bench()
    let consumer = try bench.consumer(["group.id": "g"])
    let producer = try bench.producer(["transactional.id": "t"])
    try producer.initializeTransactions(timeoutMilliseconds: patience)
    try producer.beginTransaction()
    bench.broker.inject([.illegalGeneration], into: .transactionOffsetCommit)
    let error = kafkaError {
      try producer.sendOffsets(
        [PartitionOffset(bench.partition(0), offset: 1)], groupMetadata: consumer.groupMetadata(),
        timeoutMilliseconds: patience)
    }
    #expect(error?.kind == .abortable)
    #expect(error?.isGroupChange == true)
    try producer.abortTransaction(timeoutMilliseconds: patience)
  }

  @Test func fencedProducerIsFinished() throws {
    let bench = try Bench()
    let producer = try bench.producer(["transactional.id": "t"])
    try producer.initializeTransactions(timeoutMilliseconds: patience)
    try producer.beginTransaction()
    try producer.produce(topic: bench.topic, partition: 0, key: nil, value: [1])
    bench.broker.inject([.producerFenced], into: .endTransaction)
    let error = kafkaError { try producer.commitTransaction(timeoutMilliseconds: patience) }
    #expect(error?.kind == .fenced)
    #expect(producer.fatalError?.kind == .fenced)
  }
}
