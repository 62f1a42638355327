import LiveEvents
import WindowEngine

extension Workload {
  /// Blocks of a minute and a half of traffic into sliding windows, and their final records as text.
  static let rollUp = Workload("roll-up") {
    let plan = EnginePlan.perSession()
    let handOvers = try HandOvers(plan: plan, payloads: Payloads(count: 450_000), eventsPerHandOver: 1 << 16)
    return Prepared(units: handOvers.events) { try handOvers.rollUp(plan) }
  }

  /// Half an hour of a few sessions that never pause, into a window of so many minutes that slides by ten seconds. The
  /// records are as many whatever the length: one for each session and slide.
  static func slide(minutes: Int64) -> Workload {
    Workload("slide-\(minutes)m") {
      let plan = EnginePlan.perSession(minutes: minutes)
      let handOvers = try HandOvers(
        plan: plan, payloads: Payloads(count: 450_000, share: 0.0025), eventsPerHandOver: 2_500, endsWindows: false)
      return Prepared(units: handOvers.events) { try handOvers.rollUp(plan) }
    }
  }
}

/// What a lane hands over of some traffic.
private final class HandOvers {
  private(set) var all: [(blocks: [Block], frontier: Frontier)] = []
  let events: Int

  /// `endsWindows` if the windows that are open at the end close as if time had gone on.
  init(plan: EnginePlan, payloads: Payloads, eventsPerHandOver: Int, endsWindows: Bool = true) throws {
    events = payloads.texts.count
    var blocks: [Block] = []
    var partition = SourcePartition(plan: plan, shards: 1, source: 0, mode: .once) { blocks.append($0) }
    var decoder = EventDecoder(policy: plan.policy)
    var event = decoder.makeEvent()
    let staged = StagedEvents(plan: plan, capacity: 1)
    for (i, text) in payloads.texts.enumerated() {
      precondition(decoder.decode(text, recordTimestamp: -1, into: &event) == nil, "an event was rejected")
      staged.append(event, recordTimestamp: -1, position: i)
      partition.count(staged) { precondition($0.reason == nil, "an event was not counted") }
      staged.removeAll()
      let isEnd = i == events - 1
      if !isEnd && i % eventsPerHandOver != 0 { continue }
      partition.handOver(sourceOffset: Int64(i + 1), atEnd: isEnd)
      let frontier = Frontier(
        source: 0, watermark: isEnd && endsWindows ? .max : partition.watermark, newest: partition.newest,
        isIdle: false,
        sourceOffset: Int64(i + 1))
      all.append((blocks, frontier))
      blocks = []
    }
  }
  /// Merges everything into windows and prints their final records.
  func rollUp(_ plan: EnginePlan) throws {
    let shard = RollupShard(plan: plan, mode: .once, sources: 1)
    var bytes = 0
    for (blocks, frontier) in all {
      for block in blocks { try shard.apply(block.bytes) }
      shard.apply(frontier)
      shard.publish(now: 0)
      bytes += shard.records.byteCount
      shard.records.removeAll()
    }
    precondition(bytes > 0, "nothing was published")
  }
}
