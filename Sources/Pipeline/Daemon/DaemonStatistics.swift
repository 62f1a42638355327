import Foundation
import Kafka
import LiveEvents
import Synchronization
import WindowEngine

/// What the engine says about itself. Written per commit, not per event; read by whoever serves `/metrics`.
public final class DaemonStatistics: Sendable {
  /// A moment's figures.
  public struct Snapshot: Sendable {
    public var counts = EventCounts()
    /// Records handed to the producers, by topic: metrics, live, leaderboards.
    public var published: [UInt64] = [0, 0, 0]
    public var publishedBytes: UInt64 = 0
    public var commits: UInt64 = 0
    public var rebalances: UInt64 = 0
    /// Records behind the end, by source partition; only those whose lag is known.
    public var lag: [TopicPartition: Int64] = [:]
    /// Watermarks, ms since the epoch, by source partition that has one.
    public var watermarks: [TopicPartition: Int64] = [:]
    /// The newest event time of any source partition, ms since the epoch.
    public var newest: Int64?
    public var assignedPartitions = 0
    public var sourcePartitions = 0
    public var openPanes = 0
    /// Bytes of the lanes' state, about.
    public var laneBytes = 0
    /// Hand-overs waiting in the lanes' rings.
    public var ringDepth = 0
    public var hasOverflow = false
    public var isSaturated = false
    /// Errors of the Kafka clients.
    public var clientErrors: UInt64 = 0
  }

  private let state = Mutex(Snapshot())

  public init() {}

  /// The figures now.
  public var snapshot: Snapshot { state.withLock { $0 } }

  func update(_ body: (inout Snapshot) -> Void) { state.withLock { body(&$0) } }

  func published(_ records: RecordBuffer) {
    var counts: [UInt64] = [0, 0, 0]
    records.visit { topic, _, _ in counts[Int(topic.rawValue)] += 1 }
    state.withLock {
      for i in counts.indices { $0.published[i] += counts[i] }
      $0.publishedBytes += UInt64(records.byteCount)
    }
  }

  func committed(_ handOvers: [HandOver]) {
    state.withLock {
      $0.commits += 1
      for handOver in handOvers {
        $0.counts.add(handOver.counts)
        if handOver.hasOverflow { $0.hasOverflow = true }
        if handOver.isSaturated { $0.isSaturated = true }
      }
    }
  }
}
