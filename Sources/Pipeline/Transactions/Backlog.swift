import Kafka
import Logging

/// What lies behind a committed offset.
package enum Backlog: Equatable {
  /// So many records at most: those of aborted transactions and the marks of transactions have offsets, too.
  case records(Int64)
  /// The offset is no longer in the log, or not yet.
  case deleted
  /// Nothing came in time.
  case unknown

  private static let patience = Duration.seconds(5)
  private static let pollMilliseconds = 20

  /// Reads a little behind each offset. Brokers' own answers about the end of a partition differ in what they count.
  static func measure(
    _ offsets: [PartitionOffset], properties: ClientProperties, logger: Logger
  ) throws -> [TopicPartition: Backlog] {
    if offsets.isEmpty { return [:] }
    let reader = try Consumer(
      properties: try properties.setting(["fetch.wait.max.ms": "10", "queued.min.messages": "1"]), logger: logger)
    defer { reader.close(timeoutMilliseconds: 0) }
    let queues = try reader.assign(offsets.map { ($0.partition, .offset($0.offset)) })
    var backlogs = Dictionary(uniqueKeysWithValues: offsets.map { ($0.partition, Backlog.unknown) })
    var batch = MessageBatch(capacity: 1)
    defer { batch.reset() }
    var left = queues
    let deadline = ContinuousClock.now + patience
    while !left.isEmpty && ContinuousClock.now < deadline {
      left.removeAll { queue in
        queue.consume(into: &batch)
        if let backlog = backlog(batch, end: reader.lastSeenEnd(of: queue.partition)) {
          backlogs[queue.partition] = backlog
          return true
        }
        return false
      }
      _ = reader.poll(timeoutMilliseconds: pollMilliseconds)
    }
    return backlogs
  }

  private static func backlog(_ batch: borrowing MessageBatch, end: Int64?) -> Backlog? {
    if batch.error?.kind == .offsetOutOfRange { return .deleted }
    if batch.count > 0 { return end.map { .records(max(1, $0 - batch[0].offset)) } ?? .unknown }
    return batch.endOffset == nil ? nil : .records(0)
  }
}
