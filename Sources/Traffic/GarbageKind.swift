/// A way to break the input contract.
public enum GarbageKind: UInt8, CaseIterable, Sendable {
  case truncatedJSON, notAnObject, byteOrderMark, loneSurrogate, deepNesting, tooLarge
  case missingType, typeNotString, unknownType
  case badTimestamp, timestampOutOfRange
  case missingSession, emptyIdentifier, longIdentifier
  case missingEventID, missingOrderID, missingBuyerID
  case badQuantity, missingAmount, negativeAmount, tooPreciseAmount, exponentAmount, badCurrency
  case missingViewerID, negativeWatchTime
  case fromFuture

  /// Every kind that a file shows. ``fromFuture`` needs the Kafka record's timestamp to be recognised: in a file it
  /// would count, and would move the watermark an hour ahead.
  public static let detectableInFiles: [GarbageKind] = allCases.filter { $0 != .fromFuture }

  /// The `reason` with which a consumer rejects it.
  public var reason: String {
    switch self {
    case .tooLarge: "too_large"
    case .truncatedJSON, .notAnObject, .byteOrderMark, .loneSurrogate, .deepNesting: "malformed_json"
    case .missingType, .missingSession, .missingEventID, .missingOrderID, .missingBuyerID, .missingAmount,
      .missingViewerID:
      "missing_field"
    case .unknownType: "unknown_type"
    case .typeNotString, .badTimestamp, .timestampOutOfRange, .emptyIdentifier, .longIdentifier, .badQuantity,
      .negativeAmount, .tooPreciseAmount, .exponentAmount, .badCurrency, .negativeWatchTime:
      "bad_field"
    case .fromFuture: "from_future"
    }
  }

  /// The type an event must have to be broken in this way; `nil` when any will do.
  var requiredType: TrafficEventType? {
    switch self {
    case .missingEventID, .missingOrderID, .missingBuyerID, .badQuantity, .missingAmount, .negativeAmount,
      .tooPreciseAmount, .exponentAmount, .badCurrency:
      .placed
    case .missingViewerID, .negativeWatchTime: .heartbeat
    default: nil
    }
  }
}
