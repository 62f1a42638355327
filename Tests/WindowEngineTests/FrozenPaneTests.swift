import LiveEvents
import Testing

@testable import WindowEngine

@Suite struct FrozenPaneTests {
  private static let start: Int64 = 1_592_308_800_000

  private func text(_ i: Int) -> [UInt8] {
    let session = String(i)
    let name = "s" + String(repeating: "0", count: 5 - session.count) + session
    return [UInt8(name.utf8.count)] + Array(name.utf8)
  }

  private func key(_ i: Int, _ body: (_ hash: UInt64, _ text: UnsafeRawBufferPointer) -> Void) {
    text(i).withUnsafeBytes { body(KeyText.hash($0, group: 7), $0) }
  }

  @Test func aKeyTakesFewBytesAndItsStateIsReplacedWithoutBound() {
    let keys = 10_000
    var table = FrozenTable(groupHash: 7, start: Self.start, keys: keys, byteCount: 0)
    let scratch = ByteBuffer(capacity: 16)
    var accumulator = Accumulator()
    accumulator.firstTimestamp = Self.start + 3
    accumulator.lastTimestamp = Self.start + 900
    accumulator.counters.add(1, to: .views)
    for i in 0..<keys { key(i) { table.append($0, text: $1, &accumulator, scratch: scratch) } }
    // Mark 1, length 1, text 7, times 1 and 2, counters 3 and 1: 16, and an eighth more where it has grown. The index
    // has at most 8 bytes / (3/8) = 21.4 for a key.
    #expect(table.byteCount <= keys * (18 + 22))
    #expect(table.keyCount == keys)
    // Sums that outgrow their place again and again: 1, 2, ... 9 bytes.
    var views = 1
    while views < 1 << 56 {
      views <<= 7
      accumulator.counters = Counters()
      accumulator.counters.add(Int64(views), to: .views)
      for i in 0..<keys { key(i) { table.replace($0, text: $1, with: &accumulator, scratch: scratch) } }
    }
    // Records of 24 bytes, of the memory a quarter replaced ones and an eighth to grow.
    #expect(table.byteCount <= keys * (24 * 3 / 2 + 22))
    table.replace(1, text: nil, with: &accumulator, scratch: scratch)
    #expect(table.hasOverflow && table.keyCount == keys)
    var visited = 0
    table.visit { _, isOverflow, state in
      visited += isOverflow ? 1_000_000 : 1
      #expect(state.pointee.counters[.views] == 1 << 56 && state.pointee.counters[.orders] == 0)
      #expect(state.pointee.firstTimestamp == Self.start + 3 && state.pointee.lastTimestamp == Self.start + 900)
    }
    #expect(visited == 1_000_000 + keys)
    var sum = Accumulator()
    key(77) { table.add($0, text: $1, to: &sum) }
    key(77) { table.add($0, text: $1, to: &sum) }
    key(keys) { table.add($0, text: $1, to: &sum) }
    #expect(sum.counters[.views] == 2 << 56)
  }

  @Test func aPaneThatTheWatermarkHasPassedTakesATenthOfTheMemory() {
    let plan = EnginePlan(
      time: TimePolicy(), windows: [.init(name: "1m", kind: .sliding(size: 60_000, slide: 60_000))],
      groups: [Grouping([.sessionID]), Grouping([.hostID])], currency: CurrencyCode("CNY")!)
    let sessions = 10_000
    var partition = SourcePartition(plan: plan, shards: 1, source: 0, mode: .continuous) { _ in }
    let counting = OneByOne(plan)
    let identifiers = UnsafeMutablePointer<Identifier>.allocate(capacity: IdentifierField.allCases.count)
    identifiers.initialize(repeating: Identifier(), count: IdentifierField.allCases.count)
    defer { identifiers.deallocate() }
    func count(_ session: Int, at timestamp: Int64) {
      Array(text(session).dropFirst()).withUnsafeBufferPointer { name in
        let identifier = Identifier(
          bytes: name.baseAddress, length: Int32(name.count), hash: IdentifierHash.hash(UnsafeRawBufferPointer(name)))
        identifiers[IdentifierField.sessionID.rawValue] = identifier
        identifiers[IdentifierField.hostID.rawValue] = identifier
        identifiers[IdentifierField.viewerID.rawValue].hash = 5
        let event = Event(type: .enter, timestamp: timestamp, amountMinor: 0, quantity: 0, identifiers: identifiers)
        #expect(counting.count(event, in: &partition) == nil)
      }
    }
    let empty = partition.byteCount
    for i in 0..<sessions { count(i, at: Self.start) }
    partition.handOver(sourceOffset: 1)
    let open = partition.byteCount - empty
    // The pane of a second has ended when the watermark, 5 s behind, has come to its end; the memory of the emptied
    // pane waits for the next one, twice.
    count(0, at: Self.start + 6_000)
    partition.handOver(sourceOffset: 2)
    for second in 1...4 {
      for i in 0..<sessions { count(i, at: Self.start + 6_000 + Int64(second) * 1_000) }
      partition.handOver(sourceOffset: 3)
    }
    count(0, at: Self.start + 40_000)
    partition.handOver(sourceOffset: 4)
    #expect(partition.openPanes == 7)
    let spare = 2 * open
    let frozenRows = 2 * sessions * 5
    #expect(partition.byteCount - empty - spare < frozenRows * 48, "96 bytes are the most, 48 are usual")
    #expect(open / (2 * sessions) > 480, "an open row takes more than ten times as much")
  }
}
