import Foundation
import Kafka
import LiveEvents
import Synchronization
import WindowEngine

/// One thread that reads some source partitions, counts their events and hands over what changed.
final class KafkaLane: @unchecked Sendable {
  /// Records taken from a partition at once; then the next partition has its turn.
  private static let batchRecords = 4096
  /// Hand-overs that may wait for the committer; more make the lane wait, and so stop it from reading.
  static let outboxCapacity = 8
  /// The longest sleep, so that idleness and stopping are noticed, ms.
  private static let longestWait: Int64 = 100
  /// The sleep while a partition waits for a slower one, which says nothing when it has come on, ms.
  private static let alignmentWait: Int64 = 2

  private struct Owned {
    let queue: PartitionQueue
    let source: OwnedSource
  }

  private enum Command {
    case add(PartitionQueue, Unsent)
    case remove(Set<TopicPartition>, handsOver: Bool, DispatchSemaphore)
  }

  /// A source partition on its way to the lane's thread.
  private struct Unsent: @unchecked Sendable { let source: OwnedSource }

  let outbox = SPSCRing<HandOver>(capacity: outboxCapacity)
  private let plan: EnginePlan
  private let sources: Sources
  private let failed: @Sendable (any Error) -> Void
  private let commands = Mutex<[Command]>([])
  private let wakeup = Wakeup()
  private let isStopping = Atomic<Bool>(false)
  private let isDropping = Atomic<Bool>(false)
  private var owned: [Owned] = []
  private var worker: Worker?
  /// When the lane last went round, ms of the steady clock.
  let lastRound = Atomic<Int64>(SteadyClock.milliseconds())
  /// Bytes of state of the partitions this lane owns, about.
  let stateBytes = Atomic<Int>(0)
  let openPanes = Atomic<Int>(0)
  private let pulse: Pulse

  init(plan: EnginePlan, sources: Sources, pulse: Pulse, failed: @escaping @Sendable (any Error) -> Void) {
    self.plan = plan
    self.sources = sources
    self.pulse = pulse
    self.failed = failed
  }

  func start(name: String) {
    worker = Worker(name: name) { [self] in
      run()
      outbox.close()
      pulse.end()
    }
  }

  /// Hands over what there is, unless `drops`, and ends the thread.
  func stop(drops: Bool) {
    if drops { isDropping.store(true, ordering: .releasing) }
    isStopping.store(true, ordering: .releasing)
    wakeup.signal()
    worker?.join()
  }

  /// Takes a partition over.
  func add(_ queue: PartitionQueue, _ source: OwnedSource) {
    commands.withLock { $0.append(.add(queue, Unsent(source: source))) }
    queue.signals(wakeup)
  }

  /// Gives partitions up; returns when they are no longer read and, if it `handsOver`, what was counted is in the outbox.
  func remove(_ partitions: Set<TopicPartition>, handsOver: Bool, waiter: Pulse) {
    let done = DispatchSemaphore(value: 0)
    commands.withLock { $0.append(.remove(partitions, handsOver: handsOver, done)) }
    wakeup.signal()
    // The lane has a pulse of its own.
    while done.wait(timeout: .now() + .milliseconds(100)) == .timedOut { waiter.beat() }
  }

  // MARK: The thread

  private func run() {
    var batch = MessageBatch(capacity: Self.batchRecords)
    var nextHandOver = SteadyClock.milliseconds() + plan.time.commitInterval
    while !isStopping.load(ordering: .acquiring) {
      let began = SteadyClock.milliseconds()
      lastRound.store(began, ordering: .relaxed)
      pulse.beat(now: began)
      obey()
      var isBusy = false
      var isGated = false
      for one in owned {
        if !sources.mayRead(one.source.source, maxSkew: plan.time.maxSkew) {
          isGated = true
          one.source.noteObstacle(now: SteadyClock.milliseconds())
          continue
        }
        if one.queue.consume(into: &batch) > 0 {
          isBusy = true
          take(batch, of: one.source)
        }
        note(batch, of: one.source)
        if one.source.mustHandOver { handOver(one.source) }
      }
      batch.reset()
      let now = SteadyClock.milliseconds()
      if now >= nextHandOver {
        for one in owned {
          one.source.judgeIdleness(now: now, sources: sources)
          handOver(one.source)
        }
        stateBytes.store(owned.reduce(0) { $0 + $1.source.intake.byteCount }, ordering: .relaxed)
        openPanes.store(owned.reduce(0) { $0 + $1.source.intake.openPanes }, ordering: .relaxed)
        nextHandOver = now + plan.time.commitInterval
      }
      if !isBusy {
        let longest = isGated ? Self.alignmentWait : Self.longestWait
        wakeup.wait(timeoutMilliseconds: Int(max(0, min(nextHandOver - SteadyClock.milliseconds(), longest))))
      }
    }
    obey()
    for one in owned { handOver(one.source) }
    owned = []
  }

  private func obey() {
    for command in commands.withLock({ commands in
      defer { commands = [] }
      return commands
    }) {
      switch command {
      case .add(let queue, let unsent): owned.append(Owned(queue: queue, source: unsent.source))
      case .remove(let partitions, let handsOver, let done):
        for one in owned where partitions.contains(one.queue.partition) {
          if handsOver { handOver(one.source) }
          one.source.release()
        }
        owned.removeAll { partitions.contains($0.queue.partition) }
        done.signal()
      }
    }
  }

  private func take(_ batch: borrowing MessageBatch, of source: OwnedSource) {
    source.beginRecords()
    for i in 0..<batch.count {
      let message = batch[i]
      let mustHandOver = source.take(
        message.value ?? UnsafeRawBufferPointer(start: nil, count: 0), recordTimestamp: message.timestampMilliseconds,
        offset: message.offset)
      if mustHandOver { handOver(source) }
    }
    source.noteArrival(
      Arrival(
        first: batch[0].timestampMilliseconds, last: batch[batch.count - 1].timestampMilliseconds, count: batch.count))
    source.endRecords(nextOffset: batch[batch.count - 1].offset + 1, now: SteadyClock.milliseconds())
  }

  /// Notes whether the batch ended at the end of the partition, and what went wrong.
  private func note(_ batch: borrowing MessageBatch, of source: OwnedSource) {
    if let end = batch.endOffset { source.noteEnd(end) }
    if let error = batch.error {
      source.noteObstacle(now: SteadyClock.milliseconds())
      if error.kind == .offsetOutOfRange { failed(error) }
    }
  }

  private func handOver(_ source: OwnedSource) {
    guard !isDropping.load(ordering: .acquiring), let handOver = source.handOver() else { return }
    var wait = WaitStrategy()
    while !outbox.offer(handOver) {
      if isDropping.load(ordering: .acquiring) { return }
      wait.wait()
      pulse.beat()
    }
  }
}
