import LiveEvents
import Testing

@testable import WindowEngine

/// What live records show over time; expected values are worked out in the tests.
@Suite struct LiveRecordTests {
  private static let base: Int64 = 1_592_308_800_000  // 2020-06-16T12:00:00Z

  private static func plan(
    windows: [WindowDefinition], lateness: Int64 = 60_000, emitInterval: Int64 = 0
  ) -> EnginePlan {
    var time = TimePolicy()
    time.allowedLateness = lateness
    time.emitInterval = emitInterval
    return EnginePlan(time: time, windows: windows, groups: [Grouping([])], currency: CurrencyCode("CNY")!)
  }

  @Test func currentWindowEndsAtTheFirstBoundaryAfterTheNewestEvent() throws {
    let engine = try Engine(Self.plan(windows: [.init(name: "1m", kind: .sliding(size: 60_000, slide: 10_000))]))
    engine.paid(at: Self.base + 3_000, amount: "10.00")
    engine.commit(now: 0)
    // The first boundary after 12:00:03 is 12:00:10, and nothing is final yet.
    #expect(engine.take() == ["live 1m|| end 2020-06-16T12:00:10.000Z gmv 10.00 final false"])
    // Nothing new, nothing published.
    engine.commit(now: 0)
    #expect(engine.take().isEmpty)
    // An event on the boundary belongs to the next window.
    engine.paid(at: Self.base + 10_000, amount: "5.00")
    engine.commit(now: 0)
    #expect(engine.take() == ["live 1m|| end 2020-06-16T12:00:20.000Z gmv 15.00 final false"])
  }

  @Test func liveFallsToZeroByTheWallClockWhenAllIsIdleAndThenStandsStill() throws {
    let engine = try Engine(Self.plan(windows: [.init(name: "30s", kind: .sliding(size: 30_000, slide: 10_000))]))
    engine.paid(at: Self.base + 3_000, amount: "10.00")
    engine.commit(now: 0)
    _ = engine.take()
    engine.commit(now: 1_000, isIdle: true)
    #expect(engine.shard.isFading)
    // 20 s of wall clock later the newest time is 12:00:23: the window until 12:00:30 still holds the order.
    engine.shard.publish(now: 21_000)
    #expect(engine.take().last == "live 30s|| end 2020-06-16T12:00:30.000Z gmv 10.00 final false")
    // 30 s later it is 12:00:33, and the window [12:00:10, 12:00:40) holds nothing.
    engine.shard.publish(now: 31_000)
    #expect(engine.take() == ["live 30s|| end 2020-06-16T12:00:40.000Z gmv 0.00 final false"])
    #expect(!engine.shard.isFading)
    engine.shard.publish(now: 500_000)
    #expect(engine.take().isEmpty)
  }

  @Test func aLateEventPublishesTheWindowsConcernedWithTheNextRevision() throws {
    let engine = try Engine(Self.plan(windows: [.init(name: "20s", kind: .sliding(size: 20_000, slide: 10_000))]))
    engine.paid(at: Self.base + 3_000, amount: "10.00")
    engine.paid(at: Self.base + 36_000, amount: "1.00")
    engine.commit(now: 0)
    // The watermark is 12:00:31: the windows until 12:00:10, :20 hold the first order, the one until :30 is the first
    // that holds none.
    #expect(
      engine.take(.metrics) == [
        "metrics 20s|| end 2020-06-16T12:00:10.000Z gmv 10.00 final true revision 0",
        "metrics 20s|| end 2020-06-16T12:00:20.000Z gmv 10.00 final true revision 0",
        "metrics 20s|| end 2020-06-16T12:00:30.000Z gmv 0.00 final true revision 0",
      ])
    engine.paid(at: Self.base + 15_000, amount: "2.00")
    engine.commit(now: 0)
    #expect(
      engine.take(.metrics) == [
        "metrics 20s|| end 2020-06-16T12:00:20.000Z gmv 12.00 final true revision 1",
        "metrics 20s|| end 2020-06-16T12:00:30.000Z gmv 2.00 final true revision 1",
      ])
  }

  @Test func aSessionWhoseStartMovesIsWithdrawn() throws {
    let engine = try Engine(Self.plan(windows: [.init(name: "s", kind: .session(gap: 10_000))], lateness: 600_000))
    engine.paid(at: Self.base + 20_000, amount: "10.00")
    engine.paid(at: Self.base + 100_000, amount: "1.00")
    engine.commit(now: 0)
    #expect(
      engine.take(.metrics) == [
        "metrics s|||2020-06-16T12:00:20.000Z end 2020-06-16T12:00:30.000Z gmv 10.00 final true revision 0"
      ])
    // 5 s before the first one: the same session now begins at 12:00:15.
    engine.paid(at: Self.base + 15_000, amount: "3.00")
    engine.commit(now: 0)
    #expect(
      engine.take() == [
        "metrics s|||2020-06-16T12:00:20.000Z withdrawn",
        "live s|||2020-06-16T12:00:20.000Z withdrawn",
        "metrics s|||2020-06-16T12:00:15.000Z end 2020-06-16T12:00:30.000Z gmv 13.00 final true revision 0",
        "live s|||2020-06-16T12:00:15.000Z end 2020-06-16T12:00:30.000Z gmv 13.00 final false",
      ])
  }

  @Test func emitIntervalPacesLiveRecordsAndLosesNone() throws {
    let engine = try Engine(
      Self.plan(windows: [.init(name: "1m", kind: .sliding(size: 60_000, slide: 10_000))], emitInterval: 1_000))
    engine.paid(at: Self.base, amount: "1.00")
    engine.commit(now: 10_000)
    #expect(engine.take() == ["live 1m|| end 2020-06-16T12:00:10.000Z gmv 1.00 final false"])
    engine.paid(at: Self.base + 1, amount: "1.00")
    engine.commit(now: 10_500)
    #expect(engine.take().isEmpty)
    engine.shard.publish(now: 11_000)
    #expect(engine.take() == ["live 1m|| end 2020-06-16T12:00:10.000Z gmv 2.00 final false"])
  }

  @Test func aSourcePartitionThatHasNotReportedHoldsFinalRecordsBack() throws {
    let engine = try Engine(
      Self.plan(windows: [.init(name: "10s", kind: .sliding(size: 10_000, slide: 10_000))]), sources: 2)
    engine.paid(at: Self.base, amount: "1.00")
    engine.paid(at: Self.base + 60_000, amount: "1.00")
    engine.commit(now: 0)
    #expect(engine.take(.metrics).isEmpty)
    engine.shard.apply(Frontier(source: 1, watermark: Self.base + 10_000, newest: Self.base + 15_000, isIdle: false))
    engine.shard.publish(now: 0)
    #expect(engine.take(.metrics) == ["metrics 10s|| end 2020-06-16T12:00:10.000Z gmv 1.00 final true revision 0"])
  }
}

