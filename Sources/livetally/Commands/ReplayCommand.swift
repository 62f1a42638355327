import ArgumentParser
import Foundation
import LiveEvents
import Pipeline

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Run files of events through the engine, without Kafka.",
    discussion: """
      Each input is a source partition of its own: one JSON object a line, purchases and viewer events in any mixture.
      Every final metric record is written once, as a line of JSON, when it can no longer change. Without a
      configuration the windows are `1m` sliding by 10 s and the UTC `day` in steps of 1 min, for the platform and by
      session, host, product and channel.

      Example:
        livetally generate --events 1000000 --output events.ndjson
        livetally replay events.ndjson --output metrics.ndjson --rejects rejects.ndjson
      """
  )

  @Option(help: ArgumentHelp("The configuration.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("Where the metric records go; - is standard output.", valueName: "file|-"))
  var output = "-"

  @Option(help: ArgumentHelp("Where events that were not counted go, with the reason.", valueName: "file"))
  var rejects: String?

  @Argument(help: ArgumentHelp("Files of one JSON object a line; - is standard input.", valueName: "input"))
  var inputs: [String]

  func validate() throws {
    if inputs.filter({ $0 == "-" }).count > 1 { throw ValidationError("standard input (-) can be read only once") }
    if rejects == "-" && output == "-" {
      throw ValidationError("--rejects and --output cannot both be standard output")
    }
  }

  func run() throws {
    try reportingFailures {
      let configuration =
        try config.map { try ConfigurationFile.load($0, purpose: .replay) } ?? ConfigurationFile.replayDefault()
      let setup = EngineSetup(configuration)
      var options = Replay.Options(inputs: inputs)
      options.output = output
      options.rejects = rejects
      options.lanes = configuration.lanes
      options.keepsDuplicates = configuration.rejects.duplicates
      let started = Date()
      let replay = try Replay(plan: setup.plan, policy: setup.policy, options: options)
      let progress = ProgressBar(progress: { (replay.progress.read, replay.progress.total) }, unit: Text.bytes)
      defer { progress.finish() }
      let summary = try replay.run()
      progress.finish()
      Failure.write(ReplayReport(summary, seconds: Date().timeIntervalSince(started)).text)
    }
  }
}

/// The summary that `replay` prints on standard error.
struct ReplayReport {
  let text: String

  init(_ summary: Replay.Summary, seconds: Double) {
    let counts = summary.counts
    var lines = [
      "read \(Text.grouped(counts.total)) events (\(Text.bytes(Int64(counts.bytes)))) in "
        + String(format: "%.2f s", seconds) + ", \(Text.grouped(Int(Double(counts.total) / max(seconds, 0.001))))/s",
      "counted \(Text.grouped(counts.accepted.reduce(0, +))): "
        + EventType.allCases.filter { counts.accepted[Int($0.rawValue)] > 0 }
        .map { "\($0.jsonName) \(Text.grouped(counts.accepted[Int($0.rawValue)]))" }.joined(separator: ", "),
    ]
    let rejected = RejectReason.allCases.filter { counts[$0] > 0 }
    if !rejected.isEmpty {
      lines.append(
        "not counted \(Text.grouped(counts.rejected.reduce(0, +))): "
          + rejected.map { "\($0.rawValue) \(Text.grouped(counts[$0]))" }.joined(separator: ", "))
    }
    lines.append("wrote \(Text.bytes(summary.outputBytes)) of metric records")
    if summary.isSaturated { lines.append("warning: a sum stopped at the largest amount that can be represented") }
    if summary.hasOverflow {
      lines.append(
        "warning: a group had more keys in a pane than limits.max_keys; the further ones are counted as other")
    }
    text = lines.map { $0 + "\n" }.joined()
  }
}
