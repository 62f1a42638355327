/// How people behave: every rate, delay and price of the model, in one place.
///
/// The rates are chosen for a mix with 5 to 8 % purchases; real conversion is lower, but an engine is tested harder
/// by many purchases.
struct Behaviour {
  /// Softens the top of the Zipf law of hosts: the first host draws 2 % of all traffic.
  static let hostRankOffset = 6.0

  // MARK: Prices

  static let priceYuan = QuantileTable([
    (0, 9), (0.2, 39), (0.5, 99), (0.8, 299), (0.95, 999), (0.99, 2_999), (1, 9_999),
  ])
  static let priceEndings: [Int64] = [0, 0, 0, 90, 90, 99, 50, 80]
  static let flashSaleDiscount: UInt32 = 2
  static let yuanPerDollar: UInt32 = 7
  static let fullRefund = Probability(0.7)

  // MARK: Broadcasts

  static let broadcastMilliseconds = 20 * 60_000.0...240 * 60_000
  static let productsPerBroadcast = 10...80
  static let featureMilliseconds = 90_000.0...480_000
  /// A new broadcast starts with this share of its audience and needs this long to draw all of it.
  static let openingShare = 0.2
  static let openingMilliseconds = 300_000.0
  /// Mean time between two waves of new viewers in a broadcast, their strength, and how much of one fades in a second.
  static let waveSpacingMilliseconds = 240_000.0
  static let waveStrength = 1.0...5.0
  static let waveFading = 0.04
  /// From this many times its usual traffic on, a broadcast counts as being in a wave.
  static let waveSurge = 1.6
  static let flashSpacingMilliseconds = 3 * 3_600_000.0
  static let flashMilliseconds = 20_000.0...40_000
  static let flashWeight = 20.0
  /// The most that one flash sale adds, as a share of the traffic of all broadcasts.
  static let flashTrafficLimit = 0.03

  // MARK: Audiences

  /// The seats of all audiences together, when all hosts are on air. Up to 200 000 events per second a viewer sends a
  /// heartbeat about every 30 s; beyond, heartbeats come more often.
  static let seatLimit = 2_000_000.0
  static let seatsPerEventRate = 8.0
  static let leastSeats = 8.0
  static let mostSeats = 262_144.0

  // MARK: What viewers do

  /// Events are drawn from the first table; follow-ups (click, cart, purchases) come on top of them.
  let calm = ActionTable([
    (.impression, 356), (.heartbeat, 284), (.enter, 102), (.leave, 100), (.like, 102), (.comment, 51), (.share, 10),
    (.follow, 14), (.gift, 5),
  ])
  let wave = ActionTable([
    (.impression, 300), (.heartbeat, 160), (.enter, 330), (.leave, 40), (.like, 110), (.comment, 60), (.share, 9),
    (.follow, 10), (.gift, 5),
  ])
  let flashSale = ActionTable([
    (.impression, 430), (.heartbeat, 190), (.enter, 170), (.leave, 90), (.like, 70), (.comment, 60), (.share, 6),
    (.follow, 5), (.gift, 3),
  ])

  let featuredProduct = Probability(0.8)
  /// In a flash sale everyone who sees the product orders it: ten times the usual tenth.
  let clickAfterImpression = Probability(0.3)
  let cartAfterClick = Probability(0.55)
  let orderAfterClick = Probability(0.035)
  let orderAfterCart = Probability(0.6)
  let paidAfterOrder = Probability(0.91)
  let refundAfterPaid = Probability(0.06)
  let oneUnit = Probability(0.85)

  // MARK: How long it takes, in milliseconds

  /// From happening to reaching Kafka.
  let delivery = QuantileTable([
    (0, 5), (0.1, 30), (0.5, 250), (0.8, 800), (0.9, 1_300), (0.95, 1_900), (0.99, 3_200), (0.999, 4_200), (1, 4_500),
  ])
  static let longestDelivery: Int64 = 4_500
  let lateDelivery = QuantileTable([(0, 8_000), (0.6, 20_000), (1, 50_000)])
  let tooLateDelivery = QuantileTable([(0, 90_000), (0.7, 300_000), (1, 1_200_000)])
  let repetition = QuantileTable([(0, 5), (0.5, 60), (1, 400)])
  let impressionToClick = QuantileTable([(0, 300), (0.5, 2_000), (0.9, 5_000), (1, 9_000)])
  let clickToCart = QuantileTable([(0, 800), (0.5, 6_000), (0.9, 14_000), (1, 25_000)])
  let cartToOrder = QuantileTable([(0, 1_500), (0.5, 8_000), (0.9, 20_000), (1, 40_000)])
  let flashReaction = QuantileTable([(0, 200), (0.5, 900), (0.9, 2_500), (1, 5_000)])
  let orderToPayment = QuantileTable([(0, 5_000), (0.5, 12_000), (0.9, 35_000), (1, 60_000)])
  let orderToCancellation = QuantileTable([(0, 8_000), (0.5, 120_000), (0.9, 600_000), (1, 900_000)])
  let paymentToRefund = QuantileTable([(0, 20_000), (0.1, 120_000), (0.5, 600_000), (0.9, 3_600_000), (1, 14_400_000)])
  static let longestWatchReport: Int64 = 300_000
}

/// Draws an action; resolution 1/1024.
struct ActionTable {
  private let actions: [TrafficEventType]

  /// `shares`: how many of 1024 draws give each action; they add up to 1024.
  init(_ shares: [(TrafficEventType, Int)]) {
    actions = shares.flatMap { Array(repeating: $0.0, count: $0.1) }
    precondition(actions.count == 1_024)
  }

  @inline(__always)
  func sample(_ random: inout Random) -> TrafficEventType { actions[Int(random.next() &>> 54)] }
}
