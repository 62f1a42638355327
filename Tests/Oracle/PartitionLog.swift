import LiveEvents
import WindowEngine

/// The key of a group that an event belongs to; `nil` values are the overflow key.
struct GroupKey: Hashable {
  var values: [[UInt8]]?
}

/// An event that counts, with everything that final records need of it.
final class CountedEvent {
  let facts: EventFacts
  let keys: [Grouping: GroupKey]
  let buyerHash: UInt64?
  let viewerHash: UInt64?

  var ts: Int64 { facts.ts }
  var type: EventType { facts.type }

  init(facts: EventFacts, keys: [Grouping: GroupKey], hash: ([UInt8]) -> UInt64) {
    self.facts = facts
    self.keys = keys
    buyerHash = facts.identifiers[.buyerID].map(hash)
    viewerHash = facts.identifiers[.viewerID].map(hash)
  }
}

/// One source partition's log, read event by event: what is late, what is a duplicate, which key an event counts for.
struct PartitionLog {
  enum Outcome {
    case counted(CountedEvent)
    case rejected(OracleReject)
  }

  private struct PaneGroup: Hashable {
    var pane: Int64
    var group: Grouping
  }

  private let partition: Int
  private let inputs: [OracleInput]
  private let advances: [IdleAdvance]
  private let plan: OraclePlan
  private let reading: EventReading
  private let hash: ([UInt8]) -> UInt64
  private let groups: [Grouping]

  private var index = 0
  /// `Int64.min` until the first event is counted.
  private(set) var watermark = Int64.min
  private var remembered: [[UInt8]: Int64] = [:]
  private var seenKeys: [PaneGroup: Set<GroupKey>] = [:]

  init(
    partition: Int, inputs: [OracleInput], advances: [IdleAdvance], plan: OraclePlan,
    hash: @escaping ([UInt8]) -> UInt64
  ) {
    self.partition = partition
    self.inputs = inputs
    self.advances = advances
    self.plan = plan
    self.hash = hash
    reading = EventReading(currency: plan.currency, rates: plan.rates, maxFuture: plan.time.maxFuture)
    groups = plan.allGroups
  }

  var isAtEnd: Bool { index == inputs.count }

  mutating func readNext() -> Outcome {
    for advance in advances where advance.beforeIndex == index { watermark = max(watermark, advance.watermark) }
    let input = inputs[index]
    defer { index += 1 }
    func rejected(_ reason: RejectReason) -> Outcome {
      .rejected(OracleReject(partition: partition, index: index, reason: reason))
    }
    let facts: EventFacts
    switch reading.read(input) {
    case .success(let valid): facts = valid
    case .failure(let failure): return rejected(failure.reason)
    }
    let pane = floorDivide(facts.ts, plan.time.pane)
    if (pane + 1) * plan.time.pane + plan.time.allowedLateness <= watermark { return rejected(.tooLate) }
    let newest = min(facts.ts, input.recordTimestamp ?? facts.ts)
    watermark = max(watermark, newest - plan.time.maxOutOfOrderness)
    if facts.type.isPurchase {
      let id = facts.identifiers[.eventID]!
      if let ts = remembered[id], watermark < ts + plan.time.dedupeHorizon { return rejected(.duplicate) }
      remembered[id] = facts.ts
    }
    var keys: [Grouping: GroupKey] = [:]
    for group in groups {
      let values = group.fields.compactMap { facts.value(of: $0) }
      // Without a field that the group needs, the event does not contribute to it.
      if values.count < group.fields.count { continue }
      keys[group] = limited(GroupKey(values: values), PaneGroup(pane: pane, group: group))
    }
    return .counted(CountedEvent(facts: facts, keys: keys, hash: hash))
  }

  private mutating func limited(_ key: GroupKey, _ paneGroup: PaneGroup) -> GroupKey {
    var seen = seenKeys[paneGroup] ?? []
    if !seen.contains(key) {
      if seen.count >= plan.maxKeys { return GroupKey(values: nil) }
      seen.insert(key)
      seenKeys[paneGroup] = seen
    }
    return key
  }
}
