import ArgumentParser
import Foundation
import Kafka
import Pipeline
import WindowEngine

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Checks the configuration, the brokers, the topics and what is stored, and says what to fix.",
    discussion: """
      Example:
        livetally check --config livetally.yaml
      """
  )

  @Option(help: ArgumentHelp("The configuration.", valueName: "file"))
  var config: String

  func run() throws {
    try reportingFailures {
      let configuration = try ConfigurationFile.load(config, purpose: .run)
      Output.line(
        "ok    \(config): \(configuration.windows.count) windows, \(configuration.groups.count) groups, "
          + "\(configuration.leaderboards.count) leaderboards")
      let findings = try ClusterCheck(configuration).findings()
      for finding in findings { Output.line(finding.text) }
      if let worst = findings.compactMap(\.failure).first { throw worst }
    }
  }
}

/// What `check` looks at in the cluster.
struct ClusterCheck {
  struct Finding {
    let text: String
    var failure: ExitCode?

    static func ok(_ text: String) -> Finding { Finding(text: "ok    " + text) }
    static func note(_ text: String) -> Finding { Finding(text: "note  " + text) }
    static func wrong(_ text: String, _ failure: ExitCode) -> Finding {
      Finding(text: "FIX   " + text, failure: failure)
    }
  }

  private static let timeoutMilliseconds = 10_000
  private let configuration: Configuration
  private let admin: Admin
  private let logger = Log.make("livetally", level: .error)

  init(_ configuration: Configuration) throws {
    self.configuration = configuration
    let properties = try ClientProperties(configuration.kafka.filter { $0.key != "group.id" })
    admin = try Admin(properties: properties, logger: logger)
  }

  func findings() throws -> [Finding] {
    let layout = TopicLayout(configuration)
    let names = layout.sources + layout.outputs.map(\.name)
    let cluster = try admin.metadata(of: names, timeoutMilliseconds: Self.timeoutMilliseconds)
    var findings = [Finding.ok("\(cluster.brokers.count) brokers answer")]
    for topic in layout.sources {
      if let partitions = cluster.partitionCounts[topic] {
        findings.append(.ok("\(topic): \(partitions) partitions to read"))
      } else {
        findings.append(.wrong("\(topic): does not exist; create it, or correct `topics`", Failure.unavailable))
      }
    }
    for topic in layout.outputs { findings.append(contentsOf: check(topic, in: cluster)) }
    return findings + stateFindings(cluster)
  }

  private func stateFindings(_ cluster: ClusterMetadata) -> [Finding] {
    // Where state lies depends on `shards`, so that it must be the topic's.
    let shards = cluster.partitionCounts[configuration.topics.partials] ?? configuration.shards
    guard shards == configuration.shards else { return [] }
    do {
      let state = try StoredState.look(configuration, partitionCounts: cluster.partitionCounts, logger: logger)
      return StateReport(state, configuration).findings
    } catch let error as StateError {
      return [.wrong("\(configuration.topics.checkpoints): \(error)", Failure.badData)]
    } catch {
      return [.note("what is stored cannot be looked at: \(error)")]
    }
  }

  private func check(_ topic: TopicSpecification, in cluster: ClusterMetadata) -> [Finding] {
    guard let partitions = cluster.partitionCounts[topic.name] else {
      return [
        .note("\(topic.name): does not exist yet; `livetally run` creates it with \(topic.partitions) partitions")
      ]
    }
    if topic.name == configuration.topics.partials && partitions != configuration.shards {
      return [
        .wrong(
          "\(topic.name): has \(partitions) partitions, but `shards` is \(configuration.shards); set shards to "
            + "\(partitions), or start anew with `livetally reset`", Failure.badConfiguration)
      ]
    }
    let expected = topic.configuration["cleanup.policy"]!
    do {
      let settings = try admin.configuration(ofTopic: topic.name, timeoutMilliseconds: Self.timeoutMilliseconds)
      guard let policy = settings["cleanup.policy"] else {
        return [.note("\(topic.name): \(partitions) partitions; the broker does not tell its cleanup.policy")]
      }
      if !policy.split(separator: ",").contains(Substring(expected)) {
        return [
          .wrong("\(topic.name): cleanup.policy is \(policy); set it to \(expected)", Failure.badConfiguration)
        ]
      }
      return [.ok("\(topic.name): \(partitions) partitions, cleanup.policy \(policy)")]
    } catch {
      return [.note("\(topic.name): \(partitions) partitions; its settings cannot be read (\(error.codeName))")]
    }
  }
}
