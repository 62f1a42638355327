import Synchronization

/// The sign of life of a thread: it beats while it goes round, or while it waits for something that has a time limit.
///
/// Waiting for brokers is no stand-still: a restart would not bring them back.
final class Pulse: Sendable {
  let name: String
  private let last: Atomic<Int64>
  private let hasEnded = Atomic<Bool>(false)

  fileprivate init(name: String, now: Int64) {
    self.name = name
    last = Atomic(now)
  }

  func beat() { beat(now: SteadyClock.milliseconds()) }
  func beat(now: Int64) { last.store(now, ordering: .relaxed) }
  /// The thread has done its work.
  func end() { hasEnded.store(true, ordering: .relaxed) }

  var isBeating: Bool { !hasEnded.load(ordering: .relaxed) }
  var lastBeat: Int64 { last.load(ordering: .relaxed) }
}

/// The threads that must go on, for `/healthz`.
final class Pulses: Sendable {
  /// The longest that a thread may give no sign, ms. The longest single call that it makes is to ask a broker for
  /// committed offsets, 30 s; a call of a producer takes as long as a transaction may last.
  static let limitMilliseconds: Int64 = 60_000

  private let pulses = Mutex<[Pulse]>([])
  private let extra = Atomic<Int64>(0)

  /// A transaction that may last longer than by default makes single calls longer.
  func allow(transactionMilliseconds: Int) { extra.store(2 * Int64(transactionMilliseconds), ordering: .relaxed) }

  /// The pulse of a thread that is about to begin.
  func begin(_ name: String, now: Int64 = SteadyClock.milliseconds()) -> Pulse {
    let pulse = Pulse(name: name, now: now)
    pulses.withLock { all in
      all.removeAll { !$0.isBeating }
      all.append(pulse)
    }
    return pulse
  }

  /// All threads have ended, or will not begin.
  func endAll() { pulses.withLock { all in all.removeAll() } }

  /// The threads that have given no sign of life for too long, and for how many seconds.
  func stalled(now: Int64 = SteadyClock.milliseconds()) -> [(name: String, seconds: Int64)] {
    let limit = Self.limitMilliseconds + extra.load(ordering: .relaxed)
    return pulses.withLock { all in
      all.filter { $0.isBeating && now - $0.lastBeat > limit }.map { ($0.name, (now - $0.lastBeat) / 1000) }
    }
  }
}
