import Foundation
import Kafka
import Pipeline

/// What `check` says about stored state.
struct StateReport {
  typealias Finding = ClusterCheck.Finding

  private let state: StoredState
  private let topics: Configuration.Topics
  private let groupID: String

  init(_ state: StoredState, _ configuration: Configuration) {
    self.state = state
    topics = configuration.topics
    groupID = configuration.groupID
  }

  var findings: [Finding] {
    if state.entries.isEmpty {
      return [.note("group \(groupID): no offset is committed; `livetally run` begins at the beginning of \(sources)")]
    }
    return state.topics.filter { $0.partitions > 0 }.map(progress)
      + [deletedRecords, missingCheckpoints, otherPlan, unnamedCheckpoints].compactMap(\.self)
  }

  private var sources: String { "\(topics.purchases) and \(topics.viewers)" }

  /// How far a topic has been worked through.
  private func progress(_ topic: StoredState.Topic) -> Finding {
    var text = "\(topic.name): offsets of \(topic.entries.count) of \(topic.partitions) partitions are committed"
    var behind: Int64 = 0
    var unknown = 0
    for entry in topic.entries {
      switch entry.backlog {
      case .records(let count): behind += count
      case .deleted: break
      case .unknown: unknown += 1
      }
    }
    if !topic.entries.isEmpty {
      text += ", at most \(Text.grouped(behind)) records behind the end"
      if unknown > 0 { text += " (without \(unknown) partitions that did not answer)" }
    }
    let watermarks = topic.entries.compactMap { entry in
      if case .found(let watermark) = entry.checkpoint { watermark } else { nil }
    }
    if let lowest = watermarks.min(), let highest = watermarks.max() {
      text += ", watermarks \(Self.instant(lowest))" + (lowest == highest ? "" : " to \(Self.instant(highest))")
    }
    return .ok(text)
  }

  private var deletedRecords: Finding? {
    list(state.entries.filter { $0.isUsed && $0.backlog == .deleted }).map { partitions in
      .wrong(
        "\(partitions): no longer in the log, or never was; `livetally run` would stop; start anew with `livetally reset`",
        Failure.badData)
    }
  }

  private var missingCheckpoints: Finding? {
    list(state.entries.filter { $0.checkpoint == .missing }).map { partitions in
      .wrong(
        "\(topics.checkpoints): has no checkpoint for \(partitions); `livetally run` would stop; if an instance was "
          + "killed in the last minute, check again, otherwise start anew with `livetally reset`", Failure.badData)
    }
  }

  private var otherPlan: Finding? {
    let others = state.entries.filter { !$0.isUsed }
    if others.isEmpty { return nil }
    return .note(
      "\(topics.checkpoints): what is stored for \(others.count) of \(state.entries.count) partitions is of another "
        + "configuration (windows, groups, leaderboards, times, currency, rates or max_keys); `livetally run` leaves it "
        + "aside and counts anew from the beginning of \(sources)")
  }

  private var unnamedCheckpoints: Finding? {
    if state.entries.allSatisfy(\.namesCheckpoint) { return nil }
    return .note(
      "\(topics.checkpoints): the broker does not keep the metadata of committed offsets, so that a restore reads this "
        + "topic from its beginning")
  }

  /// The first of some partitions, with its offset, and how many there are.
  private func list(_ entries: [StoredState.Entry]) -> String? {
    guard let first = entries.first?.committed else { return nil }
    let text = "\(first.partition) at committed offset \(first.offset)"
    return entries.count == 1 ? text : "\(text) and \(entries.count - 1) more partitions"
  }

  private static func instant(_ milliseconds: Int64) -> String {
    Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(.iso8601)
  }
}
