import FlyingSocks

/// A socket pool that waits for a socket no longer than it has to.
///
/// The HTTP server waits for a peer without end, in both directions. Here a write that makes no progress and a read
/// that brings nothing fail after a time, which closes the connection; accepting waits as long as it takes.
struct DeadlineSocketPool<Base: AsyncSocketPool>: AsyncSocketPool {
  struct Expired: Error {}

  let base: Base
  let writeTimeout: Duration
  let readTimeout: Duration
  let clients: ClientCounter

  func prepare() async throws { try await base.prepare() }
  func run() async throws { try await base.run() }

  func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
    if events.contains(.write), !events.contains(.read) {
      do {
        try await within(writeTimeout) { try await base.suspendSocket(socket, untilReadyFor: events) }
      } catch is Expired {
        clients.countDropped()
        throw Expired()
      }
    } else if isConnected(socket) {
      try await within(readTimeout) { try await base.suspendSocket(socket, untilReadyFor: events) }
    } else {
      try await base.suspendSocket(socket, untilReadyFor: events)
    }
  }

  /// A listening socket has no peer.
  private func isConnected(_ socket: Socket) -> Bool { (try? socket.remotePeer()) != nil }

  private func within(_ timeout: Duration, _ body: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await body() }
      group.addTask {
        try await Task.sleep(for: timeout)
        throw Expired()
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }
}
