import LiveEvents

@testable import WindowEngine

/// Counts events one by one, as if each came alone.
final class OneByOne {
  private let staged: StagedEvents

  init(_ plan: EnginePlan) { staged = StagedEvents(plan: plan, capacity: 1) }

  /// Why the event was not counted; `nil` where it was.
  func count(_ event: Event, recordTimestamp: Int64 = -1, in partition: inout SourcePartition) -> RejectReason? {
    staged.append(event, recordTimestamp: recordTimestamp, position: 0)
    defer { staged.removeAll() }
    var reason: RejectReason?
    partition.count(staged) { reason = $0.reason }
    return reason
  }
}
