import Dashboard
import Foundation
import Logging
import Pipeline
import WindowEngine

/// A daemon and its page in this process, until a signal ends both.
struct DaemonHost {
  let configuration: Configuration
  let logger: Logger
  let stop: StopSignal
  let board = LiveBoard()
  var membership = Daemon.Membership.group
  /// Who else sees what is published.
  var observers: [any RecordObserver] = []

  /// Runs the daemon on its own thread and serves HTTP until `stop` is asked for or the daemon fails. `started` is
  /// called with the page's port, 0 where there is none, before the daemon begins.
  func run(started: @escaping @Sendable (UInt16, Daemon) -> Void = { _, _ in }) throws {
    let daemon = try Daemon(
      configuration: configuration, membership: membership,
      observers: observers + (configuration.http == nil ? [] : [BoardObserver(board)]), logger: logger)
    let server = configuration.http.map { endpoint in
      DashboardServer(
        host: endpoint.host, port: endpoint.port, board: board, logger: logger,
        metrics: { EngineMetrics.list(daemon.statistics.snapshot, of: configuration) },
        readiness: { daemon.statistics.obstacle.map { .notReady($0) } ?? .ready },
        stall: { daemon.statistics.stall })
    }
    if let server {
      let port = try wait { try await server.start() }
      started(port, daemon)
      Task { try await server.run() }
    } else {
      started(0, daemon)
    }
    stop.onRequest { daemon.stop() }
    defer {
      if let server { try? wait { await server.shutdown() } }
    }
    try daemon.run()
  }

  /// Runs asynchronous work from a thread that may block.
  private func wait<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) throws -> Result {
    let box = ResultBox<Result>()
    let semaphore = DispatchSemaphore(value: 0)
    Task {
      do { box.result = .success(try await body()) } catch { box.result = .failure(error) }
      semaphore.signal()
    }
    semaphore.wait()
    return try box.result!.get()
  }

  private final class ResultBox<Value>: @unchecked Sendable {
    var result: Result<Value, any Error>?
  }
}

/// Shows what the rollups publish on the page.
struct BoardObserver: RecordObserver {
  private static let finalMark = Data("\"final\":true".utf8)
  private let board: LiveBoard

  init(_ board: LiveBoard) { self.board = board }

  func observe(_ topic: RecordBuffer.Topic, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
    switch topic {
    case .metrics: break
    case .live: board.publish(topic: .live, key: Array(key), value: value.map(Array.init))
    case .leaderboards:
      // The page shows the current board; the final one of an earlier window has the same key.
      if let value, !Self.isFinal(value) { board.publish(topic: .leaderboards, key: Array(key), value: Array(value)) }
    }
  }

  private static func isFinal(_ value: UnsafeRawBufferPointer) -> Bool {
    Data(value).firstRange(of: finalMark) != nil
  }
}
