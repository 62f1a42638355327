import LiveEvents
import Testing

@testable import WindowEngine

@Suite struct CheckpointTests {
  static let plan = EnginePlan(
    time: TimePolicy(),
    windows: [WindowDefinition(name: "1m", kind: .sliding(size: 60_000, slide: 10_000))],
    groups: [Grouping([]), Grouping([.sessionID])], currency: CurrencyCode("CNY")!)
  static let base: Int64 = 1_592_308_800_000

  /// A source partition with everything it has handed over.
  private final class Lane {
    let partition: UnsafeMutablePointer<SourcePartition>
    var blocks: [Block] = []
    var pieces: [PieceID: LaneCheckpoint] = [:]
    var ids: [PieceID: [UInt8]] = [:]
    var last: LaneCheckpoint?
    private var decoder = EventDecoder(
      policy: DecodingPolicy(
        reportingCurrency: CurrencyCode("CNY")!, rates: [:], maxFutureMilliseconds: 300_000,
        hashed: CheckpointTests.plan.hashedIdentifiers))
    private var event: Event
    private let counting = OneByOne(CheckpointTests.plan)

    init(generation: UInt64) {
      partition = .allocate(capacity: 1)
      event = decoder.makeEvent()
      partition.initialize(
        to: SourcePartition(
          plan: CheckpointTests.plan, shards: 1, source: 0, mode: .continuous, generation: generation
        ) { [unowned self] in blocks.append($0) })
    }

    deinit {
      partition.deinitialize(count: 1)
      partition.deallocate()
    }

    func count(_ text: String) -> RejectReason? {
      Array(text.utf8).withUnsafeBytes { bytes in
        #expect(decoder.decode(bytes, recordTimestamp: -1, into: &event) == nil)
        return counting.count(event, in: &partition.pointee)
      }
    }

    func handOver(_ offset: Int64) {
      blocks.removeAll()
      partition.pointee.handOver(sourceOffset: offset)
      let checkpoint = partition.pointee.takeCheckpoint(sourceOffset: offset, isIdle: false)
      pieces[checkpoint.id] = checkpoint
      if let bytes = checkpoint.idBytes { ids[checkpoint.ids!] = bytes }
      last = checkpoint
    }

    /// Another owner with the state that the last checkpoint names.
    func successor(generation: UInt64) throws -> Lane {
      let lane = Lane(generation: generation)
      let last = last!
      var chain: [(PieceID, [UInt8])] = []
      var id: PieceID? = last.id
      while let one = id, one.sequence >= last.firstNeeded {
        chain.insert((one, pieces[one]!.bytes), at: 0)
        id = pieces[one]!.previous
      }
      var idChain: [(PieceID, [UInt8])] = []
      id = last.ids
      while let one = id, one.sequence >= last.firstIDs {
        idChain.insert((one, ids[one]!), at: 0)
        id = try ids[one]!.withUnsafeBytes { try IDPiece($0) }.previous
      }
      try lane.partition.pointee.restore(last, pieces: chain, ids: idChain)
      return lane
    }

    /// The counters of each key that was handed over last, by group.
    func counters() throws -> [Int: [Int64]] {
      var found: [Int: [Int64]] = [:]
      for block in blocks {
        var reader = try BlockReader(block.bytes, plan: CheckpointTests.plan)
        var entry = BlockEntry()
        while try reader.next(&entry) { found[entry.group] = [entry.counters[.orders], entry.counters[.gmv]] }
      }
      return found
    }
  }

  private static func paid(_ id: Int, at seconds: Int64 = 0) -> String {
    """
    {"type":"paid","event_id":"e\(id)","order_id":"o","buyer_id":"b\(id % 7)","session_id":"s","amount":"1.00",\
    "ts":\(base + seconds * 1000)}
    """
  }

  @Test func aStandingWatermarkDoesNotMakeTheCheckpointGrowForEver() throws {
    let lane = Lane(generation: 1)
    let handOvers = PieceLog.maxPieces + 500
    for i in 0..<handOvers {
      #expect(lane.count(Self.paid(i)) == nil)
      lane.handOver(Int64(i) + 1)
    }
    let last = lane.last!
    #expect(last.id.sequence == UInt64(handOvers - 1))
    // The whole state was written anew at least once.
    #expect(last.firstNeeded > 0)
    #expect(last.id.sequence - last.firstNeeded < UInt64(PieceLog.maxPieces))
    let next = try lane.successor(generation: 2)
    #expect(next.count(Self.paid(handOvers)) == nil)
    // Ids of either kind of piece are remembered.
    #expect(next.count(Self.paid(0)) == .duplicate)
    #expect(next.count(Self.paid(handOvers - 1)) == .duplicate)
    next.handOver(Int64(handOvers) + 1)
    let orders = Int64(handOvers) + 1
    #expect(try next.counters() == [0: [orders, orders * 100], 1: [orders, orders * 100]])
  }

