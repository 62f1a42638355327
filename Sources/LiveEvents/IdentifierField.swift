/// The text fields of an event, in the order in which the contract checks them.
///
/// The raw value is the field's slot in ``Event``'s identifier table.
public enum IdentifierField: Int, CaseIterable, Sendable {
  case eventID, sessionID, hostID, mcnID, brandID, productID, categoryID, channel, region
  case orderID, buyerID, viewerID

  /// The key of this field in an event's JSON object.
  public var jsonName: String {
    switch self {
    case .eventID: "event_id"
    case .sessionID: "session_id"
    case .hostID: "host_id"
    case .mcnID: "mcn_id"
    case .brandID: "brand_id"
    case .productID: "product_id"
    case .categoryID: "category_id"
    case .channel: "channel"
    case .region: "region"
    case .orderID: "order_id"
    case .buyerID: "buyer_id"
    case .viewerID: "viewer_id"
    }
  }
}
