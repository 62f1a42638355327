import LiveEvents
import WindowEngine

extension EnginePlan {
  /// Seven groups in a minute that slides by ten seconds, in panes of ten.
  static func sevenGroups() -> EnginePlan {
    let fields: [[GroupField]] = [[], [.sessionID], [.hostID], [.productID], [.channel], [.brandID], [.categoryID]]
    var time = TimePolicy()
    time.pane = 10_000
    return EnginePlan(
      time: time,
      windows: [WindowDefinition(name: "1m", kind: .sliding(size: 60_000, slide: 10_000))],
      groups: fields.map(Grouping.init), currency: CurrencyCode("CNY")!)
  }

  /// The job that other engines were measured with: per session, a minute that slides by ten seconds, in panes of ten.
  static func perSession(minutes: Int64 = 1) -> EnginePlan {
    var time = TimePolicy()
    time.pane = 10_000
    return EnginePlan(
      time: time,
      windows: [WindowDefinition(name: "\(minutes)m", kind: .sliding(size: minutes * 60_000, slide: 10_000))],
      groups: [Grouping([.sessionID])], currency: CurrencyCode("CNY")!)
  }

  var policy: DecodingPolicy {
    DecodingPolicy(
      reportingCurrency: CurrencyCode("CNY")!, rates: [:], maxFutureMilliseconds: time.maxFuture,
      hashed: hashedIdentifiers)
  }
}
