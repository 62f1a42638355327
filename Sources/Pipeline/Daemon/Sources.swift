import Kafka
import Synchronization
import WindowEngine

/// The source partitions: every partition of the topics that are read, numbered, with how far each has come.
///
/// Each partition's progress is written by the lane that owns it and read by all others.
final class Sources: Sendable {
  /// One partition's progress, as the other lanes see it.
  final class Progress: Sendable {
    /// ms since the epoch; `Int64.min` before the first event.
    let watermark = Atomic<Int64>(.min)
    let newest = Atomic<Int64>(.min)
    /// Whether records may wait that have not been read. True until the end of the partition has been seen.
    let hasUnread = Atomic<Bool>(true)
    let isIdle = Atomic<Bool>(false)
    /// The offset of the next record to be read.
    let nextOffset = Atomic<Int64>(0)
  }

  let partitions: [TopicPartition]
  /// Whether every broker that the client needs answers; otherwise no partition is taken for idle.
  let areReachable = Atomic<Bool>(true)
  private let progress: [Progress]
  private let numbers: [TopicPartition: Int]

  init(_ partitions: [TopicPartition]) {
    self.partitions = partitions
    progress = partitions.map { _ in Progress() }
    numbers = Dictionary(uniqueKeysWithValues: partitions.enumerated().map { ($1, $0) })
  }

  func number(of partition: TopicPartition) -> Int? { numbers[partition] }
  func progress(of source: Int) -> Progress { progress[source] }

  /// Whether a partition may be read, or must wait because its watermark is more than `maxSkew` ahead of the slowest
  /// one that has unread records.
  func mayRead(_ source: Int, maxSkew: Int64) -> Bool {
    let mine = progress[source].watermark.load(ordering: .relaxed)
    if mine == .min { return true }
    for other in progress.indices where other != source && progress[other].hasUnread.load(ordering: .acquiring) {
      let watermark = progress[other].watermark.load(ordering: .relaxed)
      if watermark == .min || mine - watermark > maxSkew { return false }
    }
    return true
  }

  /// Where an idle partition's watermark moves: to the lowest of the partitions that are not idle, or, when all are, to
  /// the end of the pane of the newest event. `nil` where there is nothing to go by yet.
  func idleTarget(paneLength: Int64) -> Int64? {
    var lowest = Int64.max
    var newest = Int64.min
    for one in progress {
      newest = max(newest, one.newest.load(ordering: .relaxed))
      if !one.isIdle.load(ordering: .acquiring) { lowest = min(lowest, one.watermark.load(ordering: .relaxed)) }
    }
    if lowest == .max { return newest == .min ? nil : (floorDivide(newest, paneLength) + 1) * paneLength }
    return lowest == .min ? nil : lowest
  }
}
