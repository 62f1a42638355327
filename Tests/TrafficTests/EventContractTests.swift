import Foundation
import Testing
import Traffic

@Suite struct EventContractTests {
  @Test func validEventsKeepTheInputContract() throws {
    var generator = TrafficGenerator(
      try TrafficOptions(
        sessions: 300, rate: 1_000, duplicates: 0.05, garbage: 0, late: 0.01, tooLate: 0.01, foreign: 0.2))
    for _ in 0..<60_000 {
      let event = generator.next()
      let text = Data(event.bytes)
      try #require(rejectReason(text) == nil, "\(String(decoding: text, as: UTF8.self))")
      let fields = try #require(try JSONSerialization.jsonObject(with: text) as? [String: Any])
      #expect(fields["type"] as? String == event.type.name)
      #expect(fields["ts"] as? Int64 == event.eventTime)
      #expect(fields["session_id"] as? String == String(decoding: event.sessionID, as: UTF8.self))
      #expect((fields["order_id"] != nil) == (event.topic == .purchases))
      #expect(!text.contains(UInt8(ascii: "\n")) && !text.contains(0))
    }
  }

  @Test func everyKindOfGarbageIsMadeAndRejectedForItsReason() throws {
    var generator = TrafficGenerator(
      try TrafficOptions(sessions: 100, rate: 1_000, garbage: 0.3, garbageKinds: GarbageKind.allCases))
    var seen: [GarbageKind: Int] = [:]
    for _ in 0..<20_000 {
      let event = generator.next()
      guard case .garbage(let kind) = event.disposition else { continue }
      seen[kind, default: 0] += 1
      let text = Data(event.bytes)
      #expect(event.sessionID.first == UInt8(ascii: "s") && event.sessionID.count == 6)
      if kind == .fromFuture {
        let time = try #require(rawValue("ts", in: text).flatMap { Int64($0) })
        #expect(time > event.arrivalTime + 300_000)
        #expect(rejectReason(text) == nil)
      } else {
        try #require(rejectReason(text) == kind.reason, "\(kind): \(String(decoding: text.prefix(600), as: UTF8.self))")
      }
    }
    for kind in GarbageKind.allCases {
      #expect(seen[kind, default: 0] > 0, "\(kind)")
      #expect(seen[kind] == generator.summary.count(of: kind))
    }
    #expect(generator.summary.garbage == seen.values.reduce(0, +))
  }

  @Test func duplicatesRepeatAnEarlierPurchaseByteForByte() throws {
    var generator = TrafficGenerator(
      try TrafficOptions(sessions: 100, rate: 1_000, duplicates: 0.2, garbage: 0.001, late: 0.01))
    var originals: [Data: (arrival: Int64, hash: UInt64)] = [:]
    var identifiers: Set<String> = []
    for _ in 0..<200_000 {
      let event = generator.next()
      guard event.topic == .purchases else { continue }
      if case .garbage = event.disposition { continue }
      let text = Data(event.bytes)
      if event.disposition == .duplicate {
        let original = try #require(originals[text])
        #expect(original.hash == event.sessionHash)
        #expect(0...401 ~= event.arrivalTime - original.arrival)
      } else {
        originals[text] = (event.arrivalTime, event.sessionHash)
        #expect(identifiers.insert(try #require(rawValue("event_id", in: text))).inserted)
      }
    }
    #expect(generator.summary.duplicates > 1_000)
  }
}
