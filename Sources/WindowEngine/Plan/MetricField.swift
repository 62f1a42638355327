/// A field of a metric record.
///
/// The raw value is its JSON name; the order is the order in which a record lists them.
public enum MetricField: String, CaseIterable, Sendable {
  case gmv, orders, units, buyers, views, viewers
  case gmvPlaced = "gmv_placed"
  case ordersPlaced = "orders_placed"
  case refunds
  case refundOrders = "refund_orders"
  case cancelledOrders = "cancelled_orders"
  case netGMV = "net_gmv"
  case impressions, clicks, carts, likes, comments, shares, follows, gifts, clickers, online
  case watchSeconds = "watch_seconds"
  case conversionRate = "conversion_rate"
  case clickRate = "click_rate"
  case clickConversionRate = "click_conversion_rate"
  case aov, gpm
  case uvValue = "uv_value"
  case refundRate = "refund_rate"
  case averageWatchSeconds = "avg_watch_seconds"
}
