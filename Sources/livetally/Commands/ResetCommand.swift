import ArgumentParser
import Foundation
import Kafka
import Pipeline

struct ResetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reset",
    abstract: "Forgets the stored state, so that the next run starts anew from the beginning of the source topics.",
    discussion: """
      Deletes the two consumer groups and the topics of partials and checkpoints, once no instance runs. Published \
      records and source topics are left alone.

      Example:
        livetally reset --config livetally.yaml
      """
  )

  @Option(help: ArgumentHelp("The configuration.", valueName: "file"))
  var config: String

  @Flag(help: "Deletes without asking.")
  var yes = false

  func run() throws {
    try reportingFailures {
      let configuration = try ConfigurationFile.load(config, purpose: .run)
      let properties = try ClientProperties(configuration.kafka.filter { $0.key != "group.id" })
      let reset = StateReset(
        configuration, admin: try Admin(properties: properties, logger: Log.make("livetally", level: .error)))
      if !yes { try confirm(reset, configuration) }
      try reset.forget { what, wasThere in
        Output.line(wasThere ? "deleted \(what)" : "\(what) was not there")
      }
      Output.line(
        "The next livetally run begins at the beginning of \(configuration.topics.purchases) and "
          + "\(configuration.topics.viewers).")
    }
  }

  private func confirm(_ reset: StateReset, _ configuration: Configuration) throws {
    if isatty(STDIN_FILENO) == 0 { throw Unconfirmed.noTerminal(groups: reset.groups, topics: reset.topics) }
    try reset.requireUnused()
    let counts = try reset.partitionCounts()
    let topics = reset.topics.map { topic in
      "\(topic) (\(counts[topic].map { "\($0) partitions" } ?? "not there"))"
    }
    Failure.write(
      """
      On \(configuration.bootstrapServers ?? "") this deletes
        the consumer groups \(reset.groups.joined(separator: " and ")), with their committed offsets;
        the topics \(topics.joined(separator: " and ")), with all their records.
      The next livetally run counts anew from the beginning of \(configuration.topics.purchases) and \
      \(configuration.topics.viewers), without what these topics no longer hold, and publishes it again.
      Type the group id, \(configuration.groupID), to delete them: 
      """)
    guard readLine()?.trimmingCharacters(in: .whitespaces) == configuration.groupID else {
      throw Unconfirmed.declined(groupID: configuration.groupID)
    }
  }
}

/// Nobody has said that state may be deleted.
enum Unconfirmed: Error, CustomStringConvertible {
  case noTerminal(groups: [String], topics: [String])
  case declined(groupID: String)

  var description: String {
    switch self {
    case .noTerminal(let groups, let topics):
      "there is no terminal to confirm on: pass --yes to delete the consumer groups "
        + "\(groups.joined(separator: " and ")) and the topics \(topics.joined(separator: " and "))"
    case .declined(let groupID): "nothing was deleted, since \(groupID) was not typed"
    }
  }
}
