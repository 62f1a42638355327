import ArgumentParser
import Foundation
import Pipeline

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "The daemon: reads the source topics and publishes metrics until it is stopped.",
    discussion: """
      SIGTERM and SIGINT end it after the commit in flight has been published.

      Example:
        livetally check --config livetally.yaml
        livetally run --config livetally.yaml
      """
  )

  @Option(help: ArgumentHelp("The configuration.", valueName: "file"))
  var config: String

  func run() throws {
    try reportingFailures {
      let configuration = try ConfigurationFile.load(config, purpose: .run)
      let logger = Log.make("livetally")
      try DaemonHost(configuration: configuration, logger: logger, stop: StopSignal()).run { port, _ in
        if port > 0 { logger.info("serving the dashboard on http://\(configuration.http!.host):\(port)") }
      }
    }
  }
}
