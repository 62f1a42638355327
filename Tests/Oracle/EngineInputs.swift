import LiveEvents
import WindowEngine

extension EnginePlan {
  /// The engine's plan for the same computation.
  public init(_ plan: OraclePlan) {
    self.init(
      time: plan.time, windows: plan.windows, groups: plan.groups, leaderboards: plan.leaderboards,
      currency: CurrencyCode(plan.currency)!, maxKeys: plan.maxKeys)
  }
}

extension DecodingPolicy {
  /// The engine's decoding for the same computation.
  public init(_ plan: OraclePlan, _ engine: EnginePlan) {
    self.init(
      reportingCurrency: CurrencyCode(plan.currency)!,
      rates: Dictionary(
        uniqueKeysWithValues: plan.rates.map { (CurrencyCode($0.key)!, ConversionRate($0.value)!) }),
      maxFutureMilliseconds: plan.time.maxFuture, hashed: engine.hashedIdentifiers)
  }
}
