import Kafka

/// When records came that were read together: what the latency from a producer to the wall is computed from, without
/// keeping a time for each event.
package struct Arrival: Hashable, Sendable {
  /// The Kafka record's timestamps, ms since the epoch.
  package private(set) var oldest: Int64
  package private(set) var newest: Int64
  package private(set) var count: UInt32

  package init(oldest: Int64, newest: Int64, count: UInt32) {
    self.oldest = oldest
    self.newest = newest
    self.count = count
  }

  /// Records that were read one after the other. `nil` where they have no timestamps.
  package init?(first: Int64, last: Int64, count: Int) {
    if first < 0 || last < 0 { return nil }
    self.init(oldest: min(first, last), newest: max(first, last), count: UInt32(clamping: count))
  }

  package mutating func add(_ other: Arrival) {
    oldest = min(oldest, other.oldest)
    newest = max(newest, other.newest)
    count = count.addingReportingOverflow(other.count).overflow ? .max : count + other.count
  }
}

/// Arrivals on their way from a lane to a rollup, as a header of the record of frontiers. Readers that do not know it
/// pass it over.
enum ArrivalHeader {
  static let name = "arrivals"
  private static let length = 20

  static func encode(_ arrivals: [Arrival]) -> Header {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(arrivals.count * length)
    for arrival in arrivals {
      withUnsafeBytes(of: arrival.oldest.littleEndian) { bytes.append(contentsOf: $0) }
      withUnsafeBytes(of: arrival.newest.littleEndian) { bytes.append(contentsOf: $0) }
      withUnsafeBytes(of: arrival.count.littleEndian) { bytes.append(contentsOf: $0) }
    }
    return Header(name, bytes)
  }

  /// Nothing where there is none, or none of this form: a figure is not worth a failure.
  static func decode(_ headers: [Header]) -> [Arrival] {
    guard let bytes = headers.first(where: { $0.name == name })?.value, bytes.count % length == 0 else { return [] }
    return bytes.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: length).map { at in
        Arrival(
          oldest: Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int64.self)),
          newest: Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 8, as: Int64.self)),
          count: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 16, as: UInt32.self)))
      }
    }
  }
}
