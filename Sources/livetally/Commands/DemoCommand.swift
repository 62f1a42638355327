import ArgumentParser
import Dashboard
import Foundation
import Kafka
import Logging
import Pipeline
import Synchronization
import Traffic
import WindowEngine

struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Everything in one process: embedded broker, generated traffic, daemon and dashboard.",
    discussion: """
      Example:
        livetally demo --rate 5000
      """
  )

  /// Below the embedded broker's 5 MB per partition for some minutes of traffic.
  private static let sourcePartitions = 4

  /// How long the broadcasts have been on air at the start, ms: long enough for orders to be paid.
  private static let history: Int64 = 120_000

  @Option(help: "Events per second, 1...10000000.")
  var rate = 2000.0

  @Option(help: "The dashboard's port; 0 is any free one.")
  var port: UInt16 = 8080

  @Option(help: "Broadcasts on air.")
  var sessions = 200

  @Option(help: "Chooses the traffic.")
  var seed: UInt64 = 1

  @Option(help: "Ends after so many seconds; without it, when stopped.")
  var seconds: Double?

  func run() throws {
    try reportingFailures {
      let stop = StopSignal()
      let logger = Log.make("livetally", level: .error)
      let broker = try EmbeddedBroker(logger: logger)
      let configuration = try Self.configuration(broker: broker.bootstrapServers, port: port)
      try broker.createTopics(of: configuration, sourcePartitions: Self.sourcePartitions)
      let now = TrafficPump.now()
      let options = try TrafficOptions(
        seed: seed, sessions: sessions, rate: rate, start: now - Self.history, garbageKinds: GarbageKind.allCases)
      let pump = try TrafficPump(
        options: options, topics: configuration.topics,
        properties: try ClientProperties(["bootstrap.servers": broker.bootstrapServers, "linger.ms": "5"]),
        isPaced: true, dropsBefore: now, logger: logger)
      let screen = SharedScreen()
      var host = DaemonHost(configuration: configuration, logger: logger, stop: stop)
      host.observers = [screen]
      host.membership = .alone
      if let seconds { DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { stop.request() } }
      let failure = FailureBox()
      defer { screen.close() }
      try host.run { port, _ in
        Output.line("dashboard: http://127.0.0.1:\(port)   broker: \(broker.bootstrapServers)   end with Ctrl-C")
        Thread.detachNewThread {
          do { _ = try pump.run(limit: nil) { stop.isRequested } } catch {
            failure.set(error)
            if !stop.isRequested { stop.request() }
          }
        }
        screen.open(notice: "dashboard: http://127.0.0.1:\(port)  broker: \(broker.bootstrapServers)")
        Thread.detachNewThread {
          while !stop.wait(seconds: 0.05) {
            if screen.refresh() { stop.request() }
          }
          screen.close()
        }
      }
      if let error = failure.error { throw error }
    }
  }

  private static func configuration(broker: String, port: UInt16) throws -> Configuration {
    var configuration = Configuration()
    configuration.kafka["bootstrap.servers"] = broker
    configuration.shards = 2
    // So that every page has products to rank, and every leaderboard of the page one in its topic.
    let products = [GroupField.hostID, .brandID, .channel].map { Grouping([$0, .productID]) }
    for i in configuration.windows.indices where configuration.windows[i].name == "5m" {
      configuration.windows[i].groups = configuration.groups + products
    }
    configuration.leaderboards = [("top_hosts", .hostID), ("top_broadcasts", .sessionID), ("top_products", .productID)]
      .map { LeaderboardDefinition(name: $0, window: "day", group: Grouping([$1]), by: .gmv, size: 50) }
    configuration.http = Configuration.Endpoint(host: "127.0.0.1", port: port)
    return configuration
  }
}

/// The table of `watch`, fed by the rollups themselves.
final class SharedScreen: RecordObserver, Sendable {
  private let screen = Mutex<WatchScreen?>(nil)

  /// Takes the terminal, if there is one.
  func open(notice: String) {
    screen.withLock {
      var new = WatchScreen(WatchModel())
      if new.isFullScreen { new.notice(notice) }
      $0 = new
    }
  }

  /// Gives it back. Signals end the program soon after, and its last words must be readable.
  func close() { screen.withLock { $0?.close() } }

  func observe(_ topic: RecordBuffer.Topic, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
    if topic == .live { screen.withLock { $0?.accept(key: Array(key), value: value.map(Array.init)) } }
  }

  /// Obeys keys and draws; returns whether to quit.
  func refresh() -> Bool {
    screen.withLock {
      let quits = $0?.obey() ?? false
      $0?.refresh()
      return quits
    }
  }
}

/// An error that another thread met.
final class FailureBox: @unchecked Sendable {
  private let lock = NSLock()
  private var stored: (any Error)?

  var error: (any Error)? { lock.withLock { stored } }
  func set(_ error: any Error) { lock.withLock { stored = error } }
}
