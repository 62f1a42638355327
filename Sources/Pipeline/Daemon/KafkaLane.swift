import Foundation
import Kafka
import LiveEvents
import Synchronization
import WindowEngine

/// One thread that reads some source partitions, counts their events and hands over what changed.
final class KafkaLane: @unchecked Sendable {
  /// Records taken from a partition at once; then the next partition has its turn.
  private static let batchRecords = 4096
  /// The longest sleep, so that idleness and stopping are noticed, ms.
  private static let longestWait: Int64 = 100
  /// The sleep while a partition waits for a slower one, which says nothing when it has come on, ms.
  private static let alignmentWait: Int64 = 2
  /// Open panes that lead to a hand-over, beyond twice those that the last one left.
  private static let paneSlack = 256

  private final class Owned {
    let queue: PartitionQueue
    let intake: Intake
    let progress: Sources.Progress
    var nextOffset: Int64
    var isAtEnd = false
    var hasHadRecord = false
    var lastRecord: ContinuousClock.Instant
    var isIdle = false
    /// What was handed over last, to say nothing where nothing changed.
    var handedOffset: Int64 = -1
    var handedWatermark = Int64.min
    var handedIdle = false
    /// Open panes that lead to a hand-over: a log of few events over a long time must not fill the memory.
    var paneLimit = KafkaLane.paneSlack

    init(queue: PartitionQueue, intake: Intake, progress: Sources.Progress, startOffset: Int64) {
      self.queue = queue
      self.intake = intake
      self.progress = progress
      nextOffset = startOffset
      lastRecord = .now
    }
  }

  private enum Command {
    case add(PartitionQueue, source: Int)
    case remove(Set<TopicPartition>, DispatchSemaphore)
  }

  let outbox = SPSCRing<HandOver>(capacity: Committer.inboxCapacity)
  private let setup: EngineSetup
  private let sources: Sources
  private let shards: Int
  private let keepsDuplicates: Bool
  private let failed: @Sendable (any Error) -> Void
  private let commands = Mutex<[Command]>([])
  private let wakeup = Wakeup()
  private let isStopping = Atomic<Bool>(false)
  private var owned: [Owned] = []
  private var worker: Worker?
  /// Bytes of state of the partitions this lane owns, about.
  let stateBytes = Atomic<Int>(0)
  let openPanes = Atomic<Int>(0)

  init(
    setup: EngineSetup, sources: Sources, shards: Int, keepsDuplicates: Bool,
    failed: @escaping @Sendable (any Error) -> Void
  ) {
    self.setup = setup
    self.sources = sources
    self.shards = shards
    self.keepsDuplicates = keepsDuplicates
    self.failed = failed
  }

  func start(name: String) {
    worker = Worker(name: name) { [self] in
      run()
      outbox.close()
    }
  }

  /// Hands over what there is and ends the thread.
  func stop() {
    isStopping.store(true, ordering: .releasing)
    wakeup.signal()
    worker?.join()
  }

  /// Takes a partition over, from its beginning.
  func add(_ queue: PartitionQueue, source: Int) {
    commands.withLock { $0.append(.add(queue, source: source)) }
    queue.signals(wakeup)
  }

  /// Gives partitions up; returns when they are no longer read. Their state is dropped.
  func remove(_ partitions: Set<TopicPartition>) {
    let done = DispatchSemaphore(value: 0)
    commands.withLock { $0.append(.remove(partitions, done)) }
    wakeup.signal()
    done.wait()
  }

  // MARK: The thread

  private func run() {
    var batch = MessageBatch(capacity: Self.batchRecords)
    let clock = ContinuousClock()
    let interval = Duration.milliseconds(setup.plan.time.commitInterval)
    var nextHandOver = clock.now + interval
    while !isStopping.load(ordering: .acquiring) {
      obey()
      var isBusy = false
      var isGated = false
      for one in owned {
        if !sources.mayRead(one.intake.source, maxSkew: setup.plan.time.maxSkew) {
          // Held back, not silent.
          isGated = true
          one.lastRecord = clock.now
          continue
        }
        if one.queue.consume(into: &batch) > 0 {
          isBusy = true
          take(batch, of: one)
          one.lastRecord = clock.now
        }
        note(batch, of: one)
        one.progress.nextOffset.store(one.nextOffset, ordering: .relaxed)
        if one.intake.mustHandOver { handOver(one) }
      }
      batch.reset()
      let now = clock.now
      if now >= nextHandOver {
        for one in owned {
          judgeIdleness(of: one, now: now)
          handOver(one)
        }
        stateBytes.store(owned.reduce(0) { $0 + $1.intake.byteCount }, ordering: .relaxed)
        openPanes.store(owned.reduce(0) { $0 + $1.intake.openPanes }, ordering: .relaxed)
        nextHandOver = now + interval
      }
      if !isBusy {
        let left = (nextHandOver - clock.now) / .milliseconds(1)
        let longest = isGated ? Self.alignmentWait : Self.longestWait
        wakeup.wait(timeoutMilliseconds: Int(max(0, min(Int64(left.rounded(.up)), longest))))
      }
    }
    obey()
    for one in owned { handOver(one) }
  }

