/// A product as it is sold in every broadcast.
struct Product {
  /// The number in its id; unrelated to its popularity.
  var number: UInt32
  var priceMinor: UInt32
  var brand: UInt16
  var category: UInt8
}

/// A host, with what is the same in all of their broadcasts.
struct Host {
  var agency: UInt16
  var channel: UInt8
}

/// What exists before the first event: hosts by number, products by popularity (rank 0 sells most).
struct Catalog {
  let hosts: [Host]
  /// Popularity of each host relative to the others.
  let hostWeights: [Double]
  let totalHostWeight: Double
  let products: [Product]

  init(_ options: TrafficOptions, random: inout Random) {
    // Zipf-Mandelbrot with exponent 1: a plain Zipf law would give one host a tenth of all traffic.
    hostWeights = Self.shuffledNumbers(options.hosts, random: &random).map { rank in
      1 / (Double(rank) + Behaviour.hostRankOffset)
    }
    totalHostWeight = hostWeights.reduce(0, +)
    hosts = Self.makeHosts(options, random: &random)
    products = Self.makeProducts(options, random: &random)
  }

  private static func makeHosts(_ options: TrafficOptions, random: inout Random) -> [Host] {
    (0..<options.hosts).map { _ in
      Host(
        agency: UInt16(squaredRank(below: options.agencies, random: &random)),
        channel: UInt8(Vocabulary.weightedChannel(random.below(100))))
    }
  }

  private static func makeProducts(_ options: TrafficOptions, random: inout Random) -> [Product] {
    let brandCategories = (0..<options.brands).map { _ in UInt8(random.below(options.categories)) }
    return shuffledNumbers(options.products, random: &random).map { number in
      let brand = squaredRank(below: options.brands, random: &random)
      let yuan = Behaviour.priceYuan.sample(&random)
      let ending = Behaviour.priceEndings[random.below(Behaviour.priceEndings.count)]
      return Product(
        number: number, priceMinor: UInt32(yuan * 100 + ending), brand: UInt16(brand),
        category: brandCategories[brand])
    }
  }

  /// 0..<`count` in random order (Fisher and Yates).
  private static func shuffledNumbers(_ count: Int, random: inout Random) -> [UInt32] {
    var numbers = (0..<count).map { UInt32($0) }
    for last in stride(from: count - 1, to: 0, by: -1) { numbers.swapAt(last, random.below(last + 1)) }
    return numbers
  }

  /// A rank whose probability falls with the square root of the rank.
  private static func squaredRank(below count: Int, random: inout Random) -> Int {
    let unit = random.unit()
    return Int(unit * unit * Double(count))
  }

  /// The rank of the product in place `index` of the list of `count` products that `session` sells.
  ///
  /// The catalogue is cut into `count` layers that grow with the cube of the place, and each layer gives one product:
  /// no product is twice in a list, popular ones are in many lists, and no list has to be stored.
  @inline(__always)
  func product(at index: Int, of count: Int, session: UInt32) -> UInt32 {
    let first = layer(index, of: count)
    let width = layer(index + 1, of: count) - first
    return UInt32(first + scaled(mixed(UInt64(session) &<< 8 &+ UInt64(index) &+ 1), below: width))
  }

  @inline(__always)
  private func layer(_ index: Int, of count: Int) -> Int {
    let share = Double(index) / Double(count)
    return index + Int(share * share * share * Double(products.count - count))
  }
}
