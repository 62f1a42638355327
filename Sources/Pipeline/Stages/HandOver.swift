import LiveEvents
import WindowEngine

/// An event that was not counted, as it goes to the rejects.
public struct Reject: Sendable {
  public var reason: RejectReason
  /// One sentence: the field, what was found, what is allowed.
  public var detail: String
  /// The source partition's number.
  public var source: Int
  /// The Kafka offset, or the byte offset in a file.
  public var offset: Int64
  /// The line in a file, from 1; 0 for Kafka.
  public var line: Int64
  /// The event, unchanged.
  public var bytes: [UInt8]
}

/// How many events came and what became of them.
public struct EventCounts: Sendable {
  /// Counted events, by ``EventType``'s raw value.
  public var accepted = [UInt64](repeating: 0, count: EventType.allCases.count)
  /// Rejected events and duplicates, in the order of ``RejectReason``'s cases.
  public var rejected = [UInt64](repeating: 0, count: RejectReason.allCases.count)
  /// Those of the rejected that were read and then refused, by ``EventType``'s raw value.
  public var duplicates = [UInt64](repeating: 0, count: EventType.allCases.count)
  public var tooLate = [UInt64](repeating: 0, count: EventType.allCases.count)
  /// Bytes of all events.
  public var bytes: UInt64 = 0

  public init() {}

  /// All events that were read.
  public var total: UInt64 { accepted.reduce(0, +) + rejected.reduce(0, +) }

  public subscript(reason: RejectReason) -> UInt64 { rejected[RejectReason.allCases.firstIndex(of: reason)!] }

  public mutating func add(_ other: EventCounts) {
    for i in accepted.indices {
      accepted[i] += other.accepted[i]
      duplicates[i] += other.duplicates[i]
      tooLate[i] += other.tooLate[i]
    }
    for i in rejected.indices { rejected[i] += other.rejected[i] }
    bytes += other.bytes
  }
}

/// What a lane hands over of one source partition at once: it is committed whole or not at all.
package struct HandOver {
  var blocks: [Block] = []
  var frontier: Frontier
  /// The offset of the next record to be read.
  var sourceOffset: Int64
  var rejects: [Reject] = []
  /// What has been counted since the last hand-over.
  var counts = EventCounts()
  /// When the records came that were read since the last hand-over; `nil` where there were none.
  var arrival: Arrival?
  /// Whether a group had more keys in a pane than it may.
  var hasOverflow = false
  /// Whether an amount stopped at the limit of Int64 when it was converted.
  var isSaturated = false
  /// Who owned the source partition.
  var generation: UInt64 = 0
  /// Where the next owner goes on; `nil` where nobody will.
  var checkpoint: LaneCheckpoint?

  /// Bytes of memory, about.
  var byteCount: Int {
    blocks.reduce(0) { $0 + $1.bytes.count } + rejects.reduce(0) { $0 + $1.bytes.count }
      + (checkpoint?.bytes.count ?? 0) + (checkpoint?.idBytes?.count ?? 0)
  }
}