  private func obey() {
    for command in commands.withLock({ commands in
      defer { commands = [] }
      return commands
    }) {
      switch command {
      case .add(let queue, let source):
        let progress = sources.progress(of: source)
        progress.hasUnread.store(true, ordering: .releasing)
        progress.isIdle.store(false, ordering: .releasing)
        owned.append(
          Owned(
            queue: queue,
            intake: Intake(
              plan: setup.plan, policy: setup.policy, shards: shards, source: source, mode: .continuous,
              keepsDuplicates: keepsDuplicates),
            progress: progress, startOffset: 0))
      case .remove(let partitions, let done):
        for one in owned where partitions.contains(one.queue.partition) {
          one.progress.isIdle.store(false, ordering: .releasing)
        }
        owned.removeAll { partitions.contains($0.queue.partition) }
        done.signal()
      }
    }
  }

  private func take(_ batch: borrowing MessageBatch, of one: Owned) {
    let intake = one.intake
    // Awake before its newest event is known to others, or they could take all for idle and go on to that event.
    one.isIdle = false
    one.progress.isIdle.store(false, ordering: .releasing)
    for i in 0..<batch.count {
      let message = batch[i]
      intake.take(
        message.value ?? UnsafeRawBufferPointer(start: nil, count: 0), recordTimestamp: message.timestampMilliseconds,
        offset: message.offset, line: 0)
      if intake.openPanes > one.paneLimit {
        one.nextOffset = message.offset + 1
        handOver(one)
        one.paneLimit = 2 * intake.openPanes + Self.paneSlack
      }
    }
    one.nextOffset = batch[batch.count - 1].offset + 1
    one.hasHadRecord = true
    one.progress.watermark.store(intake.watermark, ordering: .relaxed)
    one.progress.newest.store(intake.newest, ordering: .relaxed)
  }

  /// Notes whether the batch ended at the end of the partition, and what went wrong.
  private func note(_ batch: borrowing MessageBatch, of one: Owned) {
    if let end = batch.endOffset {
      one.isAtEnd = true
      one.nextOffset = max(one.nextOffset, end)
      one.progress.hasUnread.store(false, ordering: .releasing)
    } else if !batch.isEmpty {
      one.isAtEnd = false
      one.progress.hasUnread.store(true, ordering: .releasing)
    }
    if let error = batch.error {
      // Silence counts from the last failed fetch on.
      one.lastRecord = .now
      if error.kind == .offsetOutOfRange { failed(error) }
    }
  }

  private func judgeIdleness(of one: Owned, now: ContinuousClock.Instant) {
    let silent = now - one.lastRecord >= .milliseconds(setup.plan.time.idleTimeout)
    let wasNeverWritten = !one.hasHadRecord && one.nextOffset == 0
    one.isIdle = one.isAtEnd && (silent || wasNeverWritten) && sources.areReachable.load(ordering: .acquiring)
    one.progress.isIdle.store(one.isIdle, ordering: .releasing)
    if one.isIdle, let target = sources.idleTarget(paneLength: setup.plan.time.pane) {
      one.intake.advance(to: target)
      one.progress.watermark.store(one.intake.watermark, ordering: .relaxed)
    }
  }

  private func handOver(_ one: Owned) {
    let intake = one.intake
    if one.nextOffset == one.handedOffset && intake.watermark == one.handedWatermark && one.isIdle == one.handedIdle {
      return
    }
    one.handedOffset = one.nextOffset
    one.handedWatermark = intake.watermark
    one.handedIdle = one.isIdle
    let handOver = intake.handOver(sourceOffset: one.nextOffset, isIdle: one.isIdle)
    var wait = WaitStrategy()
    while !outbox.offer(handOver) { wait.wait() }
  }
}
