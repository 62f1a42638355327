import Kafka
import Logging

/// Reads committed offsets and records for restores. Belongs to the thread that owns `consumer`.
final class KafkaCommittedLog: CommittedLog {
  /// How long a read waits for what an open transaction hides: transactions time out before.
  private static let patience = Duration.seconds(30)
  private static let committedMilliseconds = 30_000
  private static let batchRecords = 1024
  private static let pollMilliseconds = 50
  /// How long brokers may hold an answer back at the end of a partition, which is what a restore waits for.
  private static let fetchWaitMilliseconds = "10"

  private let consumer: Consumer
  private let reader: Consumer
  private let mayGoOn: () -> Bool

  /// `consumer` is a member of the group whose offsets are asked for.
  init(consumer: Consumer, properties: ClientProperties, logger: Logger, mayGoOn: @escaping () -> Bool) throws {
    self.consumer = consumer
    reader = try Consumer(
      properties: try properties.removing(["group.id"]).setting(["fetch.wait.max.ms": Self.fetchWaitMilliseconds])
        .settingWhereKnown(["fetch.queue.backoff.ms": Self.fetchWaitMilliseconds]), logger: logger)
    self.mayGoOn = mayGoOn
  }

  deinit { reader.close(timeoutMilliseconds: 0) }

  func committed(_ partitions: [TopicPartition]) throws -> [TopicPartition: PartitionOffset] {
    let deadline = ContinuousClock.now + Self.patience
    while true {
      do {
        let offsets = try consumer.committed(partitions, timeoutMilliseconds: Self.committedMilliseconds)
        return Dictionary(uniqueKeysWithValues: offsets.map { ($0.partition, $0) })
      } catch {
        if error.kind != .retriable || !mayGoOn() || ContinuousClock.now > deadline { throw error }
      }
    }
  }

  func read(
    _ partition: TopicPartition, from start: Int64?, isDone: () -> Bool, _ body: (LogRecord) throws -> Bool
  ) throws {
    let queue = try reader.assign([(partition, start.map { .offset($0) } ?? .beginning)])[0]
    defer { try? reader.unassign([partition]) }
    var batch = MessageBatch(capacity: Self.batchRecords)
    defer { batch.reset() }
    var deadline = ContinuousClock.now + Self.patience
    while mayGoOn() {
      if ContinuousClock.now > deadline { throw RestoreError.noAnswer(partition) }
      queue.consume(into: &batch, timeoutMilliseconds: Self.pollMilliseconds)
      for i in 0..<batch.count {
        let message = batch[i]
        let key = message.key ?? UnsafeRawBufferPointer(start: nil, count: 0)
        if try !body(LogRecord(offset: message.offset, key: key, value: message.value)) { return }
      }
      // What a restore needs must be there; nothing is passed over.
      if let error = batch.error, error.kind == .offsetOutOfRange { throw error }
      if !batch.isEmpty { deadline = ContinuousClock.now + Self.patience }
      if batch.endOffset != nil && isDone() { return }
      _ = reader.poll(timeoutMilliseconds: 0)
    }
    throw RestoreError.interrupted(partition)
  }
}
