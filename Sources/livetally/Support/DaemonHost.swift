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
  var membership = Daemon.Membership.group
  /// Who else sees what is published.
  var observers: [any RecordObserver] = []

  /// Runs the daemon on its own thread and serves HTTP until `stop` is asked for or the daemon fails. `started` is
  /// called with the page's port, 0 where there is none, before the daemon begins.
  func run(started: @escaping @Sendable (UInt16, Daemon) -> Void = { _, _ in }) throws {
    let daemon = try Daemon(
      configuration: configuration, membership: membership,
      observers: observers, logger: logger)
    let page = try DashboardPage(configuration, logger: logger)
    let server = configuration.http.map { endpoint in
      page.server(
        endpoint,
        metrics: { EngineMetrics.list(daemon.statistics.snapshot, of: configuration) },
        readiness: { daemon.statistics.obstacle.map { .notReady($0) } ?? .ready },
        stall: { daemon.statistics.stall })
    }
    if let server {
      let port = try waiting { try await server.start() }
      started(port, daemon)
      page.reader.start()
      Task { try await server.run() }
    } else {
      started(0, daemon)
    }
    stop.onRequest { daemon.stop() }
    defer {
      if let server { try? waiting { await server.shutdown() } }
      page.reader.stop()
    }
    try daemon.run()
  }
}
