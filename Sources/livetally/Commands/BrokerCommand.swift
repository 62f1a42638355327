import ArgumentParser
import Foundation
import Kafka
import Pipeline

struct BrokerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "broker",
    abstract: "The embedded development broker, on its own.",
    discussion: """
      librdkafka's mock cluster: it keeps about 5 MB per partition, in memory, and listens on 127.0.0.1 only. The
      default topics are there from the start. Not for production.

      Example:
        livetally broker --port 9092
        livetally generate --bootstrap-servers 127.0.0.1:9092
      """
  )

  @Option(help: "The port to connect to; 0 is any free one.")
  var port: UInt16 = 9092

  @Option(help: "Partitions of each source topic, 1...1000.")
  var partitions = 4

  @Option(help: "Partitions of the output topics; `shards` in the configuration.")
  var shards = 8

  func validate() throws {
    if !(1...1000).contains(partitions) { throw ValidationError("--partitions must be 1...1000") }
    if !(1...1000).contains(shards) { throw ValidationError("--shards must be 1...1000") }
  }

  func run() throws {
    try reportingFailures {
      let stop = StopSignal()
      let broker = try EmbeddedBroker(port: port, logger: Log.make("livetally.broker"))
      var configuration = Configuration.replayDefault
      configuration.shards = shards
      try broker.createTopics(of: configuration, sourcePartitions: partitions)
      Output.line("listening on \(broker.bootstrapServers)")
      while !stop.wait(seconds: 3600) {}
    }
  }
}

extension EmbeddedBroker {
  /// Creates the topics that a configuration reads and writes.
  func createTopics(of configuration: Configuration, sourcePartitions: Int) throws {
    let layout = TopicLayout(configuration)
    for topic in layout.sources { try createTopic(topic, partitions: sourcePartitions) }
    for topic in layout.outputs { try createTopic(topic.name, partitions: topic.partitions) }
  }
}
