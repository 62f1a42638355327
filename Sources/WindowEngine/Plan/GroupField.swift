import LiveEvents

/// A field of an event by which metrics can be grouped.
public enum GroupField: UInt8, CaseIterable, Sendable {
  case sessionID, hostID, mcnID, brandID, productID, categoryID, channel, region, currency

  /// The name in configuration and in metric records, e.g. `host_id`.
  public var name: String { identifier?.jsonName ?? "currency" }

  /// The identifier that gives the value; `nil` for `currency`, which is a purchase's own ISO 4217 code.
  public var identifier: IdentifierField? {
    switch self {
    case .sessionID: .sessionID
    case .hostID: .hostID
    case .mcnID: .mcnID
    case .brandID: .brandID
    case .productID: .productID
    case .categoryID: .categoryID
    case .channel: .channel
    case .region: .region
    case .currency: nil
    }
  }

  /// The field called `name` in configuration, or `nil` if there is none.
  public init?(name: String) {
    guard let field = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = field
  }
}

/// A grouping set: the fields whose values together make a key. The empty set is the whole platform.
public struct Grouping: Hashable, Sendable, CustomStringConvertible {
  /// The fields, in the order in which they are configured and published.
  public let fields: [GroupField]

  public init(_ fields: [GroupField]) { self.fields = fields }

  /// The fields as configuration writes them, e.g. `[session_id, product_id]`.
  public var description: String { "[" + fields.map(\.name).joined(separator: ", ") + "]" }
}
