import Testing
import Traffic

@Suite struct SharesTests {
  /// Whether `count` hits of `trials` fit `share`, within five standard deviations of the binomial distribution.
  private func fits(_ count: Int, of trials: Int, share: Double) -> Bool {
    let expected = Double(trials) * share
    return abs(Double(count) - expected) <= 5 * (expected * (1 - share)).squareRoot() + 1
  }

  private func summary(_ options: TrafficOptions, events: Int) -> TrafficSummary {
    var generator = TrafficGenerator(options)
    for _ in 0..<events { _ = generator.next() }
    return generator.summary
  }

  @Test func sharesAreThoseAskedFor() throws {
    let result = summary(
      try TrafficOptions(
        sessions: 100, rate: 2_000, duplicates: 0.02, garbage: 0.01, late: 0.02, tooLate: 0.005, foreign: 0.1),
      events: 400_000)
    #expect(fits(result.garbage, of: result.events, share: 0.01))
    let valid = result.events - result.garbage - result.duplicates
    // Missing are consequences still under way when the run of 200 s ends: they are one event in four, and take up to
    // 50 s when late, 20 min when too late.
    #expect(0.018...0.0205 ~= Double(result.late) / Double(valid))
    #expect(0.0037...0.0055 ~= Double(result.tooLate) / Double(valid))
    let purchases = [TrafficEventType.placed, .paid, .cancelled, .refunded].map(result.count).reduce(0, +)
    #expect(fits(result.duplicates, of: Int(Double(purchases) * 0.975), share: 0.02))
    #expect(fits(result.foreignOrders, of: result.count(of: .placed), share: 0.1))
    #expect(TrafficEventType.allCases.map(result.count).reduce(0, +) == valid)
  }

  @Test func zeroSharesMakeNone() throws {
    let result = summary(
      try TrafficOptions(sessions: 100, rate: 2_000, duplicates: 0, garbage: 0, late: 0, tooLate: 0), events: 200_000)
    #expect(result.garbage == 0)
    #expect(result.duplicates == 0 && result.late == 0 && result.tooLate == 0 && result.foreignOrders == 0)
    #expect(result.abandoned == 0)
  }

  @Test func defaultMixIsFiveToEightPercentPurchases() throws {
    let clock = ContinuousClock()
    let began = clock.now
    let result = summary(try TrafficOptions(sessions: 1_000, rate: 5_000), events: 1_000_000)
    let elapsed = clock.now - began
    print("traffic: 1 000 000 events in \(elapsed), mean length \(Double(result.bytes) / Double(result.events)) bytes")
    let purchases = [TrafficEventType.placed, .paid, .cancelled, .refunded].map(result.count).reduce(0, +)
    #expect(50_000...80_000 ~= purchases)
    #expect(157...200 ~= result.bytes / result.events)
    #expect(result.count(of: .impression) > result.count(of: .click))
    #expect(result.count(of: .click) > result.count(of: .cart))
    #expect(result.count(of: .cart) > result.count(of: .placed))
    #expect(result.count(of: .placed) > result.count(of: .paid))
    #expect(result.count(of: .paid) > result.count(of: .refunded))
    for type in TrafficEventType.allCases { #expect(result.count(of: type) > 0, "\(type)") }
  }
}
