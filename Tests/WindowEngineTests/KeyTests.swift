import LiveEvents
import Testing

@testable import WindowEngine

@Suite struct KeyTests {
  private static let plan = EnginePlan(
    time: TimePolicy(), windows: [.init(name: "1m", kind: .sliding(size: 60_000, slide: 60_000))],
    groups: [Grouping([]), Grouping([.productID])], currency: CurrencyCode("CNY")!)
  private let counting = OneByOne(plan)

  /// Counts one paid order of a product in a partition, with any hash for the product.
  private func count(
    _ product: String, hash: UInt64, amount: Int64, order: String = "1", in partition: inout SourcePartition
  ) {
    withOrder(product, hash: hash, amount: amount, order: order) {
      #expect(counting.count($0, in: &partition) == nil)
    }
  }

  /// Calls `body` with a paid order of a product, with any hash for the product.
  private func withOrder(
    _ product: String, host: String = "", hash: UInt64, amount: Int64, order: String, timestamp: Int64 = 5_000,
    _ body: (Event) -> Void
  ) {
    let identifiers = UnsafeMutablePointer<Identifier>.allocate(capacity: IdentifierField.allCases.count)
    identifiers.initialize(repeating: Identifier(), count: IdentifierField.allCases.count)
    defer { identifiers.deallocate() }
    let id = Array("\(product)-\(order)".utf8)
    let text = Array(product.utf8)
    var host = host
    host.withUTF8 { host in
      if !host.isEmpty {
        identifiers[IdentifierField.hostID.rawValue] = Identifier(
          bytes: host.baseAddress, length: Int32(host.count), hash: IdentifierHash.hash(UnsafeRawBufferPointer(host))
        )
      }
      id.withUnsafeBufferPointer { id in
        text.withUnsafeBufferPointer { text in
          identifiers[IdentifierField.eventID.rawValue] = Identifier(
            bytes: id.baseAddress, length: Int32(id.count), hash: IdentifierHash.hash(UnsafeRawBufferPointer(id)))
          identifiers[IdentifierField.productID.rawValue] = Identifier(
            bytes: text.baseAddress, length: Int32(text.count), hash: hash)
          identifiers[IdentifierField.buyerID.rawValue].hash = 99
          body(Event(type: .paid, timestamp: timestamp, amountMinor: amount, quantity: 1, identifiers: identifiers))
        }
      }
    }
  }

  private static func hash(_ text: String) -> UInt64 { Array(text.utf8).withUnsafeBytes(IdentifierHash.hash) }

  /// The gmv of every key of the one window, by Kafka key.
  private static func results(
    _ plan: EnginePlan = plan, _ fill: (inout SourcePartition) -> Void
  ) throws -> [String: String] {
    final class Blocks { var all: [Block] = [] }
    let blocks = Blocks()
    var partition = SourcePartition(plan: plan, shards: 1, source: 0, mode: .once) { blocks.all.append($0) }
    fill(&partition)
    partition.handOver(sourceOffset: 1, atEnd: true)
    let shard = RollupShard(plan: plan, mode: .once, sources: 1)
    for block in blocks.all { try shard.apply(block.bytes) }
    shard.apply(Frontier(source: 0, watermark: .max, newest: partition.newest, isIdle: false))
    shard.publish(now: 0)
    var results: [String: String] = [:]
    shard.records.visit { _, key, value in
      let text = String(decoding: value!, as: UTF8.self)
      guard text.contains("\"window_end\":\"1970-01-01T00:01:00.000Z\"") else { return }
      results[String(decoding: key, as: UTF8.self)] = String(
        text.split(separator: "\"gmv\":", maxSplits: 1)[1].prefix { $0 != "," })
    }
    return results
  }

