import LiveEvents
import WindowEngine

/// What the engine needs, made from a validated configuration.
public struct EngineSetup: Sendable {
  public let plan: EnginePlan
  public let policy: DecodingPolicy

  package init(plan: EnginePlan, policy: DecodingPolicy) {
    self.plan = plan
    self.policy = policy
  }

  public init(_ configuration: Configuration) {
    // Validation has made sure that the codes and rates are good.
    guard let currency = CurrencyCode(configuration.currency) else {
      preconditionFailure("currency \(configuration.currency) was not validated")
    }
    plan = EnginePlan(
      time: configuration.time, windows: configuration.windows, groups: configuration.groups,
      leaderboards: configuration.leaderboards, currency: currency, maxKeys: configuration.limits.maxKeys,
      stateDescription: configuration.planDescription)
    var rates: [CurrencyCode: ConversionRate] = [:]
    for (code, rate) in configuration.rates {
      guard let code = CurrencyCode(code), let rate = ConversionRate(rate) else {
        preconditionFailure("the rate of \(code) was not validated")
      }
      rates[code] = rate
    }
    policy = DecodingPolicy(
      reportingCurrency: currency, rates: rates, maxFutureMilliseconds: configuration.time.maxFuture,
      hashed: plan.hashedIdentifiers)
  }
}
