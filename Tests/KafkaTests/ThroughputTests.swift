import Kafka
import Testing

@Suite struct ThroughputTests {
  /// No measurement to rely on, but a per-message cost in the batch loop would show: 80 000 records of 50 bytes come
  /// out of a local queue in a small part of the second allowed here.
  @Test func prefetchedRecordsAreReadQuickly() throws {
    let bench = try Bench()
    let count = 80_000
    let value = [UInt8](repeating: 7, count: 50)
    try bench.write(count) { _ in value }
    let consumer = try bench.consumer(["statistics.interval.ms": "100"])
    let queue = try consumer.assign([(bench.partition(0), .beginning)])[0]
    _ = try consumer.event { event in
      event.statistics?.partitions.first { $0.fetchedMessages >= count }
    }
    var batch = MessageBatch(capacity: 4096)
    var (records, bytes) = (0, 0)
    let elapsed = ContinuousClock().measure {
      while queue.consume(into: &batch) > 0 {
        for index in 0..<batch.count { bytes += batch[index].value?.count ?? 0 }
        records += batch.count
      }
    }
    #expect(records == count)
    #expect(bytes == count * value.count)
    #expect(elapsed < .seconds(1), "\(records) records took \(elapsed)")
  }
}
