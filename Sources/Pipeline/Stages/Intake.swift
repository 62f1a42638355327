// Invariant that makes this file safe: `partition` is initialized from `init` to `deinit`, and the lane that owns the
// intake is the only one to use it.

import LiveEvents
import WindowEngine

/// Counts the events of one source partition, and collects what its lane hands over.
final class Intake {
  let source: Int
  private let generation: UInt64?
  private let partition: UnsafeMutablePointer<SourcePartition>
  private let sink: BlockSink
  private let keepsDuplicates: Bool
  private var rejects: [Reject] = []
  private var rejectBytes = 0
  private var isSaturated = false
  private var counts: UnsafeMutablePointer<UInt64>
  private var rejected: UnsafeMutablePointer<UInt64>
  /// Events that were read and then refused, which is rare, by type.
  private var refused = EventCounts()
  // One owner: checks of exclusive access for each event were felt.
  @exclusivity(unchecked) private var bytes: UInt64 = 0

  /// Rejects that a lane holds back at most: a stream of nothing but garbage must not fill the memory.
  private static let maxRejectBytes = 4 << 20
  private static let typeCount = EventType.allCases.count
  private static let reasonCount = RejectReason.allCases.count

  private final class BlockSink {
    var blocks: [Block] = []
  }

  init(
    plan: EnginePlan, shards: Int, source: Int, mode: PublishingMode, keepsDuplicates: Bool, generation: UInt64? = nil
  ) {
    self.source = source
    self.generation = generation
    self.keepsDuplicates = keepsDuplicates
    let sink = BlockSink()
    self.sink = sink
    partition = .allocate(capacity: 1)
    partition.initialize(
      to: SourcePartition(plan: plan, shards: shards, source: source, mode: mode, generation: generation) {
        sink.blocks.append($0)
      })
    counts = .allocate(capacity: Self.typeCount)
    counts.initialize(repeating: 0, count: Self.typeCount)
    rejected = .allocate(capacity: Self.reasonCount)
    rejected.initialize(repeating: 0, count: Self.reasonCount)
  }

  deinit {
    partition.deinitialize(count: 1)
    partition.deallocate()
    counts.deallocate()
    rejected.deallocate()
  }

  var watermark: Int64 { partition.pointee.watermark }
  var newest: Int64 { partition.pointee.newest }
  var openPanes: Int { partition.pointee.openPanes }
  var byteCount: Int { partition.pointee.byteCount }
  /// Whether so many rejects have gathered that they must go on before more is read.
  var mustHandOver: Bool { rejectBytes >= Self.maxRejectBytes }

  /// Counts decoded events, or keeps them with the reason why not.
  func take(_ batch: IntakeBatch) {
    let known = rejects.count
    bytes &+= batch.bytes
    isSaturated = isSaturated || batch.isSaturated
    for reject in batch.rejects { keep(reject) }
    partition.pointee.count(batch.events) { outcome in
      if let reason = outcome.reason {
        let line = batch.lines[outcome.position]
        refuse(
          line.bytes, reason, type: outcome.type, timestamp: outcome.timestamp, watermark: outcome.watermark,
          offset: line.offset, line: line.number)
      } else {
        counts[Int(outcome.type.rawValue)] &+= 1
      }
    }
    if !batch.rejects.isEmpty { rejects[known...].sort { $0.offset < $1.offset } }
  }

  /// Keeps an event that was decoded but not counted.
  @inline(never)
  private func refuse(
    _ payload: UnsafeRawBufferPointer, _ reason: RejectReason, type: EventType, timestamp: Int64, watermark: Int64,
    offset: Int64, line: Int64
  ) {
    switch reason {
    case .duplicate: refused.duplicates[Int(type.rawValue)] += 1
    case .tooLate: refused.tooLate[Int(type.rawValue)] += 1
    default: break
    }
    if reason == .duplicate && !keepsDuplicates { return note(reason) }
    let detail =
      reason == .duplicate
      ? "event_id was counted before"
      : "ts \(timestamp) is more than allowed_lateness behind the watermark \(watermark)"
    keep(
      Reject(reason: reason, detail: detail, source: source, offset: offset, line: line, bytes: Array(payload)))
  }

  private func note(_ reason: RejectReason) { rejected[RejectReason.allCases.firstIndex(of: reason)!] += 1 }

  private func keep(_ reject: Reject) {
    note(reject.reason)
    rejectBytes += reject.bytes.count + 256
    rejects.append(reject)
  }

  /// Takes back what an earlier owner's checkpoint holds; the intake must be fresh.
  func restore(
    _ checkpoint: LaneCheckpoint, pieces: [(PieceID, [UInt8])], ids: [(PieceID, [UInt8])]
  ) throws(StateError) {
    try partition.pointee.restore(checkpoint, pieces: pieces, ids: ids)
  }

  /// Moves an idle partition's watermark forward.
  func advance(to watermark: Int64) { partition.pointee.advance(to: watermark) }

  /// What has changed since the last hand-over, as of `sourceOffset`, the offset of the next record.
  ///
  /// `isAtEnd` says that there is nothing more to read now, `isEnd` that there never will be: then nothing of it holds a
  /// window back any more.
  func handOver(
    sourceOffset: Int64, isIdle: Bool = false, isAtEnd: Bool = false, isEnd: Bool = false
  ) -> HandOver {
    partition.pointee.handOver(sourceOffset: sourceOffset, atEnd: isEnd)
    var handOver = HandOver(
      frontier: Frontier(
        source: source, watermark: isEnd ? .max : watermark, newest: newest, isIdle: isIdle, isAtEnd: isAtEnd,
        sourceOffset: sourceOffset),
      sourceOffset: sourceOffset)
    if let generation {
      handOver.generation = generation
      handOver.checkpoint = partition.pointee.takeCheckpoint(sourceOffset: sourceOffset, isIdle: isIdle)
    }
    swap(&handOver.blocks, &sink.blocks)
    swap(&handOver.rejects, &rejects)
    rejectBytes = 0
    swap(&handOver.counts, &refused)
    for i in 0..<Self.typeCount { handOver.counts.accepted[i] = counts[i] }
    for i in 0..<Self.reasonCount { handOver.counts.rejected[i] = rejected[i] }
    handOver.counts.bytes = bytes
    handOver.hasOverflow = partition.pointee.hasOverflow
    handOver.isSaturated = isSaturated
    counts.update(repeating: 0, count: Self.typeCount)
    rejected.update(repeating: 0, count: Self.reasonCount)
    bytes = 0
    return handOver
  }
}
