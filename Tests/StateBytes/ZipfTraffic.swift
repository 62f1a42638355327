import Foundation
import Oracle

/// Events of a given number of (session, product) keys, ten products to a session, of which the one of rank r has a
/// share in proportion to 1/r: four in five are impressions, the others clicks, carts and orders.
struct ZipfTraffic {
  private static let productsPerSession = 10
  /// 2020-06-16T12:00:00Z.
  private static let start: Int64 = 1_592_308_800_000

  private let shares: [Double]
  private let millisecondsPerEvent: Double
  private var number = 0
  private var text: [UInt8] = []
  private var random = SplitMix64(seed: 1)
  private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 8)

  init(keys: Int, rate: Double) {
    millisecondsPerEvent = 1000 / rate
    var sum = 0.0
    var shares: [Double] = []
    for rank in 1...keys {
      sum += 1 / Double(rank)
      shares.append(sum)
    }
    self.shares = shares.map { $0 / sum }
  }

  mutating func next() -> (isPurchase: Bool, partition: Int, bytes: UnsafeRawBufferPointer, arrivalTime: Int64) {
    let time = Self.start + Int64(Double(number) * millisecondsPerEvent)
    number += 1
    let key = rank(Double(random.next() >> 11) / Double(1 << 53))
    // Ranks are spread over the sessions, so that each has popular and unpopular products.
    let session = key % max(1, shares.count / Self.productsPerSession)
    let viewer = random.next() % 1_000_000
    let common =
      "\"session_id\":\"s\(session)\",\"host_id\":\"h\(session)\",\"mcn_id\":\"m\(session % 200)\","
      + "\"brand_id\":\"b\(key % 2000)\",\"product_id\":\"p\(key)\",\"channel\":\"c\(session % 6)\",\"ts\":\(time)"
    let event =
      switch random.next() % 20 {
      case 0:
        "{\"type\":\"paid\",\"event_id\":\"e\(number)\",\"order_id\":\"o\(number)\",\"buyer_id\":\"u\(viewer)\","
          + "\"quantity\":1,\"amount\":\"99.50\",\(common)}"
      case 1: "{\"type\":\"cart\",\"viewer_id\":\"u\(viewer)\",\(common)}"
      case 2, 3: "{\"type\":\"click\",\"viewer_id\":\"u\(viewer)\",\(common)}"
      default: "{\"type\":\"impression\",\"viewer_id\":\"u\(viewer)\",\(common)}"
      }
    let count = event.utf8.count
    memory.copyBytes(from: event.utf8)
    return (event.contains("order_id"), session, UnsafeRawBufferPointer(rebasing: memory[..<count]), time)
  }

  /// The first rank, from 0, up to which the keys have at least the share `share` of the events.
  private func rank(_ share: Double) -> Int {
    var low = 0
    var high = shares.count - 1
    while low < high {
      let middle = (low + high) / 2
      if shares[middle] < share { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
