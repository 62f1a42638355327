import Foundation
import WindowEngine

/// Passes what the lanes of a replay hand over to its rollups. (Of the daemon, ``IngestCommitter`` and the partials topic
/// do it.)
final class HandOverRelay: @unchecked Sendable {
  /// Hand-overs of a lane that may wait; more make the lane wait, and so stop it from reading.
  static let inboxCapacity = 8
  /// Hand-overs that make up one commit at most, so that rollups begin while more is coming.
  private static let commitLimit = 64

  private let inboxes: [SPSCRing<HandOver>]
  private let rollups: [RollupStage]
  /// Which rollup owns each shard.
  private let owners: [Int]
  private let committed: @Sendable ([HandOver]) throws -> Void
  private let failed: @Sendable (any Error) -> Void
  private var worker: Worker?

  /// `committed` sees each commit before it is passed on: rejects and counts are its business.
  init(
    inboxes: [SPSCRing<HandOver>], rollups: [RollupStage], owners: [Int],
    committed: @escaping @Sendable ([HandOver]) throws -> Void, failed: @escaping @Sendable (any Error) -> Void
  ) {
    self.inboxes = inboxes
    self.rollups = rollups
    self.owners = owners
    self.committed = committed
    self.failed = failed
  }

  func start() {
    worker = Worker(name: "relay") { [self] in run() }
  }

  func join() { worker?.join() }

  private func run() {
    var wait = WaitStrategy()
    var hasFailed = false
    while true {
      var handOvers: [HandOver] = []
      for inbox in inboxes {
        while handOvers.count < Self.commitLimit, let handOver = inbox.poll() { handOvers.append(handOver) }
      }
      if handOvers.isEmpty {
        if inboxes.allSatisfy(\.isDrained) { break }
        wait.wait()
        continue
      }
      wait.reset()
      if hasFailed { continue }
      do {
        try committed(handOvers)
        pass(handOvers)
      } catch {
        hasFailed = true
        failed(error)
      }
    }
    for rollup in rollups { rollup.inbox.close() }
  }

  /// Gives each rollup its shards' blocks and all frontiers.
  private func pass(_ handOvers: [HandOver]) {
    var batches = rollups.map { _ in CommittedBatch() }
    for handOver in handOvers {
      for block in handOver.blocks { batches[owners[block.shard]].blocks.append(block) }
      for i in batches.indices { batches[i].frontiers.append(handOver.frontier) }
    }
    for (rollup, batch) in zip(rollups, batches) {
      var wait = WaitStrategy()
      while !rollup.inbox.offer(batch) { wait.wait() }
    }
  }
}
