import Kafka
import LiveEvents
import WindowEngine

/// A source partition in the hands of a lane: what is counted of it, how far it is read, whether it is idle.
///
/// No thread and no clock: the lane that owns it brings records and the time.
package final class OwnedSource {
  /// Open panes that lead to a hand-over, beyond twice those that the last one left.
  private static let paneSlack = 256
  /// Events that are decoded before they are counted: enough for what they touch to be asked for in time, few enough
  /// to stay in the cache.
  private static let batchEvents = 256

  package let partition: TopicPartition
  package let source: Int
  /// Unlike that of any other owner of the partition, at any time.
  package let generation: UInt64
  /// Whether it goes on from an earlier owner's checkpoint.
  let isRestored: Bool
  let intake: Intake
  private let decoder: IntakeDecoder
  private let batch: IntakeBatch
  private let progress: Sources.Progress
  private let plan: EnginePlan
  /// The offset of the next record to be read.
  package private(set) var nextOffset: Int64
  private var isAtEnd = false
  private var hasHadRecord: Bool
  /// When the last record came, or something kept records away, ms of the steady clock.
  private var lastRecord: Int64
  private var isIdle = false
  /// What was handed over last, to say nothing where nothing changed.
  private var handedOffset: Int64 = -1
  private var handedWatermark = Int64.min
  private var handedIdle = false
  private var handedEnd = false
  /// When the records came that were read since the last hand-over.
  private var arrival: Arrival?
  /// Open panes that lead to a hand-over: a log of few events over a long time must not fill the memory.
  private var paneLimit = OwnedSource.paneSlack

  /// Takes a partition over, from its beginning or from what its last owner committed.
  package init(
    _ partition: TopicPartition, setup: EngineSetup, sources: Sources, shards: Int, keepsDuplicates: Bool,
    generation: UInt64, restored: StateStore.Lane?, now: Int64
  ) throws(StateError) {
    guard let source = sources.number(of: partition) else {
      preconditionFailure("\(partition) is not among the source partitions")
    }
    self.partition = partition
    self.source = source
    self.generation = generation
    isRestored = restored != nil
    plan = setup.plan
    progress = sources.progress(of: source)
    intake = Intake(
      plan: setup.plan, shards: shards, source: source, mode: .continuous, keepsDuplicates: keepsDuplicates,
      generation: generation)
    decoder = IntakeDecoder(policy: setup.policy, source: source)
    batch = IntakeBatch(plan: setup.plan, capacity: Self.batchEvents)
    if let restored { try intake.restore(restored.checkpoint, pieces: restored.pieces, ids: restored.ids) }
    nextOffset = restored?.checkpoint.sourceOffset ?? 0
    hasHadRecord = nextOffset > 0
    lastRecord = now
    progress.isOwned.store(true, ordering: .releasing)
    progress.watermark.store(intake.watermark, ordering: .relaxed)
    progress.newest.store(intake.newest, ordering: .relaxed)
    progress.nextOffset.store(nextOffset, ordering: .relaxed)
    progress.isIdle.store(false, ordering: .releasing)
    progress.hasUnread.store(true, ordering: .releasing)
  }

  /// The lane owns it no longer.
  package func release() {
    progress.isIdle.store(false, ordering: .releasing)
    progress.hasUnread.store(true, ordering: .releasing)
    progress.isOwned.store(false, ordering: .releasing)
  }

  // MARK: Reading

  /// Records follow.
  @inline(__always)
  package func beginRecords() {
    // Awake before its newest event is known to others, or they could take all for idle and go on to that event.
    isIdle = false
    progress.isIdle.store(false, ordering: .releasing)
  }

  /// Decodes one event, which is counted by ``endRecords(nextOffset:now:)`` at the latest; until then its bytes stay.
  /// Returns whether so many panes are open that they must be handed over before more is read.
  @inline(__always)
  package func take(_ payload: UnsafeRawBufferPointer, recordTimestamp: Int64, offset: Int64) -> Bool {
    decoder.take(payload, recordTimestamp: recordTimestamp, offset: offset, line: 0, into: batch)
    if !batch.isFull { return false }
    count(upTo: offset + 1)
    return intake.openPanes > paneLimit
  }

  /// Counts what was decoded, which is all up to `nextOffset`.
  private func count(upTo nextOffset: Int64) {
    self.nextOffset = nextOffset
    intake.take(batch)
    batch.removeAll()
  }

  /// When records came that have been read together.
  func noteArrival(_ new: Arrival?) {
    guard let new else { return }
    if arrival == nil { arrival = new } else { arrival!.add(new) }
  }

  /// Records have come up to `nextOffset`.
  package func endRecords(nextOffset: Int64, now: Int64) {
    count(upTo: nextOffset)
    hasHadRecord = true
    lastRecord = now
    isAtEnd = false
    progress.hasUnread.store(true, ordering: .releasing)
    noteProgress()
  }

  /// The end of the partition was reached; what readers do not see counts as read.
  package func noteEnd(_ offset: Int64) {
    isAtEnd = true
    nextOffset = max(nextOffset, offset)
    progress.nextOffset.store(nextOffset, ordering: .relaxed)
    progress.hasUnread.store(false, ordering: .releasing)
  }

  /// A fetch failed, or alignment holds the partition back: silence counts from here on.
  package func noteObstacle(now: Int64) { lastRecord = now }

  package func judgeIdleness(now: Int64, sources: Sources) {
    let silent = now - lastRecord >= plan.time.idleTimeout
    let wasNeverWritten = !hasHadRecord && nextOffset == 0
    isIdle = isAtEnd && (silent || wasNeverWritten) && sources.areReachable.load(ordering: .acquiring)
    progress.isIdle.store(isIdle, ordering: .releasing)
    if isIdle, let target = sources.idleTarget(paneLength: plan.time.pane) { advance(to: target) }
  }

  /// Moves the watermark forward.
  package func advance(to watermark: Int64) {
    intake.advance(to: watermark)
    noteProgress()
  }

  private func noteProgress() {
    progress.watermark.store(intake.watermark, ordering: .relaxed)
    progress.newest.store(intake.newest, ordering: .relaxed)
    progress.nextOffset.store(nextOffset, ordering: .relaxed)
  }

  // MARK: Handing over

  /// Whether so many rejects have gathered that they must go on before more is read.
  var mustHandOver: Bool { intake.mustHandOver }

  /// What has changed since the last time; `nil` where nothing has.
  package func handOver() -> HandOver? {
    if nextOffset == handedOffset && intake.watermark == handedWatermark && isIdle == handedIdle
      && isAtEnd == handedEnd
    {
      return nil
    }
    handedOffset = nextOffset
    handedWatermark = intake.watermark
    handedIdle = isIdle
    handedEnd = isAtEnd
    var handOver = intake.handOver(sourceOffset: nextOffset, isIdle: isIdle, isAtEnd: isAtEnd)
    handOver.arrival = arrival
    arrival = nil
    paneLimit = 2 * intake.openPanes + Self.paneSlack
    return handOver
  }
}
