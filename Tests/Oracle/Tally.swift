import LiveEvents
import WindowEngine

/// The metrics of a set of events, each by its definition.
struct Tally {
  private let events: [CountedEvent]
  private let online: Range<Int64>
  private let minorDigits: Int

  /// - Parameter online: the time in which viewers count as `online`.
  init(_ events: [CountedEvent], online: Range<Int64>, minorDigits: Int) {
    self.events = events
    self.online = online
    self.minorDigits = minorDigits
  }

  private func of(_ type: EventType) -> [CountedEvent] { events.filter { $0.type == type } }

  private func count(_ type: EventType) -> Int128 { Int128(of(type).count) }

  /// The sum, which stops at the limit of `Int64`.
  private func sum(_ values: [Int64]) -> Int128 {
    var total: Int128 = 0
    for value in values { total += Int128(value) }
    return min(total, Int128(Int64.max))
  }

  private func amount(_ type: EventType) -> Int128 { sum(of(type).map(\.facts.amountMinor)) }

  private func distinct(_ hashes: [UInt64?]) -> Int128 { Int128(DistinctCount.of(Set(hashes.compactMap { $0 }))) }

  private var buyers: Int128 { distinct(of(.paid).map(\.buyerHash)) }
  private var viewers: Int128 { distinct(events.map(\.viewerHash)) }
  private var clickers: Int128 { distinct(of(.click).map(\.viewerHash)) }
  private var watchMilliseconds: Int128 { sum(events.map(\.facts.watchMilliseconds)) }

  private func money(_ minor: Int128) -> ExactNumber { ExactNumber(minor, scale: minorDigits) }

  private var minorPerMajor: Int128 { (0..<minorDigits).reduce(1) { product, _ in product * 10 } }

  /// The published value; `nil` is `null`.
  func value(_ field: MetricField) -> ExactNumber? {
    switch field {
    case .gmv: money(amount(.paid))
    case .orders: ExactNumber(count(.paid))
    case .units: ExactNumber(sum(of(.paid).map(\.facts.quantity)))
    case .buyers: ExactNumber(buyers)
    case .views: ExactNumber(count(.enter))
    case .viewers: ExactNumber(viewers)
    case .gmvPlaced: money(amount(.placed))
    case .ordersPlaced: ExactNumber(count(.placed))
    case .refunds: money(amount(.refunded))
    case .refundOrders: ExactNumber(count(.refunded))
    case .cancelledOrders: ExactNumber(count(.cancelled))
    case .netGMV: money(amount(.paid) - amount(.refunded))
    case .impressions: ExactNumber(count(.impression))
    case .clicks: ExactNumber(count(.click))
    case .carts: ExactNumber(count(.cart))
    case .likes: ExactNumber(count(.like))
    case .comments: ExactNumber(count(.comment))
    case .shares: ExactNumber(count(.share))
    case .follows: ExactNumber(count(.follow))
    case .gifts: ExactNumber(count(.gift))
    case .clickers: ExactNumber(clickers)
    case .online: ExactNumber(distinct(events.filter { online.contains($0.ts) }.map(\.viewerHash)))
    case .watchSeconds: ExactNumber(watchMilliseconds, scale: 3)
    case .conversionRate: ExactNumber.quotient(buyers, viewers)
    case .clickRate: ExactNumber.quotient(clickers, viewers)
    case .clickConversionRate: ExactNumber.quotient(buyers, clickers)
    case .aov: ExactNumber.quotient(amount(.paid), count(.paid) * minorPerMajor)
    case .gpm: ExactNumber.quotient(amount(.paid) * 1000, count(.enter) * minorPerMajor)
    case .uvValue: ExactNumber.quotient(amount(.paid), viewers * minorPerMajor)
    case .refundRate: ExactNumber.quotient(count(.refunded), count(.paid))
    case .averageWatchSeconds: ExactNumber.quotient(watchMilliseconds, viewers * 1000)
    }
  }

  /// Every metric field of a record.
  var fields: [String: String] {
    var fields: [String: String] = [:]
    for field in MetricField.allCases { fields[field.rawValue] = value(field)?.text ?? "null" }
    return fields
  }
}
