import Synchronization

/// One client's place at a channel: the messages that wait for its connection to take them.
///
/// They are few. A client that falls further behind is dropped rather than waited for; it connects again and gets a
/// snapshot, which is all that it has missed.
final class FeedSubscription: Sendable {
  /// Messages that may wait, some seconds of them. What a connection takes at all it takes at once: this is for one
  /// that stands still.
  static let capacity = 8

  private struct State {
    var waiting: [[UInt8]] = []
    var waiter: CheckedContinuation<[UInt8]?, Never>?
    var isOver = false
    var hasFallenBehind = false
  }

  private let state = Mutex(State())
  private let clients: ClientCounter
  private let seat: ClientCounter.Seat

  init(clients: ClientCounter, seat: ClientCounter.Seat) {
    self.clients = clients
    self.seat = seat
  }

  /// Whether it gives nothing more.
  var isOver: Bool { state.withLock(\.isOver) }

  /// Puts a message in line. Where the line is full the subscription is over.
  func offer(_ message: [UInt8]) {
    let waiter = state.withLock { state -> CheckedContinuation<[UInt8]?, Never>? in
      guard !state.isOver else { return nil }
      if let waiter = state.waiter {
        state.waiter = nil
        return waiter
      }
      if state.waiting.count < Self.capacity {
        state.waiting.append(message)
      } else {
        state.waiting = []
        state.isOver = true
        state.hasFallenBehind = true
      }
      return nil
    }
    waiter?.resume(returning: message)
  }

  /// Ends it; what waits is still handed out.
  func finish() {
    let waiter = state.withLock { state -> CheckedContinuation<[UInt8]?, Never>? in
      state.isOver = true
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: nil)
  }

  /// The next message, once there is one; nil when the subscription is over. One caller at a time.
  func next() async -> [UInt8]? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let ready = state.withLock { state -> [UInt8]?? in
          if !state.waiting.isEmpty { return .some(state.waiting.removeFirst()) }
          if state.isOver {
            // A connection that never comes back for more is counted where its write runs out of time.
            if state.hasFallenBehind { clients.countDropped() }
            state.hasFallenBehind = false
            return .some(nil)
          }
          state.waiter = continuation
          return nil
        }
        if let ready { continuation.resume(returning: ready) }
      }
    } onCancel: {
      finish()
    }
  }
}
