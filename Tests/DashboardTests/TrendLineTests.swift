import Testing

@testable import Dashboard

@Suite struct TrendLineTests {
  private func point(_ seconds: Int, _ gmv: Float = 0) -> TrendLine.Point {
    TrendLine.Point(endMilliseconds: Int64(seconds) * 1000, gmv: gmv, online: 0)
  }

  @Test func theNewestPointMovesUntilItIsAStepAway() {
    var line = TrendLine(capacity: 100, stepMilliseconds: 10_000)
    for second in 0...25 { line.append(point(second, Float(second))) }
    // Points at least 10 s apart, and the newest.
    #expect(line.points == [point(0, 0), point(10, 10), point(20, 20), point(25, 25)])
    line.append(point(24, 1))
    #expect(line.points.last == point(25, 25))
  }

  @Test func aLineCoversTheWholeTimeInBoundedPoints() {
    var line = TrendLine(capacity: 120, stepMilliseconds: 10_000)
    for second in 0..<86_400 { line.append(point(second)) }
    #expect((60...120).contains(line.points.count))
    #expect(line.points.first == point(0))
    #expect(line.points.last == point(86_399))
    // 10 s doubled ten times, as 86 400 s / 120 = 720 s <= 1280 s: 10 * 2^7 = 1280.
    let gaps = zip(line.points, line.points.dropFirst()).map { $1.endMilliseconds - $0.endMilliseconds }
    #expect(gaps.allSatisfy { $0 <= 2 * 1_280_000 })
  }

  @Test func thePastIsPutBeforeTheRest() {
    var line = TrendLine(capacity: 100, stepMilliseconds: 10_000)
    line.append(point(1000))
    for second in [900, 905, 910, 995, 950] { line.insert(point(second)) }
    #expect(line.points.map(\.endMilliseconds) == [900_000, 910_000, 950_000, 1_000_000])
  }
}
