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
    /// Commits of either kind, with how long they took.
    public var commits: [ConsumerRole: CommitTimes] = [:]
    /// Transactions that were aborted and tried again, by cause.
    public var aborts: [ConsumerRole: [AbortCause: UInt64]] = [:]
    /// Source partitions and shards that were restored, and how long that took, ms.
    public var restoredPartitions: UInt64 = 0
    public var restoredShards: UInt64 = 0
    public var restoreMilliseconds: UInt64 = 0
    /// Times that all clients were given up and made anew.
    public var restarts: UInt64 = 0
    /// Bytes written to the internal topics.
    public var partialBytes: UInt64 = 0
    public var checkpointBytes: UInt64 = 0
    public var changelogBytes: UInt64 = 0
    public var assignedShards = 0
    public var keys = 0
    /// Partials that came for panes in which nothing can change any more; none, unless a source partition was new.
    public var droppedPartials = 0
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

  func aborted(_ role: ConsumerRole, _ cause: AbortCause) {
    state.withLock { $0.aborts[role, default: [:]][cause, default: 0] += 1 }
  }

  func restored(partitions: Int = 0, shards: Int = 0, milliseconds: Int64) {
    state.withLock {
      $0.restoredPartitions += UInt64(partitions)
      $0.restoredShards += UInt64(shards)
      $0.restoreMilliseconds += UInt64(max(0, milliseconds))
    }
  }

  func rolledUp(milliseconds: Int64, _ committer: RollupCommitter) {
    state.withLock {
      $0.commits[.rollup, default: CommitTimes()].add(milliseconds)
      $0.changelogBytes = committer.changelogBytes
      $0.keys = committer.keyCount
      $0.droppedPartials = committer.droppedPartials
      $0.isSaturated = $0.isSaturated || committer.isSaturated
    }
  }

  func committed(_ handOvers: [HandOver], milliseconds: Int64, _ committer: IngestCommitter) {
    state.withLock {
      $0.commits[.ingest, default: CommitTimes()].add(milliseconds)
      $0.partialBytes = committer.partialBytes
      $0.checkpointBytes = committer.checkpointBytes
      for handOver in handOvers {
        $0.counts.add(handOver.counts)
        if handOver.hasOverflow { $0.hasOverflow = true }
        if handOver.isSaturated { $0.isSaturated = true }
      }
    }
  }
}

/// How long commits took.
public struct CommitTimes: Sendable {
  /// Upper bounds of the buckets, seconds.
  public static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
  /// Commits within each bound and not the one before.
  public private(set) var counts = [UInt64](repeating: 0, count: bounds.count)
  public private(set) var count: UInt64 = 0
  public private(set) var seconds = 0.0

  public init() {}

  mutating func add(_ milliseconds: Int64) {
    let time = Double(milliseconds) / 1000
    count += 1
    seconds += time
    if let bucket = Self.bounds.firstIndex(where: { time <= $0 }) { counts[bucket] += 1 }
  }
}
