import ArgumentParser
import Dashboard
import Foundation
import Kafka
import Pipeline

struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "The live metrics as a table in the terminal.",
    discussion: """
      Keys: q quits, left and right choose the column to sort by, r reverses the order, / filters by what is typed,
      w and g go on to the next window and group (W and G back), arrows and page keys scroll.
      Where standard output is no terminal, it prints lines of text at most every two seconds.

      Example:
        livetally watch --bootstrap-servers localhost:9092 --window 1m --group host_id
      """
  )

  @Option(help: ArgumentHelp("Brokers to read from.", valueName: "host:port"))
  var bootstrapServers: String

  @Option(help: "The topic of live metrics.")
  var topic = "livetally.live"

  @Option(help: "The window to show; the shortest one if not given.")
  var window: String?

  @Option(help: ArgumentHelp("The group whose keys to list, fields joined by +.", valueName: "fields"))
  var group: String?

  @Option(help: "The column to sort by: \(MetricRow.Column.allCases.map(\.rawValue).joined(separator: ", ")).")
  var sort = MetricRow.Column.gmv

  @Option(help: ArgumentHelp("Lists only keys that contain this, in whatever case.", valueName: "text"))
  var filter = ""

  @OptionGroup var client: ClientFlags

  func run() throws {
    try reportingFailures {
      let stop = StopSignal()
      // What librdkafka logs would be written over the screen; that brokers are away is said on it.
      let logger = Log.make("livetally", level: isatty(STDOUT_FILENO) == 1 ? .critical : .error)
      let properties = try client.properties(defaults: ["bootstrap.servers": bootstrapServers])
      let cluster = try Admin(properties: properties, logger: logger).metadata(of: [topic], timeoutMilliseconds: 10_000)
      guard let partitions = cluster.partitionCounts[topic] else { throw TopicError.missingSources([topic]) }
      let consumer = try Consumer(properties: properties, logger: logger)
      defer { consumer.close(timeoutMilliseconds: 1000) }
      var model = WatchModel(window: window, group: group?.split(separator: "+").map(String.init))
      model.order = RowOrder(sort)
      model.filter = filter
      var screen = WatchScreen(model)
      defer { screen.close() }
      try watch(consumer, (0..<Int32(partitions)).map { TopicPartition(topic, $0) }, &screen, stop)
    }
  }

  private func watch(
    _ consumer: Consumer, _ partitions: [TopicPartition], _ screen: inout WatchScreen, _ stop: StopSignal
  ) throws {
    let starts = partitions.map { ($0, StartOffset.beginning) }
    var queues = try consumer.assign(starts)
    var batch = MessageBatch(capacity: 1024)
    defer { batch.reset() }
    while !stop.isRequested && !screen.obey() {
      var isBusy = false
      var isBehind = false
      for queue in queues {
        let count = queue.consume(into: &batch)
        isBusy = isBusy || count > 0
        isBehind = isBehind || batch.error?.kind == .offsetOutOfRange
        for i in 0..<count {
          guard let key = batch[i].key else { continue }
          screen.accept(key: Array(key), value: batch[i].value.map(Array.init))
        }
      }
      if isBusy { screen.notice("") }
      // What was deleted before it was read is no loss: what counts is the newest value of each key.
      if isBehind { queues = try consumer.assign(starts) }
      if case .error(let error) = consumer.poll(timeoutMilliseconds: isBusy ? 0 : 50) { screen.notice("\(error)") }
      screen.refresh()
    }
  }
}

extension MetricRow.Column: ExpressibleByArgument {}
