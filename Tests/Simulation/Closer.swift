import Kafka
import Pipeline
import WindowEngine

extension Process {
  /// Restores shards at the end of a run, and closes their windows.
  final class Closer {
    private final class PlainReader: CommittedLog {
      private unowned let world: World
      init(_ world: World) { self.world = world }

      func committed(_ partitions: [TopicPartition]) throws -> [TopicPartition: PartitionOffset] {
        var found: [TopicPartition: PartitionOffset] = [:]
        for partition in partitions {
          found[partition] = world.cluster.committedOffset(partition, group: world.group(.rollup).name).offset
        }
        return found
      }

      func read(
        _ partition: TopicPartition, from start: Int64?, isDone: () -> Bool, _ body: (LogRecord) throws -> Bool
      ) throws {
        for (offset, entry) in world.cluster.read(partition, from: Int(start ?? 0)).records {
          let goesOn = try entry.key.withUnsafeBytes { key in
            try entry.value.withBytes { try body(LogRecord(offset: Int64(offset), key: key, value: $0)) }
          }
          if !goesOn { return }
        }
      }
    }

    private let world: World

    init(_ world: World) { self.world = world }

    func close(_ number: Int) throws -> RecordBuffer {
      let reader = PlainReader(world)
      let store = StateStore(plan: world.plan, topic: world.topic, log: reader)
      let partition = world.partials(number)
      let shard = RollupShard(plan: world.plan, mode: .continuous, sources: world.partitions.count)
      if case .state(let found) = try store.shard(number, committed: try reader.committed([partition])[partition]) {
        try shard.restore(found.head, copies: found.copies)
        let first = found.head.segments.map(\.partialsOffset).min()!
        try reader.read(partition, from: first) { record in
          if record.offset < found.head.partialsOffset, let value = record.value {
            try shard.apply(partial: value, offset: record.offset)
          }
          return true
        }
        try shard.resume(found.head)
      }
      for source in Sources(world.partitions).numbers {
        shard.apply(
          Frontier(source: source, watermark: .max, newest: .min, isIdle: false, sourceOffset: .max))
      }
      shard.publish(now: world.now)
      return shard.records.takeContents()
    }
  }
}
