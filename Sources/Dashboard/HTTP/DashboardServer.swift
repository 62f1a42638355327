import FlyingFox
import FlyingSocks
import Foundation
import Logging
import Synchronization

/// The HTTP side of the daemon: the page, the live stream, the JSON interface, health and Prometheus.
///
/// ```swift
/// let server = DashboardServer(host: "127.0.0.1", port: 8080, board: board)
/// let port = try await server.start()
/// try await server.run()  // until cancelled, or shutdown() from elsewhere
/// ```
public final class DashboardServer: Sendable {
  /// The time live streams get to end at a shutdown.
  private static let streamGrace = Duration.seconds(1)
  /// The time other responses get after that, which are short.
  private static let responseGraceSeconds = 0.1
  /// The pause before listening again after a fault, such as a want of file descriptors.
  private static let restartPause = Duration.seconds(1)

  private struct Running {
    var server: HTTPServer
    var task: Task<Void, any Error>
  }

  private enum State {
    case idle
    case running(Running)
    case closed
  }

  private let host: String
  private let port: UInt16
  private let limits: DashboardLimits
  private let logger: Logger
  private let routes: Routes
  private let clients = ClientCounter()
  private let hub: FeedHub
  private let closing = ClosingFlag()
  private let state = Mutex(State.idle)

  /// - Parameters:
  ///   - host: An IPv4 or IPv6 address, or `localhost`.
  ///   - port: 0 for any free one, which ``start()`` returns.
  ///   - board: Where the records come from.
  ///   - limits: The bounds on clients and times.
  ///   - logger: For starts, stops and faults; connections are logged at trace level.
  ///   - metrics: Gives the engine's metrics for `/metrics`, on each scrape, from any thread.
  ///   - readiness: Says whether `/readyz` reports ready.
  ///   - stall: Says for `/healthz` what stands still and needs a restart; nil where nothing does.
  public init(
    host: String, port: UInt16, board: LiveBoard, limits: DashboardLimits = DashboardLimits(),
    logger: Logger = Logger(label: "livetally.dashboard"),
    metrics: @escaping @Sendable () -> [EngineMetric] = { [] },
    readiness: @escaping @Sendable () -> Readiness = { .ready }, stall: @escaping @Sendable () -> String? = { nil }
  ) {
    self.host = host
    self.port = port
    self.limits = limits
    self.logger = logger
    hub = FeedHub(board: board, limits: limits, clients: clients)
    routes = Routes(
      board: board, limits: limits, clients: clients, hub: hub, metrics: metrics, readiness: readiness, stall: stall)
  }

  /// Starts to listen.
  ///
  /// - Returns: The port.
  /// - Throws: ``DashboardError``.
  @discardableResult
  public func start() async throws(DashboardError) -> UInt16 {
    let (running, port) = try await listen(port: port)
    state.withLock { $0 = .running(running) }
    logger.info("dashboard listening", metadata: ["host": "\(host)", "port": "\(port)"])
    return port
  }

  /// Serves until the task is cancelled or ``shutdown()`` is called; starts first if ``start()`` was not called.
  ///
  /// - Throws: ``DashboardError`` where it cannot start.
  public func run() async throws {
    if case .idle = state.withLock({ $0 }) { try await start() }
    await withTaskCancellationHandler {
      await serve()
    } onCancel: {
      Task { await shutdown() }
    }
    await shutdown()
  }

  /// Ends the live streams and closes every connection, within little more than a second.
  public func shutdown() async {
    closing.set()
    hub.close()
    let previous = state.withLock { state -> State in
      defer { state = .closed }
      return state
    }
    guard case .running(let running) = previous else { return }
    let deadline = ContinuousClock.now + Self.streamGrace
    while clients.count > 0, ContinuousClock.now < deadline {
      // A cancelled task does not sleep; it goes on to the hard end.
      guard (try? await Task.sleep(for: .milliseconds(10))) != nil else { break }
    }
    await running.server.stop(timeout: Self.responseGraceSeconds)
    _ = await running.task.result
    logger.info("dashboard stopped")
  }

  /// Waits for the end; a fault that ends the server before a shutdown only interrupts it.
  private func serve() async {
    while case .running(let running) = state.withLock({ $0 }) {
      let result = await running.task.result
      guard !closing.isSet else { return }
      if case .failure(let error) = result {
        logger.error("dashboard interrupted, listening again", metadata: ["error": "\(error)"])
      }
      try? await Task.sleep(for: Self.restartPause)
      guard !closing.isSet, let (next, _) = try? await listen(port: port) else { continue }
      let isClosed = state.withLock { state -> Bool in
        if case .closed = state { return true }
        state = .running(next)
        return false
      }
      if isClosed { await next.server.stop(timeout: Self.responseGraceSeconds) }
    }
  }

  private func listen(port: UInt16) async throws(DashboardError) -> (Running, UInt16) {
    let address = try ListenAddress.parse(host: host, port: port)
    let pool = DeadlineSocketPool(
      base: HTTPServer.defaultPool(), writeTimeout: limits.slowClientTimeout, readTimeout: limits.idleTimeout,
      clients: clients)
    let server = HTTPServer(address: address, pool: pool, logger: ServerLog(logger: logger), handler: routes)
    let task = Task { try await server.run() }
    do {
      return (Running(server: server, task: task), try await Self.listeningPort(server, task))
    } catch {
      task.cancel()
      guard case .failed(_, let code, let reason)? = error as? SocketError else {
        throw .cannotListen(host: host, port: port, reason: "\(error)")
      }
      if code == EADDRINUSE { throw .portInUse(host: host, port: port) }
      throw .cannotListen(host: host, port: port, reason: reason)
    }
  }

  /// The port once the server listens, or why it does not.
  private static func listeningPort(_ server: HTTPServer, _ task: Task<Void, any Error>) async throws -> UInt16 {
    // Not a task group: it would wait for the server's task to end before it lets go of either answer.
    let (answers, answer) = AsyncStream<Result<Void, any Error>>.makeStream()
    Task { answer.yield(await task.result) }
    Task {
      try await server.waitUntilListening()
      answer.yield(.success(()))
    }
    for await first in answers {
      try first.get()
      break
    }
    switch await server.listeningAddress {
    case .ip4(_, let port), .ip6(_, let port): return port
    default: return 0
    }
  }
}

/// Set once, when the server begins to close.
private final class ClosingFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  var isSet: Bool { flag.load(ordering: .relaxed) }
  func set() { flag.store(true, ordering: .relaxed) }
}
