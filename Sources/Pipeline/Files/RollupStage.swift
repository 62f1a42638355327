import Foundation
import Synchronization
import WindowEngine

/// What one commit brings to the rollups.
struct CommittedBatch {
  /// Blocks in the order in which they were written, each of some shard.
  var blocks: [Block] = []
  var frontiers: [Frontier] = []
}

/// Where the records of a rollup go. Called by one rollup thread at a time for each instance.
protocol RecordSink: AnyObject, Sendable {
  /// Publishes the records, in order; returns when they are safely on their way.
  func deliver(_ records: RecordBuffer, shard: Int) throws
  /// Looks after what is on its way; called now and then. Throws if something that was delivered has failed.
  func settle() throws
}

/// One thread that owns some shards: applies what was committed and publishes what follows from it.
final class RollupStage: @unchecked Sendable {
  /// Committed batches that may wait; more make the committer wait.
  private static let inboxCapacity = 16
  /// How long a rollup may publish nothing while live windows fade or the emit interval runs, ms.
  private static let tickMilliseconds: Int64 = 200

  let inbox = SPSCRing<CommittedBatch>(capacity: inboxCapacity)
  private let shards: [Int: RollupShard]
  private let sink: any RecordSink
  private let clock: @Sendable () -> Int64
  private let failed: @Sendable (any Error) -> Void
  private var worker: Worker?
  private let hasSaturated = Atomic<Bool>(false)

  /// `failed` is told once if a batch cannot be applied or delivered; the stage then only drains its inbox.
  init(
    shards: [Int: RollupShard], sink: any RecordSink, clock: @escaping @Sendable () -> Int64,
    failed: @escaping @Sendable (any Error) -> Void
  ) {
    self.shards = shards
    self.sink = sink
    self.clock = clock
    self.failed = failed
  }

  func start(name: String) {
    worker = Worker(name: name) { [self] in run() }
  }

  func join() { worker?.join() }

  /// Whether a sum has stopped at the limit of Int64. Any thread may ask.
  var isSaturated: Bool { hasSaturated.load(ordering: .relaxed) }

  private func run() {
    var wait = WaitStrategy()
    var lastTick = clock()
    var hasFailed = false
    while true {
      var batches = 0
      do {
        while batches < Self.inboxCapacity, let batch = inbox.poll() {
          batches += 1
          if !hasFailed { try apply(batch) }
        }
        let now = clock()
        if !hasFailed && (batches > 0 || now - lastTick >= Self.tickMilliseconds) {
          lastTick = now
          try publish(now: now)
          try sink.settle()
        }
      } catch {
        hasFailed = true
        failed(error)
      }
      if batches > 0 {
        wait.reset()
      } else if inbox.isDrained {
        return
      } else {
        wait.wait()
      }
    }
  }

  private func apply(_ batch: CommittedBatch) throws {
    for block in batch.blocks {
      if let shard = shards[block.shard] { try shard.apply(block.bytes) }
    }
    for frontier in batch.frontiers {
      for shard in shards.values { shard.apply(frontier) }
    }
  }

  private func publish(now: Int64) throws {
    for (number, shard) in shards {
      var failure: (any Error)?
      shard.records.spill = { [sink] records in
        guard failure == nil else { return }
        do { try sink.deliver(records, shard: number) } catch { failure = error }
      }
      shard.publish(now: now)
      shard.records.spill = nil
      if shard.isSaturated { hasSaturated.store(true, ordering: .relaxed) }
      if let failure { throw failure }
      if shard.records.count == 0 { continue }
      try sink.deliver(shard.records, shard: number)
      shard.records.removeAll()
    }
  }
}
