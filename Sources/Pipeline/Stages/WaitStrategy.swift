import Foundation

/// What a thread does while it has nothing to do: look again at once, then let others run, then sleep.
///
/// Spinning is short because the machine may have no more cores than there are threads; the sleep grows to a
/// millisecond, which bounds both what an idle thread costs and what waking late adds to the latency.
struct WaitStrategy {
  private static let spins = 32
  private static let yields = 16
  private static let longestSleepMicroseconds: UInt32 = 1000
  /// Sleeps until the longest one is reached.
  private static let steps = 20
  var rounds = 0

  /// Waits a little; longer each time until ``reset()``.
  mutating func wait() {
    // A stage may wait for weeks; what counts is only how the first rounds went.
    rounds = min(rounds + 1, Self.spins + Self.yields + Self.steps)
    if rounds <= Self.spins { return }
    if rounds <= Self.spins + Self.yields {
      sched_yield()
      return
    }
    usleep(Self.longestSleepMicroseconds / UInt32(Self.steps) * UInt32(rounds - Self.spins - Self.yields))
  }

  /// Something came: begin again with looking at once.
  mutating func reset() { rounds = 0 }
}

/// A thread of its own for a loop that blocks.
final class Worker: @unchecked Sendable {
  private let finished = DispatchSemaphore(value: 0)

  /// Starts `body` on a thread that shows as `name`.
  init(name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread { [finished] in
      // What top and perf show; Foundation names its own object only.
      try? FileHandle(forWritingAtPath: "/proc/thread-self/comm")?.write(contentsOf: Data(name.utf8))
      body()
      finished.signal()
    }
    thread.name = name
    thread.stackSize = 4 << 20
    thread.start()
  }

  /// Waits until `body` has returned.
  func join() {
    finished.wait()
    finished.signal()
  }
}