  @Test func panesThatAreClosedAreNoLongerNeeded() throws {
    let lane = Lane(generation: 1)
    for second in 0..<300 {
      #expect(lane.count(Self.paid(second, at: Int64(second))) == nil)
      lane.handOver(Int64(second) + 1)
    }
    // Open are the panes whose end and a minute are behind the watermark, 5 s behind the newest: 66 of them.
    #expect(lane.last!.id.sequence - lane.last!.firstNeeded <= 67)
    let next = try lane.successor(generation: 2)
    #expect(next.partition.pointee.watermark == Self.base + 294_000)
    #expect(next.partition.pointee.openPanes == 66)
    // An event in a pane that is closed is too late for the successor as well.
    #expect(next.count(Self.paid(1000, at: 233)) == .tooLate)
    #expect(next.count(Self.paid(1001, at: 234)) == nil)
  }

  @Test func aSegmentThatNeverChangesIsCopiedAgainInTime() throws {
    let lane = Lane(generation: 1)
    #expect(lane.count(Self.paid(1)) == nil)
    lane.handOver(1)
    let shard = RollupShard(plan: Self.plan, mode: .continuous, sources: 1)
    try shard.apply(partial: lane.blocks[0].bytes, offset: 0)
    shard.publish(now: 0)
    var changelog = ShardChangelog(generation: 1, partialsOffset: 0)
    var copies = 0
    var head: ShardHead?
    for _ in 0..<(Int(ShardChangelog.longestAge) + 100) {
      changelog.credit(partialBytes: 64, milliseconds: 1)
      let written = changelog.write(shard, partialsOffset: 1)
      copies += written.copies.count
      head = written.head
    }
    // The platform and the session are in different segments; each was copied once, and again when that was long ago.
    #expect(copies == 4)
    let oldest = head!.segments.compactMap(\.id?.sequence).min()!
    #expect(head!.id.sequence - oldest <= ShardChangelog.longestAge + 1)
  }

  @Test func aRecordIsRefusedUnlessItIsExactlyWhatWasWritten() throws {
    let id = PieceID(generation: 7, sequence: 3)
    let contents = [UInt8](repeating: 5, count: 100)
    let bytes = StateRecord(kind: .lane, stateID: 9, id: id, contents: contents).encoded
    let read = try bytes.withUnsafeBytes { try StateRecord($0) }
    #expect(read.id == id && read.stateID == 9 && read.kind == .lane && read.contents == contents)
    for i in bytes.indices {
      var damaged = bytes
      damaged[i] ^= 0x10
      #expect(throws: StateError.self) { try damaged.withUnsafeBytes { try StateRecord($0) } }
      #expect(throws: StateError.self) { try bytes[..<i].withUnsafeBytes { try StateRecord($0) } }
    }
    var newer = bytes
    newer[0] = StateRecord.version + 1
    #expect(throws: StateError.version(.checkpoint, StateRecord.version + 1)) {
      try newer.withUnsafeBytes { try StateRecord($0) }
    }
  }

  @Test func aLargePieceIsCutIntoRecordsThatBrokersTake() throws {
    let contents = (0..<(2 * StateRecord.maxContents + 5)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let id = PieceID(generation: 1, sequence: 0)
    let records = StateRecord.records(.segment, stateID: 1, id: id, contents: contents)
    #expect(records.count == 3 && records.map(\.part) == [0, 1, 2] && records.allSatisfy { $0.parts == 3 })
    #expect(records.allSatisfy { $0.encoded.count < 1_000_000 })
    #expect(records.flatMap(\.contents) == contents)
    #expect(StateRecord.records(.lane, stateID: 1, id: id, contents: []).count == 1)
  }

  @Test func aBlockOfAnotherVersionOrPlanIsNotTaken() throws {
    let lane = Lane(generation: 1)
    #expect(lane.count(Self.paid(1)) == nil)
    lane.handOver(1)
    var bytes = Array(lane.blocks[0].bytes)
    let other = EnginePlan(
      time: TimePolicy(), windows: [WindowDefinition(name: "1m", kind: .sliding(size: 60_000, slide: 10_000))],
      groups: [Grouping([]), Grouping([.sessionID])], currency: CurrencyCode("CNY")!, stateDescription: "other")
    let shard = RollupShard(plan: other, mode: .continuous, sources: 1)
    try bytes.withUnsafeBytes { try shard.apply(partial: $0) }
    #expect(shard.keyCount == 0)
    let same = RollupShard(plan: Self.plan, mode: .continuous, sources: 1)
    try bytes.withUnsafeBytes { try same.apply(partial: $0) }
    #expect(same.keyCount == 2)
    bytes[0] += 1
    #expect(throws: StateError.version(.partial, BlockFormat.version + 1)) {
      try bytes.withUnsafeBytes { try same.apply(partial: $0) }
    }
  }
}
