import Foundation
import Synchronization

/// SIGTERM and SIGINT as an orderly end: the first one asks, a second one ends the process at once.
final class StopSignal: @unchecked Sendable {
  private let sources: [DispatchSourceSignal]
  private let semaphore = DispatchSemaphore(value: 0)
  private let requested = Atomic<Bool>(false)
  private let handlers = Mutex<[@Sendable () -> Void]>([])

  init() {
    let queue = DispatchQueue(label: "signals")
    sources = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      return DispatchSource.makeSignalSource(signal: number, queue: queue)
    }
    // A reader of our output that goes away is an error of the write, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    for source in sources {
      source.setEventHandler { [weak self] in self?.request() }
      source.resume()
    }
  }

  var isRequested: Bool { requested.load(ordering: .acquiring) }

  /// Ends the program as a signal would.
  func request() {
    // At once, and so without what `exit` takes down under threads that are still at work.
    if requested.exchange(true, ordering: .acquiringAndReleasing) { quick_exit(130) }
    for handler in handlers.withLock({ $0 }) { handler() }
    semaphore.signal()
  }

  /// Calls `body` when the end is asked for.
  func onRequest(_ body: @escaping @Sendable () -> Void) {
    handlers.withLock { $0.append(body) }
    if isRequested { body() }
  }

  /// Waits at most `seconds`; whether the end was asked for.
  @discardableResult
  func wait(seconds: Double) -> Bool {
    if semaphore.wait(timeout: .now() + seconds) == .success { semaphore.signal() }
    return isRequested
  }
}
