import WindowEngine

/// A random plan and random logs for it.
public struct RandomCase: Sendable {
  public var seed: UInt64
  public var plan: OraclePlan
  public var partitions: [[OracleInput]]

  /// The partitions as NDJSON files: a line per event, in order.
  public var files: [[UInt8]] {
    partitions.map { partition in partition.flatMap { $0.bytes + [0x0A] } }
  }
}

/// A generator of random cases; the same seed and options give the same case.
public struct RandomLog: Sendable {
  /// Whether events have the timestamp of a Kafka record, as on a topic; files have none.
  public var recordTimestamps: Bool
  /// Whether every cumulative step divides 24 hours, which days of 23 or 25 hours still need not be multiples of.
  public var stepsDivideDay: Bool

  public init(recordTimestamps: Bool = false, stepsDivideDay: Bool = false) {
    self.recordTimestamps = recordTimestamps
    self.stepsDivideDay = stepsDivideDay
  }

  public func makeCase(seed: UInt64) -> RandomCase {
    var random = SplitMix64(seed: seed)
    // Some cases are one hot key with many viewers, so that distinct counts leave the exact range.
    let crowd = random.chance(8)
    let place = random.pick(Place.all)
    let plan = RandomPlan(random: &random, place: place, crowd: crowd, stepsDivideDay: stepsDivideDay).plan
    let partitions = Int.random(in: crowd ? 2...4 : 1...4, using: &random)
    let base = max(0, place.instant + Int64.random(in: -40...40, using: &random) * plan.time.pane * 30)
    var writer = RandomEvents(random: random, plan: plan, crowd: crowd, recordTimestamps: recordTimestamps)
    let limit = crowd ? 300 : max(4, min(300, Self.recordBudget / RandomPlan.recordsPerEvent(plan) / partitions))
    let logs = (0..<partitions).map { writer.partition($0, base: base, limit: limit) }
    return RandomCase(seed: seed, plan: plan, partitions: logs)
  }

  /// The most final records a case would have if no two events shared a window; most share many.
  private static let recordBudget = 6_000
}

/// A time zone and an instant at which something happens to its days.
struct Place {
  var timeZone: String
  /// Milliseconds since the epoch.
  var instant: Int64

  private init(_ timeZone: String, _ instant: String) {
    self.timeZone = timeZone
    self.instant = CalendarText.milliseconds(rfc3339: Array(instant.utf8))!
  }

  static let all = [
    Place("UTC", "2020-06-16T12:00:00Z"),
    Place("UTC", "2020-12-31T23:59:30Z"),
    Place("UTC", "1970-01-01T00:00:40Z"),
    Place("Asia/Shanghai", "2020-06-17T00:00:00+08:00"),
    Place("Asia/Kathmandu", "2021-02-28T00:00:00+05:45"),
    Place("Asia/Kolkata", "2020-02-29T00:00:00+05:30"),
    // 23 and 25 hours.
    Place("Europe/Berlin", "2020-03-29T00:00:00+01:00"),
    Place("Europe/Berlin", "2020-03-30T00:00:00+02:00"),
    Place("Europe/Berlin", "2020-10-25T02:00:00+01:00"),
    Place("Europe/Berlin", "2020-10-26T00:00:00+01:00"),
    Place("America/New_York", "2021-03-14T03:00:00-04:00"),
    Place("America/New_York", "2021-03-15T00:00:00-04:00"),
    Place("America/New_York", "2021-11-08T00:00:00-05:00"),
    Place("Australia/Lord_Howe", "2021-04-05T00:00:00+10:30"),
    // Midnight does not exist, or comes twice.
    Place("America/Sao_Paulo", "2018-11-04T01:00:00-02:00"),
    Place("America/Sao_Paulo", "2018-02-18T00:00:00-03:00"),
    Place("America/Sao_Paulo", "2018-02-18T00:00:00-02:00"),
    Place("America/Havana", "2020-03-08T01:00:00-04:00"),
    // One minute of the new date, then the last 59 minutes of the old one again.
    Place("America/St_Johns", "2010-11-07T00:00:00-02:30"),
    Place("America/St_Johns", "2010-11-07T00:00:00-03:30"),
    Place("America/St_Johns", "2010-03-14T00:00:00-03:30"),
    // 2011-12-30 does not exist.
    Place("Pacific/Apia", "2011-12-31T00:00:00+14:00"),
  ]
}

/// A random plan.
struct RandomPlan {
  private(set) var plan: OraclePlan

