import Testing
import Traffic

@Suite struct ArrivalTests {
  @Test func arrivalNeverGoesBackAndFollowsTheRate() throws {
    let options = try TrafficOptions(sessions: 100, rate: 2_000)
    var generator = TrafficGenerator(options)
    var latest = options.start
    for _ in 0..<100_000 {
      let event = generator.next()
      #expect(event.arrivalTime >= latest)
      latest = event.arrivalTime
    }
    // The last of n events comes (n - 1) / rate seconds after the first.
    #expect(latest == options.start + 49_999)
  }

  @Test(arguments: [100_000.0, 1_000, 20]) func withoutLateEventsNoneIsFiveSecondsBehind(rate: Double) throws {
    var generator = TrafficGenerator(
      try TrafficOptions(sessions: 20, rate: rate, duplicates: 0.01, garbage: 0, late: 0, tooLate: 0))
    var newest: [TrafficTopic: Int64] = [:]
    var outOfOrder = 0
    var farBehind = 0
    for _ in 0..<100_000 {
      let event = generator.next()
      #expect(event.eventTime <= event.arrivalTime)
      if let time = newest[event.topic] {
        #expect(time - event.eventTime < 5_000)
        if event.eventTime < time { outOfOrder += 1 }
        if event.eventTime < time - 2_000 { farBehind += 1 }
      }
      newest[event.topic] = max(newest[event.topic] ?? 0, event.eventTime)
    }
    #expect(outOfOrder > 20_000)
    #expect(farBehind < 10_000)
  }

  @Test func lateAndTooLateEventsAreSoByTheDefaultTimePolicy() throws {
    var generator = TrafficGenerator(
      try TrafficOptions(sessions: 100, rate: 2_000, garbage: 0, late: 0.01, tooLate: 0.01))
    // One watermark per topic, as with one partition each: newest time less 5 s.
    var watermark: [TrafficTopic: Int64] = [:]
    for number in 0..<200_000 {
      let event = generator.next()
      let behind = (watermark[event.topic] ?? 0) - event.eventTime
      let paneEnd = (event.eventTime / 1_000 + 1) * 1_000
      let isTooLate = paneEnd + 60_000 <= (watermark[event.topic] ?? 0)
      // The first second has no watermark yet on both topics.
      if number > 10_000 {
        switch event.disposition {
        case .late: #expect(behind > 0 && !isTooLate)
        case .tooLate: #expect(isTooLate)
        default: #expect(behind <= 0)
        }
      }
      if !isTooLate { watermark[event.topic] = max(watermark[event.topic] ?? 0, event.eventTime - 5_000) }
    }
    #expect(generator.summary.late > 1_000 && generator.summary.tooLate > 1_000)
  }
}
