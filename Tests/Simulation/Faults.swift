/// What goes wrong in a simulation, and how often it has.
public enum Fault: String, CaseIterable, Sendable {
  /// A process ends in the middle of whatever it does.
  case crash
  /// A process stands still for seconds, and goes on as if nothing had happened.
  case pause
  /// The same, and another process takes its name meanwhile.
  case replacedWhilePaused = "replaced while paused"
  /// No broker answers for a while.
  case brokerLoss = "broker loss"
  /// A request is carried out, but its answer is lost, and the client gives up.
  case lostAcknowledgement = "lost acknowledgement"
  /// A request arrives twice.
  case duplicatedRequest = "duplicated request"
  /// A transaction lasts longer than brokers allow.
  case transactionTimeout = "transaction timeout"
  /// Another instance joins or leaves.
  case membership = "instance joins or leaves"
  /// A group changes its assignment.
  case rebalance
  /// The wall clock jumps.
  case clockJump = "clock jump"
  /// A rollup reads little for a while.
  case slowConsumer = "slow consumer"
  /// A source partition falls silent for longer than the idle timeout.
  case silence
  /// A commit is aborted and tried again.
  case abort
  /// An aborted commit had printed more than is kept, and its shards are restored.
  case givenUp = "shards given up after an abort"
  /// A lane or shard is restored.
  case restore
}

/// How many of each kind were injected or came about.
public struct FaultCounts: Sendable {
  public private(set) var counts: [Fault: Int] = [:]

  public init() {}

  public subscript(fault: Fault) -> Int { counts[fault] ?? 0 }

  mutating func add(_ fault: Fault, _ count: Int = 1) { if count > 0 { counts[fault, default: 0] += count } }

  public mutating func add(_ other: FaultCounts) { for (fault, count) in other.counts { add(fault, count) } }
}

/// A mistake that the simulation must notice.
public enum Sabotage: String, CaseIterable, Sendable {
  case noTransaction = "no transaction around the commit"
  case openPanesNotRestored = "open panes not restored"
  case idsNotRestored = "remembered ids not restored"
  case seekAfterAbort = "a seek after an abort"
  case noFencing = "no fencing of a zombie"
  case rejectsReleasedEarly = "rejects released before the acknowledgement"
  case globalLateness = "lateness judged by the global watermark"
  case newestCheckpoint = "the newest checkpoint taken instead of the named one"
}

/// What must hold of every run.
public enum Invariant: String, CaseIterable, Sendable {
  case finalRecords = "final records are the oracle's"
  case rejects = "each rejected event is on the rejects topic exactly once"
  case restoredOffset = "restored state is at exactly the committed offset"
  case liveForward = "no read_committed output of a cumulative window goes back"
  case memory = "memory stays below its bound"
  case progress = "the work is done in the end"
}

/// A broken invariant.
public struct Violation: Sendable, CustomStringConvertible {
  public let invariant: Invariant
  public let detail: String
  public var description: String { "\(invariant.rawValue): \(detail)" }
}
