/// The broadcasts on air, and how the traffic is divided among them.
struct Stage {
  private(set) var broadcasts: [Broadcast] = []
  private(set) var started = 0
  private(set) var ended = 0
  private(set) var flashSales = 0
  /// When popularity is to be reckoned anew: every second, or less often where a second holds few events.
  private(set) var nextRefresh: Int64

  private let options: TrafficOptions
  private let interval: Int64
  private let seatsPerWeight: Double
  private var lastRefresh: Int64
  private var programmes: [Programme] = []
  private var offAir: [UInt32]
  private var allocator = SeatAllocator()
  private var house: [Seat] = []
  private var weights: [Double]
  private var shares: AliasTable

  init(_ options: TrafficOptions, catalog: Catalog, random: inout Random) {
    self.options = options
    interval = max(1_000, Int64(4_000 * Double(options.sessions) / options.rate))
    let seats = min(Behaviour.seatLimit, Behaviour.seatsPerEventRate * options.rate)
    seatsPerWeight = seats * Double(options.hosts) / Double(options.sessions) / catalog.totalHostWeight
    lastRefresh = options.start
    nextRefresh = options.start
    weights = [Double](repeating: 1, count: options.sessions)
    shares = AliasTable(count: options.sessions)
    offAir = (0..<options.hosts).map { UInt32($0) }
    for index in 0..<options.sessions {
      let length = random.within(Behaviour.broadcastMilliseconds)
      let age = Int64(length * random.unit())
      let (broadcast, programme) = startBroadcast(
        at: options.start - age, length: length, now: options.start, catalog: catalog, random: &random)
      broadcasts.append(broadcast)
      programmes.append(programme)
      fill(index, random: &random)
    }
    refresh(at: options.start, catalog: catalog, random: &random)
  }

  /// A broadcast, in proportion to its share of the traffic.
  @inline(__always)
  func sample(_ random: inout Random) -> Int { shares.sample(&random) }

  @inline(__always)
  mutating func enter(_ viewer: UInt32, broadcast: Int, at now: UInt32) {
    broadcasts[broadcast].audience.enter(viewer, at: now, in: &house)
  }

  @inline(__always)
  mutating func leave(broadcast: Int, at now: UInt32, _ random: inout Random) -> (viewer: UInt32, watched: UInt32) {
    broadcasts[broadcast].audience.leave(at: now, in: &house, &random)
  }

  @inline(__always)
  mutating func report(broadcast: Int, at now: UInt32) -> (viewer: UInt32, watched: UInt32) {
    broadcasts[broadcast].audience.report(at: now, in: &house)
  }

  @inline(__always)
  func someone(broadcast: Int, _ random: inout Random) -> UInt32 {
    broadcasts[broadcast].audience.someone(in: house, &random)
  }

  /// Brings every broadcast up to `now`: ends, starts, waves, flash sales; then divides the traffic anew.
  mutating func refresh(at now: Int64, catalog: Catalog, random: inout Random) {
    let elapsed = Double(now - lastRefresh)
    var total = 0.0
    for index in broadcasts.indices {
      if programmes[index].end <= now { replace(index, at: now, catalog: catalog, random: &random) }
      let flashBegan = programmes[index].advance(
        &broadcasts[index], to: now, elapsed: elapsed, catalog: catalog, random: &random)
      if flashBegan { flashSales += 1 }
      let hostWeight = catalog.hostWeights[Int(broadcasts[index].host)]
      weights[index] = programmes[index].weight(at: now, hostWeight: hostWeight)
      total += weights[index]
    }
    for index in broadcasts.indices where broadcasts[index].mood == .flashSale {
      let extra = min(weights[index] * (Behaviour.flashWeight - 1), total * Behaviour.flashTrafficLimit)
      weights[index] += extra
    }
    shares.rebuild(weights)
    lastRefresh = now
    nextRefresh = now + interval
  }

  private mutating func replace(_ index: Int, at now: Int64, catalog: Catalog, random: inout Random) {
    offAir.append(broadcasts[index].host)
    allocator.release(broadcasts[index].audience.seats)
    ended += 1
    let length = random.within(Behaviour.broadcastMilliseconds)
    (broadcasts[index], programmes[index]) = startBroadcast(
      at: now, length: length, now: now, catalog: catalog, random: &random)
  }

  private mutating func startBroadcast(
    at start: Int64, length: Double, now: Int64, catalog: Catalog, random: inout Random
  ) -> (Broadcast, Programme) {
    let place = random.below(offAir.count)
    let host = offAir[place]
    offAir[place] = offAir[offAir.count - 1]
    offAir.removeLast()
    started += 1
    let counts = Behaviour.productsPerBroadcast
    let productCount = min(catalog.products.count, counts.lowerBound + random.below(counts.count))
    let wanted = catalog.hostWeights[Int(host)] * seatsPerWeight
    let seats = allocator.reserve(atLeast: UInt32(min(Behaviour.mostSeats, max(Behaviour.leastSeats, wanted))))
    if house.count < allocator.end {
      house.append(contentsOf: repeatElement(Seat(), count: Int(allocator.end) - house.count))
    }
    let broadcast = Broadcast(
      session: UInt32(started), host: host, featured: 0, productCount: UInt8(productCount), audience: Audience(seats))
    let programme = Programme(
      start: start, end: start + Int64(length), now: now, productCount: productCount, random: &random)
    return (broadcast, programme)
  }

  /// Seats an audience that has been watching for a while when the run begins.
  private mutating func fill(_ index: Int, random: inout Random) {
    for _ in 0..<broadcasts[index].audience.seats.count * 6 / 10 {
      let viewer = Viewers.pick(options.viewers, random: &random)
      enter(viewer, broadcast: index, at: 0 &- UInt32(random.below(30_000)))
    }
  }
}

/// The people who may watch.
enum Viewers {
  /// One of `count`. A quarter of all visits are by regulars: there the probability falls with the square root of the
  /// viewer's number.
  @inline(__always)
  static func pick(_ count: Int, random: inout Random) -> UInt32 {
    let unit = random.unit()
    let isRegular = random.below(4) == 0
    return UInt32((isRegular ? unit * unit : unit) * Double(count))
  }
}
