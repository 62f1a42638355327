/// The keys of an event's object that mean something.
///
/// The raw values are the order in which an event is checked: the lowest one that fails gives the reason.
enum EventKey: UInt8, CaseIterable {
  case type, timestamp
  case eventID, sessionID, hostID, mcnID, brandID, productID, categoryID, channel, region, orderID, buyerID, viewerID
  case quantity, amount, currency, watchMilliseconds

  /// Where ``IdentifierField`` begins.
  static var firstIdentifier: UInt8 { EventKey.eventID.rawValue }

  var jsonName: String {
    switch self {
    case .type: "type"
    case .timestamp: "ts"
    case .quantity: "quantity"
    case .amount: "amount"
    case .currency: "currency"
    case .watchMilliseconds: "watch_ms"
    default: identifier!.jsonName
    }
  }

  /// The identifier that this key holds.
  var identifier: IdentifierField? {
    rawValue < EventKey.firstIdentifier ? nil : IdentifierField(rawValue: Int(rawValue - EventKey.firstIdentifier))
  }

  /// Whether a value of this key can only be a string.
  var isText: Bool { self == .type || self == .currency || identifier != nil }
}

/// A set of ``EventKey``s.
struct EventKeySet: OptionSet {
  var rawValue: UInt32

  @inline(__always) init(rawValue: UInt32) { self.rawValue = rawValue }
  @inline(__always) init(_ key: EventKey) { rawValue = 1 << UInt32(key.rawValue) }
  init(_ fields: Set<IdentifierField>) {
    rawValue = fields.reduce(0) { $0 | 1 << UInt32(Int(EventKey.firstIdentifier) + $1.rawValue) }
  }

  /// The key that is checked first.
  var first: EventKey? { rawValue == 0 ? nil : EventKey(rawValue: UInt8(rawValue.trailingZeroBitCount)) }

  /// The keys of ``IdentifierField``.
  static var identifiers: EventKeySet {
    EventKeySet(
      rawValue: (1 << UInt32(EventKey.quantity.rawValue)) &- (1 << UInt32(EventKey.firstIdentifier)))
  }
  /// What is defined for every event.
  static var common: EventKeySet {
    EventKeySet(rawValue: (1 << UInt32(EventKey.orderID.rawValue)) &- 1)
  }
  /// What is defined for a purchase.
  static var purchase: EventKeySet {
    [
      .common, EventKeySet(.orderID), EventKeySet(.buyerID), EventKeySet(.quantity), EventKeySet(.amount),
      EventKeySet(.currency),
    ]
  }
  static var requiredOfPurchase: EventKeySet {
    [
      EventKeySet(.eventID), EventKeySet(.sessionID), EventKeySet(.orderID), EventKeySet(.buyerID),
      EventKeySet(.amount),
    ]
  }
  /// What is defined for a viewer event, but for `watch_ms`.
  static var viewer: EventKeySet { [.common, EventKeySet(.viewerID)] }
  static var requiredOfViewer: EventKeySet { [EventKeySet(.sessionID), EventKeySet(.viewerID)] }
}
