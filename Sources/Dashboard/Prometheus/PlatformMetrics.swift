/// The platform's current values, for business panels beside the engine's. Only the platform's: keys of other groups
/// are as many as there are broadcasts, which is no shape for Prometheus; they are in `livetally.metrics`.
enum PlatformMetrics {
  private struct Figure {
    let field: StaticString
    let name: String
    let help: String
  }

  /// Gauges, although some only rise: each belongs to a window, and begins anew with it.
  private static let figures = [
    Figure(field: "gmv", name: "gmv", help: "Paid GMV, in major units of the reporting currency."),
    Figure(field: "net_gmv", name: "net_gmv", help: "Paid GMV less refunds, in major units."),
    Figure(field: "refunds", name: "refunds", help: "Refunds, in major units."),
    Figure(field: "orders", name: "orders", help: "Paid orders."),
    Figure(field: "buyers", name: "buyers", help: "Distinct buyers."),
    Figure(field: "viewers", name: "viewers", help: "Distinct viewers."),
    Figure(field: "online", name: "online_viewers", help: "Distinct viewers of the last minute."),
    Figure(field: "impressions", name: "impressions", help: "Product impressions."),
    Figure(field: "clicks", name: "clicks", help: "Product clicks."),
    Figure(field: "carts", name: "carts", help: "Additions to carts."),
    Figure(field: "conversion_rate", name: "conversion_ratio", help: "Buyers per viewer."),
    Figure(field: "refund_rate", name: "refund_ratio", help: "Refunded orders per paid order."),
  ]

  /// How far the platform's window may end before those of other keys, ms. Every event belongs to the platform: where
  /// others go on and it does not, its shard has gone to another instance.
  private static let toleranceMilliseconds: Int64 = 10_000

  /// The figures of each window that has a current platform record here.
  static func list(_ board: LiveBoard) -> [EngineMetric] {
    let records = board.read { state in
      state.windowInfos.compactMap { info -> (String, BoardSection.Entry)? in
        guard let entry = state.platform(info.name) else { return nil }
        let newest =
          state.sections.filter { $0.window == info.name }
          .map { $0.entries.reduce(Int64.min) { max($0, $1.endMilliseconds) } }.max() ?? .min
        return newest > entry.endMilliseconds + toleranceMilliseconds ? nil : (info.name, entry)
      }
    }
    var metrics: [EngineMetric] = []
    for (window, entry) in records {
      let texts = RecordFields(entry.value).texts(of: figures.map(\.field) + ["currency"])
      let currency = texts.last.flatMap { $0 }.map { $0.filter { $0 != "\"" } } ?? ""
      for (figure, text) in zip(figures, texts) {
        // A quotient by zero is null, and has no sample.
        guard let value = text.flatMap(Double.init) else { continue }
        metrics.append(
          .gauge(
            "livetally_platform_\(figure.name)", figure.help, value, ["window": window, "currency": currency]))
      }
      metrics.append(
        .gauge(
          "livetally_platform_window_end_timestamp_seconds", "End of the window shown, since the epoch.",
          Double(entry.endMilliseconds) / 1000, ["window": window, "currency": currency]))
    }
    return metrics
  }
}
