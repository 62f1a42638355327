import ArgumentParser

@main
struct Livetally: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "livetally",
    abstract: "Rolling GMV and conversion metrics for live-stream commerce, from Kafka to Kafka.",
    discussion: """
      Begin with `livetally demo`, which needs nothing else and opens a dashboard on http://127.0.0.1:8080.

      Exit codes follow sysexits.h: 64 usage, 65 bad data, 69 something is unreachable, 70 internal error,
      78 bad configuration.
      """,
    version: Version.text,
    subcommands: [
      RunCommand.self, DashboardCommand.self, DemoCommand.self, ReplayCommand.self, GenerateCommand.self,
      WatchCommand.self, CheckCommand.self, ResetCommand.self, BrokerCommand.self,
    ]
  )
}

/// The program's version.
enum Version {
  static let text = "0.1.0"
}
