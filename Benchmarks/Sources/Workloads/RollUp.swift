import LiveEvents
import WindowEngine

extension Workload {
  /// Blocks of a minute and a half of traffic into sliding windows, and their final records as text.
  static let rollUp = Workload("roll-up") {
    let plan = EnginePlan.perSession()
    let handOvers = try HandOvers(plan: plan, events: 450_000)
    return Prepared(units: handOvers.events) {
      let shard = RollupShard(plan: plan, mode: .once, sources: 1)
      var bytes = 0
      for (blocks, frontier) in handOvers.all {
        for block in blocks { try shard.apply(block.bytes) }
        shard.apply(frontier)
        shard.publish(now: 0)
        bytes += shard.records.byteCount
        shard.records.removeAll()
      }
      precondition(bytes > 0, "nothing was published")
    }
  }
}

/// What a lane hands over of some traffic.
private final class HandOvers {
  private(set) var all: [(blocks: [Block], frontier: Frontier)] = []
  let events: Int
  private static let eventsPerHandOver = 1 << 16

  init(plan: EnginePlan, events: Int) throws {
    self.events = events
    let payloads = try Payloads(count: events)
    var blocks: [Block] = []
    var partition = SourcePartition(plan: plan, shards: 1, source: 0, mode: .once) { blocks.append($0) }
    var decoder = EventDecoder(policy: plan.policy)
    var event = decoder.makeEvent()
    for (i, text) in payloads.texts.enumerated() {
      precondition(decoder.decode(text, recordTimestamp: -1, into: &event) == nil, "an event was rejected")
      precondition(partition.count(event, recordTimestamp: -1) == nil, "an event was not counted")
      let isEnd = i == events - 1
      if !isEnd && i % Self.eventsPerHandOver != 0 { continue }
      partition.handOver(sourceOffset: Int64(i + 1), atEnd: isEnd)
      let frontier = Frontier(
        source: 0, watermark: isEnd ? .max : partition.watermark, newest: partition.newest, isIdle: false,
        sourceOffset: Int64(i + 1))
      all.append((blocks, frontier))
      blocks = []
    }
  }
}
