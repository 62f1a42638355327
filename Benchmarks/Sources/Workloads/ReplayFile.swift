import Foundation
import Pipeline
import WindowEngine

extension Workload {
  private static let replayedEvents = 500_000

  /// A file of events, from its bytes to the text of the final records.
  static let replay = Workload("replay") {
    let file = FileManager.default.temporaryDirectory.appending(path: "livetally-\(UUID()).ndjson")
    let payloads = try Payloads(count: replayedEvents)
    var contents = Data()
    for text in payloads.texts {
      contents.append(contentsOf: text)
      contents.append(0x0A)
    }
    try contents.write(to: file)
    let input = TemporaryFile(file)
    let plan = EnginePlan.perSession()
    return Prepared(units: replayedEvents) {
      var options = Replay.Options(inputs: [input.path])
      options.output = "/dev/null"
      let summary = try Replay(plan: plan, policy: plan.policy, options: options).run()
      precondition(summary.counts.accepted.reduce(0, +) == UInt64(replayedEvents), "events were not counted")
    }
  }
}

private final class TemporaryFile {
  let path: String

  init(_ url: URL) { path = url.path }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
