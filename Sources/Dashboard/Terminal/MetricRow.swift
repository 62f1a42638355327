import Foundation

/// One live record as a row of a terminal table: the texts of its fields.
public struct MetricRow: Sendable, Equatable {
  /// The fields a table can show.
  public enum Column: String, Sendable, CaseIterable {
    /// The key's values.
    case key
    /// Paid GMV, in major units.
    case gmv
    /// Paid orders.
    case orders
    /// Distinct buyers.
    case buyers
    /// Distinct viewers.
    case viewers
    /// Viewers of the last minute.
    case online
    /// Buyers per viewer.
    case conversion

    var title: String { self == .conversion ? "CONV" : rawValue.uppercased() }

    var field: StaticString {
      switch self {
      case .key: "key"
      case .gmv: "gmv"
      case .orders: "orders"
      case .buyers: "buyers"
      case .viewers: "viewers"
      case .online: "online"
      case .conversion: "conversion_rate"
      }
    }
  }

  /// The window's name.
  public let window: String
  /// The end of the window, RFC 3339.
  public let windowEnd: String
  /// The reporting currency.
  public let currency: String
  /// The key's values joined by ` / `; `platform` for the platform and `other` for what was beyond the limit of keys.
  public let name: String
  private let texts: [Column: String]
  let gmv: Double

  /// Nil where `value`, the JSON of a record of `livetally.live`, is none.
  public init?(value: [UInt8]) {
    guard let measures = Measures(value) else { return nil }
    let columns = Column.allCases
    let found = RecordFields(value).texts(of: ["window", "window_end", "currency"] + columns.map(\.field))
    guard let window = Self.string(found[0]), let windowEnd = Self.string(found[1]) else { return nil }
    self.window = window
    self.windowEnd = windowEnd
    currency = Self.string(found[2]) ?? ""
    gmv = measures.gmv
    var texts: [Column: String] = [:]
    for (column, text) in zip(columns, found.dropFirst(3)) { texts[column] = text }
    self.texts = texts
    let values = Self.values(texts[.key] ?? "{}")
    name = values.isEmpty ? "platform" : values.joined(separator: " / ")
  }

  /// The JSON text of a field; nil where it is absent or null.
  func json(_ column: Column) -> String? { texts[column].flatMap { $0 == "null" ? nil : $0 } }

  /// What a reader sees in a column.
  func text(_ column: Column) -> String {
    switch column {
    case .key: DisplayWidth.harmless(name)
    case .conversion: NumberText.percent(json(.conversion))
    default: NumberText.grouped(json(column))
    }
  }

  /// The values of a key object, in its order.
  private static func values(_ object: String) -> [String] {
    var values: [String] = []
    RecordFields(Array(object.utf8)).visit { _, value in
      values.append(string(String(decoding: value, as: UTF8.self)) ?? "other")
      return true
    }
    return values
  }

  private static func string(_ json: String?) -> String? {
    guard let json else { return nil }
    return try? JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed) as? String
  }
}
