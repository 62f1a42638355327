import ArgumentParser
import Foundation
import Kafka
import Pipeline
import Synchronization
import Traffic

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Makes believable live-commerce traffic, into a file or into Kafka.",
    discussion: """
      Broadcasts start and end, audiences come in waves, flash sales spike, refunds follow later. The same seed and
      options give the same events. Into a file, event time runs at --rate; into Kafka it is the wall clock, unless
      --unpaced sends as fast as possible.

      Examples:
        livetally generate --events 1000000 --output events.ndjson
        livetally generate --bootstrap-servers localhost:9092 --rate 5000
      """
  )

  enum Kind: String, ExpressibleByArgument, CaseIterable { case purchases, viewers }

  @Option(help: ArgumentHelp("Where the events go; - is standard output.", valueName: "file|-"))
  var output: String?

  @Option(help: ArgumentHelp("Brokers to produce to.", valueName: "host:port"))
  var bootstrapServers: String?

  @Option(help: "How many events; without it, until stopped.")
  var events: Int?

  @Option(help: "Events per second, 1...10000000 (default: 100000 into a file, 1000 into Kafka).")
  var rate: Double?

  @Flag(help: "Into Kafka: as fast as possible, with event time at --rate.")
  var unpaced = false

  @Option(help: "Into a file: events of one kind only.")
  var only: Kind?

  @Option(help: "The topic of purchases.")
  var purchasesTopic = "purchases"

  @Option(help: "The topic of viewer events.")
  var viewersTopic = "viewers"

  @Option(help: ArgumentHelp("Event time of the first event, ms since the epoch.", valueName: "ms"))
  var start: Int64?

  @OptionGroup var client: ClientFlags
  @OptionGroup var traffic: TrafficFlags

  func validate() throws {
    if (output == nil) == (bootstrapServers == nil) {
      throw ValidationError("give either --output or --bootstrap-servers")
    }
    if let events, events < 0 { throw ValidationError("--events must not be negative") }
    if output != nil && unpaced { throw ValidationError("--unpaced goes with --bootstrap-servers") }
    if output != nil && !client.properties.isEmpty {
      throw ValidationError("--property goes with --bootstrap-servers")
    }
    if output == nil && only != nil { throw ValidationError("--only goes with --output") }
  }

  func run() throws {
    try reportingFailures {
      if let output {
        try write(to: output)
      } else {
        try produce(to: bootstrapServers!)
      }
    }
  }

  private func write(to path: String) throws {
    let options = try traffic.options(
      rate: rate ?? 100_000, start: start ?? TrafficOptions.defaultStart, recordTimestamps: false)
    let stop = StopSignal()
    let writer = try FileWriter(path: path)
    let done = Counter()
    let progress = bar(done)
    defer { progress?.finish() }
    var generator = TrafficGenerator(options)
    var made = 0
    while made < events ?? .max && !stop.isRequested {
      try writer.write { buffer in
        for _ in 0..<min(1024, (events ?? .max) - made) {
          let event = generator.next()
          made += 1
          if let only, (only == .purchases) != (event.topic == .purchases) { continue }
          buffer.append(contentsOf: event.bytes)
          buffer.append(0x0A)
        }
      }
      done.value.store(made, ordering: .relaxed)
    }
    try writer.flush()
    progress?.finish()
    report(generator.summary)
  }

  private func produce(to servers: String) throws {
    let options = try traffic.options(
      rate: rate ?? 1000, start: start ?? TrafficPump.now(), recordTimestamps: true)
    let stop = StopSignal()
    let logger = Log.make("livetally")
    let properties = try client.properties(defaults: ["bootstrap.servers": servers, "linger.ms": "5"])
    var topics = Configuration.Topics()
    topics.purchases = purchasesTopic
    topics.viewers = viewersTopic
    let cluster = try Admin(properties: properties, logger: logger)
      .metadata(of: [purchasesTopic, viewersTopic], timeoutMilliseconds: 10_000)
    if !cluster.unknownTopics.isEmpty { throw TopicError.missingSources(cluster.unknownTopics) }
    let pump = try TrafficPump(
      options: options, topics: topics, properties: properties, isPaced: !unpaced, logger: logger)
    let progress = events.map { events in
      ProgressBar(progress: { (Int64(pump.count), Int64(events)) }, unit: { Text.grouped($0) + " events" })
    }
    defer { progress?.finish() }
    let summary = try pump.run(limit: events) { stop.isRequested }
    progress?.finish()
    report(summary)
  }

  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }

  private func bar(_ done: Counter) -> ProgressBar? {
    events.map { events in
      ProgressBar(
        progress: { (Int64(done.value.load(ordering: .relaxed)), Int64(events)) },
        unit: { Text.grouped($0) + " events" })
    }
  }

  private func report(_ summary: TrafficSummary) {
    Failure.write(
      """
      made \(Text.grouped(summary.events)) events (\(Text.bytes(Int64(summary.bytes)))): \
      \(Text.grouped(summary.duplicates)) duplicates, \(Text.grouped(summary.garbage)) broken, \
      \(Text.grouped(summary.late)) late, \(Text.grouped(summary.tooLate)) too late; \
      \(Text.grouped(summary.broadcastsStarted)) broadcasts, \(Text.grouped(summary.flashSales)) flash sales

      """)
  }
}
