import Foundation
import Testing

@testable import WindowEngine

@Suite struct DayCalendarTests {
  private func instant(_ text: String) -> Int64 {
    let format = ISO8601DateFormatter()
    return Int64(format.date(from: text)!.timeIntervalSince1970) * 1000
  }

  private func expectDay(_ zone: String, at: String, from: String, to: String, hours: Double) {
    var calendar = DayCalendar(timeZone: zone)!
    let day = calendar.day(containing: instant(at))
    #expect(day.start == instant(from), "\(zone) \(at)")
    #expect(day.end == instant(to), "\(zone) \(at)")
    #expect(Double(day.end - day.start) == hours * 3_600_000, "\(zone) \(at)")
    // The neighbours meet without a gap.
    #expect(calendar.day(containing: day.start - 1).end == day.start)
    #expect(calendar.day(containing: day.end).start == day.end)
    #expect(calendar.day(containing: day.end - 1) == day)
  }

  @Test func ordinaryDaysHave24Hours() {
    expectDay(
      "Asia/Shanghai", at: "2020-06-16T15:59:59Z", from: "2020-06-15T16:00:00Z", to: "2020-06-16T16:00:00Z", hours: 24)
    expectDay("UTC", at: "1970-01-01T00:00:00Z", from: "1970-01-01T00:00:00Z", to: "1970-01-02T00:00:00Z", hours: 24)
  }

  @Test func daysOfClockChangesHave23Or25Hours() {
    expectDay(
      "Europe/Berlin", at: "2020-03-29T10:00:00Z", from: "2020-03-28T23:00:00Z", to: "2020-03-29T22:00:00Z", hours: 23)
    expectDay(
      "America/New_York", at: "2020-11-01T12:00:00Z", from: "2020-11-01T04:00:00Z", to: "2020-11-02T05:00:00Z",
      hours: 25)
  }

  @Test func aSkippedMidnightBeginsTheDayAtOne() {
    // Brazil 2018-11-04: 00:00 -03 became 01:00 -02.
    expectDay(
      "America/Sao_Paulo", at: "2018-11-04T12:00:00Z", from: "2018-11-04T03:00:00Z", to: "2018-11-05T02:00:00Z",
      hours: 23)
  }

  @Test func aRepeatedHourBeforeMidnightBelongsToTheOldDay() {
    // Brazil 2018-02-18: at 00:00 -02 clocks went back to 23:00 -03 of the 17th.
    expectDay(
      "America/Sao_Paulo", at: "2018-02-18T02:30:00Z", from: "2018-02-17T02:00:00Z", to: "2018-02-18T03:00:00Z",
      hours: 25)
  }

  @Test func minutesThatComeTwiceAfterMidnightBelongToTheNewDay() {
    // Newfoundland 2010-11-07: at 00:01 -02:30 clocks went back to 23:01 -03:30 of the 6th.
    expectDay(
      "America/St_Johns", at: "2010-11-07T03:00:00Z", from: "2010-11-07T02:30:00Z", to: "2010-11-08T03:30:00Z",
      hours: 25)
  }

  @Test func aDateThatWasSkippedHasNoDay() {
    // Samoa went from the 29th to the 31st of December 2011.
    expectDay(
      "Pacific/Apia", at: "2011-12-30T09:59:59Z", from: "2011-12-29T10:00:00Z", to: "2011-12-30T10:00:00Z", hours: 24)
    expectDay(
      "Pacific/Apia", at: "2011-12-30T10:00:00Z", from: "2011-12-30T10:00:00Z", to: "2011-12-31T10:00:00Z", hours: 24)
  }
}
