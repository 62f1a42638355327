import ArgumentParser
import Dashboard
import Foundation
import Pipeline

struct DashboardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dashboard",
    abstract: "The dashboard alone, from the output topics, apart from the engine.",
    discussion: """
      It reads the topics of live metrics, metrics and leaderboards, joins no group and changes nothing. As many as \
      needed may run at a time. SIGTERM and SIGINT end it.

      Example:
        LIVETALLY_HTTP_LISTEN=0.0.0.0:8081 livetally dashboard --config livetally.yaml
      """
  )

  @Option(help: ArgumentHelp("The configuration of the engine.", valueName: "file"))
  var config: String

  func run() throws {
    try reportingFailures {
      let configuration = try ConfigurationFile.load(config, purpose: .run)
      guard let endpoint = configuration.http else { throw NothingToServe() }
      let stop = StopSignal()
      let logger = Log.make("livetally")
      let page = try DashboardPage(configuration, logger: logger)
      let reader = page.reader
      let server = page.server(endpoint) {
        reader.isCaughtUp ? .ready : .notReady("The topics are still being read.")
      }
      let port = try waiting { try await server.start() }
      reader.start()
      Task { try await server.run() }
      logger.info("serving the dashboard on http://\(endpoint.host):\(port)")
      while !stop.wait(seconds: 3600) {}
      try waiting { await server.shutdown() }
      reader.stop()
    }
  }
}

/// A dashboard without an address.
struct NothingToServe: Error, CustomStringConvertible {
  let description = "http.listen is empty, so there is nothing to serve: set it to an address, e.g. 127.0.0.1:8080"
}
