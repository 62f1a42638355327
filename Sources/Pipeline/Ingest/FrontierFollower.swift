import Kafka
import Logging
import Synchronization
import WindowEngine

/// Follows one shard of the partials topic to know how far the source partitions of other instances have come.
final class FrontierFollower: @unchecked Sendable {
  private static let batchRecords = 256
  private static let pollMilliseconds = 100

  private let plan: EnginePlan
  private let sources: Sources
  private let partition: TopicPartition
  private let properties: ClientProperties
  private let pulses: Pulses
  private let logger: Logger
  private let failed: @Sendable (any Error) -> Void
  private let isStopping = Atomic<Bool>(false)
  private var worker: Worker?

  init(
    plan: EnginePlan, sources: Sources, partition: TopicPartition, properties: ClientProperties, pulses: Pulses,
    logger: Logger, failed: @escaping @Sendable (any Error) -> Void
  ) {
    self.plan = plan
    self.sources = sources
    self.partition = partition
    self.properties = properties
    self.pulses = pulses
    self.logger = logger
    self.failed = failed
  }

  func start() {
    let pulse = pulses.begin("frontiers")
    worker = Worker(name: "frontiers") { [self] in
      defer { pulse.end() }
      do { try run(pulse) } catch { failed(error) }
    }
  }

  func stop() {
    isStopping.store(true, ordering: .releasing)
    worker?.join()
  }

  private func run(_ pulse: Pulse) throws {
    let reader = try Consumer(properties: properties, logger: logger)
    defer { reader.close(timeoutMilliseconds: 0) }
    var queue: PartitionQueue?
    var batch = MessageBatch(capacity: Self.batchRecords)
    defer { batch.reset() }
    while !isStopping.load(ordering: .acquiring) {
      pulse.beat()
      _ = reader.poll(timeoutMilliseconds: queue == nil ? Self.pollMilliseconds : 0)
      if sources.areAllOwned {
        // There is nobody to follow, and what is not read costs nothing.
        if queue != nil { try reader.unassign([partition]) }
        queue = nil
        continue
      }
      let current = try queue ?? reader.assign([(partition, .end)])[0]
      queue = current
      current.consume(into: &batch, timeoutMilliseconds: Self.pollMilliseconds)
      for i in 0..<batch.count {
        guard let value = batch[i].value else { continue }
        for frontier in try Frontier.read(value, plan: plan) { sources.note(frontier) }
      }
    }
  }
}
