import Kafka
import Synchronization
import WindowEngine

/// The source partitions: every partition of the topics that are read, numbered, with how far each has come.
///
/// A partition's progress is written by the lane that owns it, or, where another instance does, by whoever follows the
/// frontiers; all others read it.
package final class Sources: Sendable {
  /// One partition's progress, as the lanes see it.
  package final class Progress: Sendable {
    /// ms since the epoch; `Int64.min` before the first event.
    package let watermark = Atomic<Int64>(.min)
    package let newest = Atomic<Int64>(.min)
    /// Whether records may wait that have not been read. True until the end of the partition has been seen.
    package let hasUnread = Atomic<Bool>(true)
    package let isIdle = Atomic<Bool>(false)
    /// The offset of the next record to be read.
    package let nextOffset = Atomic<Int64>(0)
    /// The offset behind the last record, as the brokers said last; -1: unknown. Written by whoever serves the group.
    package let highOffset = Atomic<Int64>(-1)
    /// Whether a lane of this instance owns it.
    package let isOwned = Atomic<Bool>(false)
  }

  package let partitions: [TopicPartition]
  /// The partitions' numbers, in the same order.
  package let numbers: [Int]
  /// Whether every broker that the client needs answers; otherwise no partition is taken for idle.
  package let areReachable = Atomic<Bool>(true)
  private let progress: [Progress?]
  private let named: [TopicPartition?]
  private let numberOf: [TopicPartition: Int]

  /// Numbers do not change when a topic gets more partitions, since state is kept under them: partition times the number
  /// of topics, plus the topic's position.
  package init(_ partitions: [TopicPartition]) {
    self.partitions = partitions
    var topics: [String] = []
    for partition in partitions where !topics.contains(partition.topic) { topics.append(partition.topic) }
    numbers = partitions.map { Int($0.partition) * topics.count + topics.firstIndex(of: $0.topic)! }
    numberOf = Dictionary(uniqueKeysWithValues: zip(partitions, numbers))
    var progress = [Progress?](repeating: nil, count: (numbers.max() ?? -1) + 1)
    var named = [TopicPartition?](repeating: nil, count: progress.count)
    for (partition, number) in zip(partitions, numbers) {
      progress[number] = Progress()
      named[number] = partition
    }
    self.progress = progress
    self.named = named
  }

  package func number(of partition: TopicPartition) -> Int? { numberOf[partition] }
  package func partition(of source: Int) -> TopicPartition { named[source]! }
  package func progress(of source: Int) -> Progress { progress[source]! }
  /// Whether lanes of this instance own every partition.
  package var areAllOwned: Bool { numbers.allSatisfy { progress[$0]!.isOwned.load(ordering: .acquiring) } }

  /// Notes what another instance has committed of its partition.
  package func note(_ frontier: Frontier) {
    guard progress.indices.contains(frontier.source), let one = progress[frontier.source],
      !one.isOwned.load(ordering: .acquiring), one.nextOffset.load(ordering: .relaxed) <= frontier.sourceOffset
    else { return }
    one.watermark.store(frontier.watermark, ordering: .relaxed)
    one.newest.store(frontier.newest, ordering: .relaxed)
    one.nextOffset.store(frontier.sourceOffset, ordering: .relaxed)
    one.hasUnread.store(!frontier.isAtEnd, ordering: .releasing)
    one.isIdle.store(frontier.isIdle, ordering: .releasing)
  }

  /// Whether a partition may be read, or must wait because its watermark is more than `maxSkew` ahead of the slowest
  /// one that has unread records.
  package func mayRead(_ source: Int, maxSkew: Int64) -> Bool {
    let mine = progress(of: source).watermark.load(ordering: .relaxed)
    if mine == .min { return true }
    for other in numbers where other != source {
      let one = progress(of: other)
      if !one.hasUnread.load(ordering: .acquiring) { continue }
      let watermark = one.watermark.load(ordering: .relaxed)
      if watermark == .min || mine - watermark > maxSkew { return false }
    }
    return true
  }

  /// Where an idle partition's watermark moves: to the lowest of the partitions that are not idle, or, when all are, to
  /// the end of the pane of the newest event. `nil` where there is nothing to go by yet.
  package func idleTarget(paneLength: Int64) -> Int64? {
    var lowest = Int64.max
    var newest = Int64.min
    for number in numbers {
      let one = progress(of: number)
      newest = max(newest, one.newest.load(ordering: .relaxed))
      if !one.isIdle.load(ordering: .acquiring) { lowest = min(lowest, one.watermark.load(ordering: .relaxed)) }
    }
    if lowest == .max { return newest == .min ? nil : (floorDivide(newest, paneLength) + 1) * paneLength }
    return lowest == .min ? nil : lowest
  }
}
