import Synchronization

/// How far one side of the daemon, ingest or rollup, is with what it has to do before it works, for `/readyz`. Written
/// by the thread that does it.
final class Progress: Sendable {
  enum Phase: UInt8, Sendable {
    /// There are no clients yet, or they are being made anew.
    case starting
    /// The clients are there; the group has not yet said what this instance gets.
    case joining
    /// What it got is being restored.
    case restoring
    case working
  }

  /// A commit that has been tried for longer than this does not go through, ms: that is longer than one takes in which
  /// a transaction times out and is tried again.
  static let patienceMilliseconds: Int64 = 10_000

  private let current = Atomic<UInt8>(Phase.starting.rawValue)
  /// Since when a commit has been tried, ms of the steady clock; 0: none is.
  private let since = Atomic<Int64>(0)

  var phase: Phase { Phase(rawValue: current.load(ordering: .relaxed))! }
  func enter(_ phase: Phase) { current.store(phase.rawValue, ordering: .relaxed) }

  /// There is something to commit.
  func tries(now: Int64) {
    if since.load(ordering: .relaxed) == 0 { since.store(max(1, now), ordering: .relaxed) }
  }

  /// It is committed, or there was nothing.
  func settles() { since.store(0, ordering: .relaxed) }

  /// Why this side does not publish, as the end of a sentence; `nil` where it does.
  func obstacle(_ role: ConsumerRole, now: Int64) -> String? {
    let what = role == .ingest ? "source partitions" : "shards"
    switch phase {
    case .starting: return "the Kafka clients of \(role.rawValue) are being made"
    case .joining: return "the group has not assigned \(what) yet"
    case .restoring: return "the state of the \(what) is being restored"
    case .working: break
    }
    let started = since.load(ordering: .relaxed)
    if started != 0, now - started > Self.patienceMilliseconds {
      return "no commit of \(role.rawValue) has gone through for \((now - started) / 1000) s"
    }
    return nil
  }
}
