/// A viewer in a broadcast's audience.
struct Seat {
  var viewer: UInt32 = 0
  /// When the viewer's watching was last reported, in milliseconds since the run's start, modulo 2^32.
  var reported: UInt32 = 0
}

/// Some of the people who watch one broadcast now: those whose heartbeats and leaving are generated.
///
/// Their seats are a range, fixed when the broadcast starts, of an array that all broadcasts share. Taking heartbeats
/// in turn gives every viewer the same rhythm. Who does something else, or leaves, is one of the few whose turn comes
/// next: over a round that is everybody, and their seats lie in the processor's cache.
struct Audience {
  private static let nextFew = 16

  let seats: SeatRange
  private var count: UInt32 = 0
  private var turn: UInt32 = 0

  init(_ seats: SeatRange) { self.seats = seats }

  var isEmpty: Bool { count == 0 }
  var isFull: Bool { count == seats.count }
  /// Too few to spare one.
  var isThin: Bool { count * 4 <= seats.count }

  /// Seats `viewer`; the audience must not be full.
  @inline(__always)
  mutating func enter(_ viewer: UInt32, at now: UInt32, in house: inout [Seat]) {
    assert(!isFull)
    house[Int(seats.start + count)] = Seat(viewer: viewer, reported: now)
    count += 1
  }

  /// Someone who is watching; the audience must not be empty.
  @inline(__always)
  func someone(in house: [Seat], _ random: inout Random) -> UInt32 { house[seatOfNextFew(&random)].viewer }

  /// The viewer whose turn it is to report, with the milliseconds watched since the last report; not of an empty one.
  @inline(__always)
  mutating func report(at now: UInt32, in house: inout [Seat]) -> (viewer: UInt32, watched: UInt32) {
    turn = turn + 1 < count ? turn + 1 : 0
    let seat = house[Int(seats.start + turn)]
    house[Int(seats.start + turn)].reported = now
    return (seat.viewer, now &- seat.reported)
  }

  /// Removes someone; the audience must not be empty.
  @inline(__always)
  mutating func leave(
    at now: UInt32, in house: inout [Seat], _ random: inout Random
  ) -> (viewer: UInt32, watched: UInt32) {
    let index = seatOfNextFew(&random)
    let seat = house[index]
    count -= 1
    house[index] = house[Int(seats.start + count)]
    return (seat.viewer, now &- seat.reported)
  }

  @inline(__always)
  private func seatOfNextFew(_ random: inout Random) -> Int {
    assert(!isEmpty)
    var place = turn + 1 + UInt32(random.below(Self.nextFew))
    while place >= count { place -= count }
    return Int(seats.start + place)
  }
}

/// Consecutive seats that belong to one broadcast.
struct SeatRange {
  let start: UInt32
  /// A power of two.
  let count: UInt32
}

/// Hands out ranges of seats. Sizes are powers of two, so that a range can be used again after its broadcast.
struct SeatAllocator {
  private(set) var end: UInt32 = 0
  private var vacant = [[UInt32]](repeating: [], count: 32)

  /// A range of the least power of two that is not less than `count`.
  mutating func reserve(atLeast count: UInt32) -> SeatRange {
    let size = 32 - (count - 1).leadingZeroBitCount
    if let start = vacant[size].popLast() { return SeatRange(start: start, count: 1 << size) }
    defer { end += 1 << size }
    return SeatRange(start: end, count: 1 << size)
  }

  mutating func release(_ range: SeatRange) { vacant[range.count.trailingZeroBitCount].append(range.start) }
}
