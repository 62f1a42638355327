import CLibrdkafka

/// What a lane sleeps on when all of its queues are empty; librdkafka signals it when a queue stops being empty.
///
///     while running {
///       var idle = true
///       for queue in queues where queue.consume(into: &batch) > 0 { idle = false; ... }
///       if idle { wakeup.wait(timeoutMilliseconds: 100) }
///     }
///
/// A queue that goes from empty to not empty signals once. So a lane sleeps only after it has looked at every queue
/// it wants and found all of them empty; a queue that it leaves alone (back-pressure) does not keep it awake.
///
/// Thread rule: any thread signals, one lane waits.
public final class Wakeup: Sendable {
  let descriptor: Int32

  /// Opens an eventfd; traps when the process has no file descriptor left, as nothing can run on then.
  public init() {
    descriptor = lt_event_open()
    precondition(descriptor >= 0, "out of file descriptors: raise the limit (ulimit -n)")
  }

  deinit {
    lt_event_close(descriptor)
  }

  /// Wakes the lane, now or at its next wait.
  public func signal() {
    lt_event_signal(descriptor)
  }

  /// Sleeps until a signal, which may have come before; false when the time passed without one.
  @discardableResult
  public func wait(timeoutMilliseconds: Int) -> Bool {
    lt_event_wait(descriptor, librdkafkaTimeout(timeoutMilliseconds))
  }
}
