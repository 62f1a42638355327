/// A metric of a record by which keys can be ranked.
struct MetricName: Hashable, Sendable {
  let text: StaticString

  private static let names: [StaticString] = [
    "gmv", "orders", "units", "buyers", "views", "viewers", "gmv_placed", "orders_placed", "refunds", "refund_orders",
    "cancelled_orders", "net_gmv", "impressions", "clicks", "carts", "likes", "comments", "shares", "follows", "gifts",
    "clickers", "online", "watch_seconds", "conversion_rate", "click_rate", "click_conversion_rate", "aov", "gpm",
    "uv_value", "refund_rate", "avg_watch_seconds",
  ]
  private static let byName = Dictionary(uniqueKeysWithValues: names.map { ("\($0)", MetricName(text: $0)) })

  static let gmv = byName["gmv"]!
  static var allNames: [String] { names.map { "\($0)" } }

  private init(text: StaticString) { self.text = text }

  /// Nil where metric records have no such number.
  init?(_ name: String) {
    guard let known = Self.byName[name] else { return nil }
    self = known
  }

  static func == (a: MetricName, b: MetricName) -> Bool { a.text.utf8Start == b.text.utf8Start }
  func hash(into hasher: inout Hasher) { hasher.combine(text.utf8Start) }
}
