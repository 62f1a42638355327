/// A live session on air: what its viewers need. Kept small, because every event reads one of thousands.
struct Broadcast {
  enum Mood: UInt8 { case calm, wave, flashSale }

  let session: UInt32
  let host: UInt32
  /// Rank of the product being shown.
  var featured: UInt32
  let productCount: UInt8
  var mood = Mood.calm
  var audience: Audience

  /// A product that a viewer looks at: mostly the featured one, else one of the list, the popular ones more often.
  @inline(__always)
  func shownProduct(_ behaviour: borrowing Behaviour, catalog: Catalog, random: inout Random) -> UInt32 {
    if random.happens(behaviour.featuredProduct) || mood == .flashSale { return featured }
    let unit = random.unit()
    return product(Int(unit * unit * Double(productCount)), catalog: catalog)
  }

  /// The product in `place` of the list of this broadcast.
  @inline(__always)
  func product(_ place: Int, catalog: Catalog) -> UInt32 {
    catalog.product(at: place, of: Int(productCount), session: session)
  }
}

/// The course of a broadcast: when it ends, which product comes next, how many people it draws.
struct Programme {
  let start: Int64
  let end: Int64
  private var place: Int
  private var featuredUntil: Int64
  private var flashUntil: Int64
  private var surge = 1.0

  /// The course of a broadcast of `productCount` products that is followed from `now` on.
  init(start: Int64, end: Int64, now: Int64, productCount: Int, random: inout Random) {
    self.start = start
    self.end = end
    place = random.below(productCount)
    featuredUntil = now
    flashUntil = now
  }

  /// Lets `elapsed` milliseconds of the show happen, up to `now`. Returns whether a flash sale began.
  mutating func advance(
    _ broadcast: inout Broadcast, to now: Int64, elapsed: Double, catalog: Catalog, random: inout Random
  ) -> Bool {
    surge = 1 + (surge - 1) / (1 + Behaviour.waveFading * elapsed / 1_000)
    if random.unit() * Behaviour.waveSpacingMilliseconds < elapsed { surge += random.within(Behaviour.waveStrength) }
    var flashBegan = false
    if flashUntil <= now {
      if featuredUntil <= now {
        place = place + 1 < Int(broadcast.productCount) ? place + 1 : 0
        broadcast.featured = broadcast.product(place, catalog: catalog)
        featuredUntil = now + Int64(random.within(Behaviour.featureMilliseconds))
      }
      if random.unit() * Behaviour.flashSpacingMilliseconds < elapsed {
        flashUntil = now + Int64(random.within(Behaviour.flashMilliseconds))
        flashBegan = true
      }
    }
    broadcast.mood = flashUntil > now ? .flashSale : surge > Behaviour.waveSurge ? .wave : .calm
    return flashBegan
  }

  /// Its part in the traffic relative to the other broadcasts', without the effect of a flash sale.
  func weight(at now: Int64, hostWeight: Double) -> Double {
    let opening = min(1, Behaviour.openingShare + Double(now - start) / Behaviour.openingMilliseconds)
    return hostWeight * opening * surge
  }
}
