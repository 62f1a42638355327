/// What a generator has made so far: the truth against which a consumer's counts can be checked.
public struct TrafficSummary: Equatable, Sendable {
  /// All events, whatever their disposition.
  public internal(set) var events = 0
  /// Their length in bytes, without newlines.
  public internal(set) var bytes = 0
  /// Purchases that repeat an earlier one; not in ``count(of:)``.
  public internal(set) var duplicates = 0
  /// Valid events that arrived 8 to 50 s after they happened; also in ``count(of:)``.
  public internal(set) var late = 0
  /// Valid events that arrived 90 s or more after they happened; also in ``count(of:)``.
  public internal(set) var tooLate = 0
  /// Orders placed in a foreign currency.
  public internal(set) var foreignOrders = 0
  /// Sum of `amount` over `paid` in the default currency, without duplicates and too late ones, in minor units (fen).
  public internal(set) var paidMinor: Int64 = 0
  /// Sum of `amount` over `refunded`, on the same terms as ``paidMinor``.
  public internal(set) var refundedMinor: Int64 = 0
  /// Broadcasts that went on air, with those that were on air at the start.
  public internal(set) var broadcastsStarted = 0
  /// Broadcasts that ended.
  public internal(set) var broadcastsEnded = 0
  /// Flash sales that began.
  public internal(set) var flashSales = 0
  /// Later events that did not happen because ``TrafficOptions/plannedLimit`` was reached.
  public internal(set) var abandoned = 0

  var typeCounts = [Int](repeating: 0, count: TrafficEventType.allCases.count)
  var garbageCounts = [Int](repeating: 0, count: GarbageKind.allCases.count)

  /// Valid events of `type`, each once, late and too late ones included.
  public func count(of type: TrafficEventType) -> Int { typeCounts[Int(type.rawValue)] }

  /// Events broken in the way of `kind`.
  public func count(of kind: GarbageKind) -> Int { garbageCounts[Int(kind.rawValue)] }

  /// All broken events.
  public var garbage: Int { garbageCounts.reduce(0, +) }
}

extension TrafficSummary {
  mutating func record(_ draft: EventDraft, _ disposition: GeneratedEvent.Disposition, byteCount: Int) {
    events += 1
    bytes += byteCount
    switch disposition {
    case .duplicate:
      duplicates += 1
      return
    case .garbage(let kind):
      garbageCounts[Int(kind.rawValue)] += 1
      return
    case .late: late += 1
    case .tooLate: tooLate += 1
    case .onTime: break
    }
    typeCounts[Int(draft.type.rawValue)] += 1
    let isForeign = draft.traits.contains(.foreign)
    if isForeign, draft.type == .placed { foreignOrders += 1 }
    if !isForeign, disposition != .tooLate {
      if draft.type == .paid { paidMinor += Int64(draft.amountMinor) }
      if draft.type == .refunded { refundedMinor += Int64(draft.amountMinor) }
    }
  }
}
