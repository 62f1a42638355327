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
      Where standard output is no terminal, it prints lines of text every two seconds.

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

  func run() throws {
    try reportingFailures {
      let stop = StopSignal()
      let logger = Log.make("livetally", level: .error)
      let properties = try ClientProperties(["bootstrap.servers": bootstrapServers])
      let cluster = try Admin(properties: properties, logger: logger).metadata(of: [topic], timeoutMilliseconds: 10_000)
      guard let partitions = cluster.partitionCounts[topic] else { throw TopicError.missingSources([topic]) }
      let consumer = try Consumer(properties: properties, logger: logger)
      let starts = (0..<Int32(partitions)).map { (TopicPartition(topic, $0), StartOffset.beginning) }
      var queues = try consumer.assign(starts)
      var batch = MessageBatch(capacity: 1024)
      var screen = WatchScreen(window: window, group: group?.split(separator: "+").map(String.init))
      while !stop.isRequested {
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
        // What was deleted before it was read is no loss: what counts is the newest value of each key.
        if isBehind { queues = try consumer.assign(starts) }
        if case .error(let error) = consumer.poll(timeoutMilliseconds: isBusy ? 0 : 50) {
          Failure.write("livetally: \(error)\n")
        }
        screen.refresh()
      }
      batch.reset()
      consumer.close(timeoutMilliseconds: 1000)
    }
  }
}

/// Draws the watched metrics again and again.
struct WatchScreen {
  private static let lineInterval = 2.0
  private static let frameInterval = 0.5
  private var model: WatchModel
  private let isTerminal = isatty(STDOUT_FILENO) == 1
  private var lastDrawn = Date.distantPast
  private var hasNews = false

  init(window: String? = nil, group: [String]? = nil) { model = WatchModel(window: window, group: group) }

  mutating func accept(key: [UInt8], value: [UInt8]?) {
    model.accept(key: key, value: value)
    hasNews = true
  }

  /// Draws if there is something new and the last drawing is old enough.
  mutating func refresh() {
    guard hasNews, Date().timeIntervalSince(lastDrawn) >= (isTerminal ? Self.frameInterval : Self.lineInterval) else {
      return
    }
    hasNews = false
    lastDrawn = Date()
    if isTerminal {
      let (width, height) = Self.size
      Output.write(model.frame(width: width, height: height))
    } else {
      Output.write(model.plainLines().map { $0 + "\n" }.joined())
    }
  }

  private static var size: (width: Int, height: Int) {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return (100, 30) }
    return (Int(size.ws_col), Int(size.ws_row))
  }
}
