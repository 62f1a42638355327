import Foundation

/// A clock that nobody sets: the stages only take differences.
enum SteadyClock {
  /// Milliseconds since the machine was started.
  @Sendable static func milliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
