import ArgumentParser
import Traffic

/// The options that shape generated traffic.
struct TrafficFlags: ParsableArguments {
  @Option(help: "Chooses the traffic; the same seed and options give the same bytes.")
  var seed: UInt64 = 1

  @Option(help: "Broadcasts on air at any time, 1...1000000.")
  var sessions = 10_000

  @Option(help: "Share of purchases that come a second time, 0...0.5.")
  var duplicates = 0.001

  @Option(help: "Share of events that break the input contract, 0...0.5.")
  var garbage = 0.000_1

  @Option(help: "Share of events that come 8 to 50 s late, 0...0.5.")
  var late = 0.001

  @Option(help: "Share of events that come too late to be counted, 0...0.5.")
  var tooLate = 0.000_01

  @Option(help: "Share of orders paid in US dollars (the configuration needs a rate), 0...1.")
  var foreign = 0.0

  /// Traffic that arrives at `rate` events per second from `start` on, ms since the epoch.
  func options(rate: Double, start: Int64, recordTimestamps: Bool) throws(TrafficOptionsError) -> TrafficOptions {
    try TrafficOptions(
      seed: seed, sessions: sessions, rate: rate, start: start, duplicates: duplicates, garbage: garbage,
      // An event from the future is recognised by its Kafka record's time stamp, which a file has not.
      garbageKinds: recordTimestamps ? GarbageKind.allCases : GarbageKind.detectableInFiles,
      late: late, tooLate: tooLate, foreign: foreign)
  }
}