/// One source partition and one shard, by hand.
private final class Engine {
  let shard: RollupShard
  private let partition: UnsafeMutablePointer<SourcePartition>
  private let blocks: Blocks
  private var decoder: EventDecoder
  private var event: Event
  private let counting: OneByOne
  private var offset: Int64 = 0

  private final class Blocks { var all: [Block] = [] }

  init(_ plan: EnginePlan, sources: Int = 1) throws {
    let blocks = Blocks()
    self.blocks = blocks
    counting = OneByOne(plan)
    shard = RollupShard(plan: plan, mode: .continuous, sources: sources)
    partition = .allocate(capacity: 1)
    partition.initialize(
      to: SourcePartition(plan: plan, shards: 1, source: 0, mode: .continuous) { blocks.all.append($0) })
    var decoder = EventDecoder(
      policy: DecodingPolicy(
        reportingCurrency: CurrencyCode("CNY")!, rates: [:], maxFutureMilliseconds: 0, hashed: plan.hashedIdentifiers))
    event = decoder.makeEvent()
    self.decoder = decoder
  }

  deinit {
    partition.deinitialize(count: 1)
    partition.deallocate()
  }

  func paid(at timestamp: Int64, amount: String) {
    offset += 1
    let text = """
      {"type":"paid","event_id":"e\(offset)","session_id":"s","order_id":"o","buyer_id":"b\(offset)",\
      "amount":"\(amount)","ts":\(timestamp)}
      """
    let reason = Array(text.utf8).withUnsafeBytes { bytes in
      decoder.decode(bytes, recordTimestamp: -1, into: &event) ?? counting.count(event, in: &partition.pointee)
    }
    #expect(reason == nil)
  }

  func commit(now: Int64, isIdle: Bool = false) {
    partition.pointee.handOver(sourceOffset: offset)
    for block in blocks.all { #expect(throws: Never.self) { try shard.apply(block.bytes) } }
    blocks.all = []
    shard.apply(
      Frontier(source: 0, watermark: partition.pointee.watermark, newest: partition.pointee.newest, isIdle: isIdle))
    shard.publish(now: now)
  }

  /// What was published since the last call, of one topic or of all.
  func take(_ wanted: RecordBuffer.Topic? = nil) -> [String] {
    var lines: [String] = []
    shard.records.visit { topic, key, value in
      if let wanted, wanted != topic { return }
      var line = "\(topic) \(String(decoding: key, as: UTF8.self))"
      guard let value else {
        lines.append(line + " withdrawn")
        return
      }
      let text = String(decoding: value, as: UTF8.self)
      func field(_ name: String) -> String {
        let rest = text.split(separator: "\"\(name)\":", maxSplits: 1)[1]
        return String(rest.prefix { $0 != "," && $0 != "}" }).replacing("\"", with: "")
      }
      line += " end \(field("window_end")) gmv \(field("gmv")) final \(field("final"))"
      if topic == .metrics { line += " revision \(field("revision"))" }
      lines.append(line)
    }
    shard.records.removeAll()
    return lines
  }
}
