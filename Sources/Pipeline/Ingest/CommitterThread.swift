import Foundation
import Kafka
import Logging
import Synchronization
import WindowEngine

/// The thread of an ``IngestCommitter``: gathers what the lanes hand over and commits it.
final class CommitterThread: @unchecked Sendable {
  /// Hand-overs that make up one commit at most, so that rollups begin while more is coming; and, as aborted ones are
  /// kept, so that no more memory is taken however often commits are aborted.
  private static let commitLimit = 64
  /// Bytes of hand-overs that make up one commit at most: more would take longer than a transaction may last.
  private static let commitBytes = 32 << 20
  /// How often all frontiers are written again for instances that have just come, ms.
  private static let refreshMilliseconds: Int64 = 5_000
  /// Commits that are tried before partitions are given up whose work could not be committed: others do it again.
  private static let releaseTries = 3
  /// How long an aborted commit waits before the next try, so that the group can settle.
  private static let retryMicroseconds: UInt32 = 50_000

  private enum Command {
    case own(source: Int, generation: UInt64, Unsent)
    case release([Int], commits: Bool, DispatchSemaphore)
  }

  private struct Unsent: @unchecked Sendable { let restored: StateStore.Lane? }

  private let inboxes: [SPSCRing<HandOver>]
  private let committer: IngestCommitter
  private let statistics: DaemonStatistics
  private let pulse: Pulse
  private let logger: Logger
  private let failed: @Sendable (any Error) -> Void
  private let commands = Mutex<[Command]>([])
  private let hasFailed = Atomic<Bool>(false)
  private let hasEnded = Atomic<Bool>(false)
  /// Commits that were aborted since the last one that was not.
  private var abortsInARow = 0
  private var lastRefresh = SteadyClock.milliseconds()
  private var worker: Worker?

  init(
    inboxes: [SPSCRing<HandOver>], committer: IngestCommitter, statistics: DaemonStatistics, pulse: Pulse,
    logger: Logger, failed: @escaping @Sendable (any Error) -> Void
  ) {
    self.inboxes = inboxes
    self.committer = committer
    self.statistics = statistics
    self.pulse = pulse
    self.logger = logger
    self.failed = failed
  }

  func start() {
    worker = Worker(name: "committer") { [self] in
      run()
      pulse.end()
    }
  }

  func join() { worker?.join() }

  /// Says that a partition is owned, before its lane may hand over anything.
  func own(_ source: Int, generation: UInt64, restored: StateStore.Lane?) {
    commands.withLock { $0.append(.own(source: source, generation: generation, Unsent(restored: restored))) }
  }

  /// Gives partitions up that no lane reads any more. Returns when nothing of them is under way; what was handed over
  /// is committed first, if it `commits` and that goes through.
  func release(_ sources: [Int], commits: Bool, waiter: Pulse) {
    let done = DispatchSemaphore(value: 0)
    commands.withLock { $0.append(.release(sources, commits: commits, done)) }
    while done.wait(timeout: .now() + .milliseconds(100)) == .timedOut {
      // After a failure nothing is under way any more.
      if hasEnded.load(ordering: .acquiring) { return }
      waiter.beat()
    }
  }

  private func run() {
    var wait = WaitStrategy()
    while true {
      // A partition is said to be owned before its lane can hand over, so what is gathered first has its owner by then.
      gather(limit: Self.commitLimit - committer.waitingCount)
      let hasObeyed = obey()
      let now = SteadyClock.milliseconds()
      pulse.beat(now: now)
      let refreshes = now - lastRefresh >= Self.refreshMilliseconds
      let isEnd = inboxes.allSatisfy(\.isDrained)
      // What cannot be committed at the end is done again by whoever comes next.
      if isEnd && (hasFailed.load(ordering: .acquiring) || abortsInARow >= Self.releaseTries) { break }
      if committer.hasWork || refreshes {
        wait.reset()
        commit(refreshes: refreshes)
      } else if isEnd {
        break
      } else if !hasObeyed {
        wait.wait()
      }
    }
    hasEnded.store(true, ordering: .releasing)
  }

  private func gather(limit: Int) {
    // After a failure the lanes must not be held up by what nobody will commit.
    let hasFailed = hasFailed.load(ordering: .acquiring)
    var count = 0
    for inbox in inboxes {
      while hasFailed || limit == .max || (count < limit && committer.waitingBytes < Self.commitBytes),
        let handOver = inbox.poll()
      {
        if !hasFailed { committer.take(handOver) }
        count += 1
      }
    }
  }

  private func obey() -> Bool {
    let all = commands.withLock { commands in
      defer { commands = [] }
      return commands
    }
    for command in all {
      switch command {
      case .own(let source, let generation, let unsent):
        committer.own(source, generation: generation, restored: unsent.restored)
      case .release(let sources, let commits, let done):
        gather(limit: .max)
        if commits {
          for _ in 0..<Self.releaseTries where committer.hasWork && !hasFailed.load(ordering: .acquiring) {
            commit(refreshes: false)
          }
        }
        for source in sources { committer.disown(source) }
        done.signal()
      }
    }
    return !all.isEmpty
  }

  private func commit(refreshes: Bool) {
    if hasFailed.load(ordering: .acquiring) {
      usleep(Self.retryMicroseconds)
      return
    }
    let began = SteadyClock.milliseconds()
    if refreshes { lastRefresh = began }
    statistics.ingest.progress.tries(now: began)
    do throws(TransactionFailure) {
      switch try committer.commit(refreshesFrontiers: refreshes) {
      case .idle: statistics.ingest.progress.settles()
      case .committed(let handOvers):
        abortsInARow = 0
        statistics.ingest.progress.settles()
        statistics.ingest.committed(handOvers, milliseconds: SteadyClock.milliseconds() - began, committer)
      case .aborted(let cause, let text):
        abortsInARow += 1
        statistics.aborted(.ingest, cause)
        logger.log(level: cause == .rebalance ? .info : .warning, "a commit was aborted and is tried again: \(text)")
        usleep(Self.retryMicroseconds)
      }
    } catch {
      hasFailed.store(true, ordering: .releasing)
      failed(error)
    }
  }
}
