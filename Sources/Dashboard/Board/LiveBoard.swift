import Foundation
import Synchronization

/// The newest record of every Kafka key of the live and leaderboard topics, for readers inside this process.
///
/// Any thread may publish; publishing takes a short lock and never waits for a client. Readers ask for what is
/// newest when they are ready, so a slow one sees fewer steps and holds nobody back.
///
/// ```swift
/// let board = LiveBoard()
/// board.publish(topic: .live, key: Array("1m||".utf8), value: Array(record.utf8))
/// ```
public final class LiveBoard: Sendable {
  /// Where a record came from.
  public enum Topic: Sendable {
    /// `livetally.live`.
    case live
    /// `livetally.leaderboards`.
    case leaderboards
  }

  /// What the board holds and what it had to leave out.
  public struct Counters: Sendable, Equatable {
    /// Keys of live records held.
    public var keys: Int
    /// Leaderboard records held.
    public var leaderboards: Int
    /// Records of new keys that found the board full.
    public var droppedKeys: UInt64
    /// Records that were no metric records.
    public var malformedRecords: UInt64
  }

  private struct Guarded {
    var live: BoardState
    var leaderboards = LeaderboardShelf()
    var lastPublish: ContinuousClock.Instant?
  }

  private let guarded: Mutex<Guarded>
  private let limits: BoardLimits

  /// An empty board.
  ///
  /// - Parameter sessionWindows: The names of session windows, which records do not tell from cumulative ones.
  public init(limits: BoardLimits = BoardLimits(), sessionWindows: Set<String> = []) {
    self.limits = limits
    guarded = Mutex(Guarded(live: BoardState(limits: limits, sessionWindows: sessionWindows)))
  }

  /// Takes one record.
  ///
  /// - Parameters:
  ///   - topic: Which of the two topics it is of.
  ///   - key: The bytes of its Kafka key.
  ///   - value: The bytes of its JSON value; nil is a tombstone and removes the key.
  ///   - timestampMilliseconds: When it was written, for a record that lay in the topic before anyone read it; nil
  ///     for one that is as new as its arrival.
  public func publish(topic: Topic, key: [UInt8], value: [UInt8]?, timestampMilliseconds: Int64? = nil) {
    let written = ContinuousClock.now - Self.age(timestampMilliseconds)
    guarded.withLock { state in
      state.lastPublish = max(state.lastPublish ?? written, written)
      switch topic {
      case .live: state.live.apply(key: key, value: value)
      case .leaderboards: state.leaderboards.apply(key: key, value: value, limit: limits.maxLeaderboards)
      }
    }
  }

  /// Takes a final record of `livetally.metrics` from the time before the board began, for its trends only.
  public func recall(key: [UInt8], value: [UInt8]) {
    guarded.withLock { $0.live.recall(key: key, value: value) }
  }

  private static func age(_ timestampMilliseconds: Int64?) -> Duration {
    guard let timestampMilliseconds else { return .zero }
    return .milliseconds(max(0, Int64(Date().timeIntervalSince1970 * 1000) - timestampMilliseconds))
  }

  /// The present counts.
  public var counters: Counters {
    guarded.withLock { state in
      Counters(
        keys: state.live.keyCount, leaderboards: state.leaderboards.count,
        droppedKeys: state.live.droppedKeys + state.leaderboards.dropped,
        malformedRecords: state.live.malformedRecords)
    }
  }

  /// The time since the last record; nil before the first.
  var age: Duration? {
    guarded.withLock(\.lastPublish).map { ContinuousClock.now - $0 }
  }

  /// Runs `body` under the lock. What takes long in it holds up the reader of the topics, but never the engine.
  func read<Result: Sendable>(_ body: (inout BoardState) -> Result) -> Result {
    guarded.withLock { body(&$0.live) }
  }

  /// The newest value of a leaderboard; of several windows or days the one that starts last.
  func leaderboard(named name: String, window: String?) -> [UInt8]? {
    guarded.withLock { $0.leaderboards.newest(named: name, window: window) }
  }

  /// The names of the leaderboards, sorted.
  var leaderboardNames: [String] { guarded.withLock(\.leaderboards.names) }
}