  init(random: inout SplitMix64, place: Place, crowd: Bool, stepsDivideDay: Bool) {
    var time = TimePolicy()
    time.pane = random.pick([1_000, 1_000, 1_000, 2_000, 5_000, 10_000])
    time.maxOutOfOrderness = random.pick([0, 700, time.pane, 5_000, 5_000, 20_000])
    time.allowedLateness = random.pick([0, 1_500, time.pane, 10_000, 60_000, 60_000, 600_000])
    time.dedupeHorizon = random.pick([1_000, 2_500, 30_000, 120_000, 600_000, 600_000, 3_600_000])
    time.maxFuture = random.pick([1_000, 300_000])

    let groups = Self.groups(&random, atLeast: 0)
    var windows: [WindowDefinition] = []
    let names = random.chance(10) ? ["1m|\"x\"/%", "Fenster \u{E4}\\", "\u{1F389}"] : ["alpha", "beta", "gamma"]
    for index in 0..<(crowd ? 1 : Int.random(in: 1...3, using: &random)) {
      let kind = Self.kind(&random, pane: time.pane, place: place, crowd: crowd, stepsDivideDay: stepsDivideDay)
      let own = groups.isEmpty || random.chance(25) ? Self.groups(&random, atLeast: 1) : nil
      windows.append(WindowDefinition(name: names[index], kind: kind, groups: own))
    }

    var leaderboards: [LeaderboardDefinition] = []
    for index in 0..<Int.random(in: 0...2, using: &random) {
      let window = random.pick(windows)
      if case .session = window.kind { continue }
      leaderboards.append(
        LeaderboardDefinition(
          name: "top\(index)", window: window.name, group: random.pick(window.groups ?? groups),
          by: random.pick(MetricField.allCases), size: Int.random(in: 1...5, using: &random)))
    }

    let currency = random.pick(["CNY", "CNY", "CNY", "JPY", "KWD", "USD"])
    var rates: [String: String] = [:]
    for code in ["CNY", "JPY", "KWD", "USD", "EUR", "CLF"] where code != currency && random.chance(60) {
      rates[code] = random.pick(["7.10", "0.0213", "23.4567891", "0.1", "1", "0.5", "0.00005", "12"])
    }
    // Large enough that a few purchases pass the limit of `Int64`.
    if random.chance(3) { rates[currency == "EUR" ? "USD" : "EUR"] = "90000" }
    plan = OraclePlan(
      time: time, windows: windows, groups: groups, leaderboards: leaderboards, currency: currency, rates: rates,
      maxKeys: random.chance(20) ? random.pick([1, 2, 3, 5]) : 1_000_000)
  }

  private static func groups(_ random: inout SplitMix64, atLeast: Int) -> [Grouping] {
    let pool: [[GroupField]] = [
      [], [], [.sessionID], [.sessionID], [.hostID], [.hostID], [.productID], [.channel], [.mcnID], [.brandID],
      [.categoryID], [.region], [.currency], [.channel, .currency], [.sessionID, .productID], [.productID, .sessionID],
      [.hostID, .channel, .region],
    ]
    var groups: [Grouping] = []
    for _ in 0..<Int.random(in: atLeast...4, using: &random) {
      let group = Grouping(random.pick(pool))
      if !groups.contains(group) { groups.append(group) }
    }
    return groups
  }

  private static func kind(
    _ random: inout SplitMix64, pane: Int64, place: Place, crowd: Bool, stepsDivideDay: Bool
  ) -> WindowDefinition.Kind {
    switch random.upTo(9) {
    case 0...4:
      let slide = pane * random.pick(crowd ? [30, 60, 300] : [1, 1, 2, 3, 5, 6, 7, 10, 13, 15, 60])
      return .sliding(size: slide * random.pick(crowd ? [1, 2, 5] : [1, 1, 2, 3, 4, 6, 10]), slide: slide)
    case 5...7:
      let dividing: [Int64] = [10, 10, 60, 60, 120, 3_600, 10_800, 28_800, 43_200, 86_400]
      let others: [Int64] = [70, 110, 660, 7_000, 9_000, 50_000]
      let step = random.pick(stepsDivideDay ? dividing : dividing + others) * 1_000
      return .cumulative(step: crowd ? 3_600_000 : step, timeZone: place.timeZone)
    default: return .session(gap: pane * random.pick([1, 2, 3, 5, 10, 60, 300]))
    }
  }

  /// About how many records an event that shares its windows with no other one leads to.
  static func recordsPerEvent(_ plan: OraclePlan) -> Int {
    var total = 0
    for window in plan.windows {
      let lists = plan.groups(of: window).count + plan.leaderboards.filter { $0.window == window.name }.count
      switch window.kind {
      case .sliding(let size, let slide): total += (Int(size / slide) + 1) * lists
      case .cumulative: total += 2 * lists
      case .session: total += lists
      }
    }
    return max(1, total)
  }
}
