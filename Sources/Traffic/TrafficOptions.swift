/// What traffic to make. Every value is checked once, at construction.
///
/// ```swift
/// let options = try TrafficOptions(seed: 7, sessions: 200, rate: 5_000, late: 0, tooLate: 0)
/// var generator = TrafficGenerator(options)
/// ```
///
/// The same options give the same bytes on every machine. Shares are fractions, so 0.001 is 0.1 %.
public struct TrafficOptions: Sendable {
  /// Chooses one of 2^64 worlds; also spreads order numbers, so that runs with different seeds do not repeat ids.
  public let seed: UInt64
  /// Broadcasts on air at any time, 1...1 000 000. When one ends, another with a new `session_id` takes its place.
  public let sessions: Int
  /// Events per second of arrival time, 1...10 000 000. Nothing in the generator waits for the wall clock.
  public let rate: Double
  /// Arrival time of the first event in milliseconds since the epoch, 1.1 x 10^12...4 x 10^12 (2004 to
  /// 2096). Events that were long under way happened before.
  public let start: Int64
  /// Share of the purchases, delivered in time, that are delivered a second time within 0.4 s, 0...0.5.
  public let duplicates: Double
  /// Share of all events that break the input contract, 0...0.5.
  public let garbage: Double
  /// The ways in which garbage breaks the contract, at least one.
  public let garbageKinds: [GarbageKind]
  /// Share of the events that arrive 8 to 50 s after they happened, 0...0.5; the others take at most 4.5 s.
  public let late: Double
  /// Share of the events that arrive 90 s to 20 min after they happened, 0...0.5.
  public let tooLate: Double
  /// Share of the orders that are paid in US dollars rather than in the default currency, 0...1.
  public let foreign: Double
  /// Hosts, `sessions`...10 000 000; a host has at most one broadcast on air. Default: twice `sessions`.
  public let hosts: Int
  /// Agencies (`mcn_id`), 1...65 535. Default: one for every 50 hosts.
  public let agencies: Int
  /// Products in the catalogue, 1...10 000 000.
  public let products: Int
  /// Brands, 1...65 535.
  public let brands: Int
  /// Product categories, 1...255.
  public let categories: Int
  /// People who may watch and buy, 1...2 000 000 000.
  public let viewers: Int
  /// The most events planned for later (clicks, payments, refunds...) at one time, 1 024...2^28; each takes 72 bytes.
  ///
  /// What does not fit does not happen, and is counted in ``TrafficSummary/abandoned``. The default is enough for
  /// 100 000 events per second, however long; raise it in proportion to ``rate``.
  public let plannedLimit: Int

  /// 2020-06-16T12:00:00Z, the evening of a sales festival in China.
  public static let defaultStart: Int64 = 1_592_308_800_000

  /// Checks every option; see the properties for meanings and ranges.
  ///
  /// - Throws: ``TrafficOptionsError`` naming the first option that is out of range.
  public init(
    seed: UInt64 = 1,
    sessions: Int = 10_000,
    rate: Double = 100_000,
    start: Int64 = TrafficOptions.defaultStart,
    duplicates: Double = 0.001,
    garbage: Double = 0.000_1,
    garbageKinds: [GarbageKind] = GarbageKind.detectableInFiles,
    late: Double = 0.001,
    tooLate: Double = 0.000_01,
    foreign: Double = 0,
    hosts: Int? = nil,
    agencies: Int? = nil,
    products: Int = 50_000,
    brands: Int = 2_000,
    categories: Int = 40,
    viewers: Int = 5_000_000,
    plannedLimit: Int = 1 << 20
  ) throws(TrafficOptionsError) {
    self.seed = seed
    self.sessions = try Self.check("sessions", sessions, 1...1_000_000)
    self.rate = try Self.check("rate", rate, 1...10_000_000)
    self.start = try Self.check("start", start, 1_100_000_000_000...4_000_000_000_000)
    self.duplicates = try Self.check("duplicates", duplicates, 0...0.5)
    self.garbage = try Self.check("garbage", garbage, 0...0.5)
    _ = try Self.check("the number of garbageKinds", garbageKinds.count, 1...1_000)
    self.garbageKinds = garbageKinds
    self.late = try Self.check("late", late, 0...0.5)
    self.tooLate = try Self.check("tooLate", tooLate, 0...0.5)
    self.foreign = try Self.check("foreign", foreign, 0...1)
    self.hosts = try Self.check("hosts", hosts ?? 2 * sessions, sessions...10_000_000)
    self.agencies = try Self.check("agencies", agencies ?? max(1, min(65_535, self.hosts / 50)), 1...65_535)
    self.products = try Self.check("products", products, 1...10_000_000)
    self.brands = try Self.check("brands", brands, 1...65_535)
    self.categories = try Self.check("categories", categories, 1...255)
    self.viewers = try Self.check("viewers", viewers, 1...2_000_000_000)
    self.plannedLimit = try Self.check("plannedLimit", plannedLimit, 1_024...1 << 28)
  }

  private static func check<Value: Comparable>(
    _ option: String, _ value: Value, _ range: ClosedRange<Value>
  ) throws(TrafficOptionsError) -> Value {
    guard range.contains(value) else {
      throw .outOfRange(option: option, value: "\(value)", allowed: "\(range.lowerBound)...\(range.upperBound)")
    }
    return value
  }
}

/// An option that traffic cannot be made with.
public enum TrafficOptionsError: Error, Equatable, CustomStringConvertible {
  /// `value` of `option` lies outside the range `allowed`, e.g. `1...1000000`.
  case outOfRange(option: String, value: String, allowed: String)

  public var description: String {
    switch self {
    case .outOfRange(let option, let value, let allowed):
      "Traffic option \(option) is \(value); choose a value in \(allowed)."
    }
  }
}