  @Test func identifiersWhoseHashesCollideAreCountedApart() throws {
    let results = try Self.results { partition in
      count("apple", hash: 42, amount: 100, in: &partition)
      count("pear", hash: 42, amount: 1000, in: &partition)
      count("plum", hash: 42, amount: 10_000, in: &partition)
    }
    #expect(
      results == [
        "1m||": "111.00", "1m|product_id|apple": "1.00", "1m|product_id|pear": "10.00", "1m|product_id|plum": "100.00",
      ])
  }

  /// In one batch a row is found by its hash and only later compared with the key; some keys are new there, and some are
  /// found by the hash of another one.
  @Test func theyAreCountedApartWhereTheyComeInOneBatch() throws {
    let names = ["apple", "pear"]
    let batch = StagedEvents(plan: Self.plan, capacity: 120)
    let results = try Self.results { partition in
      for round in 0..<2 {
        for i in 0..<120 {
          withOrder(names[i * i % 3], hash: 42, amount: 100, order: "\(round)-\(i)") {
            batch.append($0, recordTimestamp: -1, position: i)
          }
        }
        var heard = 0
        partition.count(batch) { outcome in
          #expect(outcome.reason == nil && outcome.position == heard)
          heard += 1
        }
        #expect(heard == 120)
        batch.removeAll()
      }
    }
    // i * i mod 3 is 0 for a third and 1 for the others.
    #expect(results == ["1m||": "240.00", "1m|product_id|apple": "80.00", "1m|product_id|pear": "160.00"])
  }

  @Test func tablesCompareTextsWhereHashesAreEqual() {
    var rows = KeyRows()
    var table = KeyTable(fields: [.hostID])
    func text(_ value: String) -> [UInt8] { [UInt8(value.utf8.count)] + Array(value.utf8) }
    let (a, b) = (text("a"), text("b"))
    a.withUnsafeBytes { a in
      b.withUnsafeBytes { b in
        let first = rows.append(7, text: a)
        #expect(rows.find(7, text: b) == nil)
        let second = rows.append(7, text: b)
        #expect(rows.find(7, text: a) == first && rows.find(7, text: b) == second)
        let slot = table.slot(7, isOverflow: false, text: a)
        let other = table.slot(7, isOverflow: false, text: b)
        #expect(slot != other)
        #expect(table.slot(7, isOverflow: false, text: a) == slot)
      }
    }
  }

  @Test func moreLeavesThanAPaneKeepsAreMergedEarlyAndNoneIsLost() throws {
    let products = Pane.maxLeaves + 5_000
    let results = try Self.results { partition in
      for i in 0..<products {
        let name = "p\(i)"
        count(name, hash: Array(name.utf8).withUnsafeBytes(IdentifierHash.hash), amount: 100, in: &partition)
      }
      // One of the first again, after the table was emptied.
      let hash = Array("p1".utf8).withUnsafeBytes(IdentifierHash.hash)
      count("p1", hash: hash, amount: 100, order: "2", in: &partition)
    }
    #expect(results.count == products + 1)
    #expect(results["1m||"] == "\(products + 1).00")
    #expect(results["1m|product_id|p1"] == "2.00")
    #expect(results["1m|product_id|p\(products - 1)"] == "1.00")
  }

  /// Four times as many in each of two panes, of which each drives the other from the look at recent numbers.
  @Test func moreLeavesThanAPaneKeepsTakeNoMoreMemory() throws {
    let (products, hosts) = (Pane.maxLeaves / 8, 64)
    let plan = EnginePlan(
      time: TimePolicy(), windows: [.init(name: "1m", kind: .sliding(size: 60_000, slide: 60_000))],
      groups: [Grouping([.hostID]), Grouping([.productID])], currency: CurrencyCode("CNY")!)
    let batch = StagedEvents(plan: plan, capacity: 1_024)
    let results = try Self.results(plan) { partition in
      for i in 0..<(products * hosts) {
        // Panes of a second: 5 and 21 are looked for in the same place.
        let timestamp: Int64 = i % 2 == 0 ? 5_000 : 21_000
        let product = "p\(i / hosts)"
        withOrder(
          product, host: "h\(i % hosts)", hash: Self.hash(product), amount: 100, order: "\(i)", timestamp: timestamp
        ) {
          batch.append($0, recordTimestamp: -1, position: 0)
        }
        if !batch.isFull { continue }
        partition.count(batch) { #expect($0.reason == nil) }
        batch.removeAll()
        // 64 Ki leaves and a batch of some 300 bytes, with room for twice as many, in two panes, and half a million ids.
        #expect(partition.byteCount < 128 << 20)
      }
    }
    #expect(results.count == products + hosts)
    #expect(results["1m|product_id|p7"] == "\(hosts).00")
    #expect(results["1m|host_id|h7"] == "\(products).00")
  }

  @Test func tablesKeepTheirKeysThroughGrowthAndRemoval() {
    var table = KeyTable(fields: [.hostID])
    var slots: [Int: Int] = [:]
    func withText(_ i: Int, _ body: (UInt64, UnsafeRawBufferPointer) -> Void) {
      let name = "key-\(i)"
      ([UInt8(name.utf8.count)] + Array(name.utf8)).withUnsafeBytes { body(UInt64(i % 50), $0) }
    }
    for i in 0..<2_000 {
      withText(i) { hash, text in
        let slot = table.slot(hash, isOverflow: false, text: text)
        table.retain(slot)
        slots[i] = slot
      }
    }
    for i in stride(from: 0, to: 2_000, by: 3) { table.release(slots[i]!) }
    #expect(table.count == 2_000 - 667)
    for i in 0..<2_000 where i % 3 != 0 {
      withText(i) { hash, text in #expect(table.slot(hash, isOverflow: false, text: text) == slots[i]) }
    }
  }
}
