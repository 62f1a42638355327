import Testing

@testable import Oracle

/// Each expected day is written with the offsets that were in force.
@Suite struct LocalDaysTests {
  private func instant(_ text: String) -> Int64 { CalendarText.milliseconds(rfc3339: Array(text.utf8))! }

  @Test(arguments: [
    ("UTC", "2020-06-16T23:59:59.999Z", "2020-06-16T00:00:00Z", "2020-06-17T00:00:00Z"),
    ("Asia/Shanghai", "2020-06-16T00:00:00+08:00", "2020-06-16T00:00:00+08:00", "2020-06-17T00:00:00+08:00"),
    ("Asia/Kathmandu", "2021-02-28T12:00:00+05:45", "2021-02-28T00:00:00+05:45", "2021-03-01T00:00:00+05:45"),
    // 23 hours, then 25.
    ("Europe/Berlin", "2020-03-29T12:00:00+02:00", "2020-03-29T00:00:00+01:00", "2020-03-30T00:00:00+02:00"),
    ("Europe/Berlin", "2020-10-25T02:30:00+01:00", "2020-10-25T00:00:00+02:00", "2020-10-26T00:00:00+01:00"),
    ("America/New_York", "2021-11-07T12:00:00-05:00", "2021-11-07T00:00:00-04:00", "2021-11-08T00:00:00-05:00"),
    // The day begins at 01:00, because clocks go from 00:00 to 01:00.
    ("America/Sao_Paulo", "2018-11-04T05:00:00-02:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"),
    ("America/Sao_Paulo", "2018-11-03T23:59:59-03:00", "2018-11-03T00:00:00-03:00", "2018-11-04T00:00:00-03:00"),
    // At midnight clocks go back to 23:00 of the same date, which so has 25 hours.
    ("America/Sao_Paulo", "2018-02-17T23:30:00-03:00", "2018-02-17T00:00:00-02:00", "2018-02-18T00:00:00-03:00"),
    // At 00:01 clocks go back to 23:01 of the old date, when the new one had already begun.
    ("America/St_Johns", "2010-11-06T23:59:59-02:30", "2010-11-06T00:00:00-02:30", "2010-11-07T00:00:00-02:30"),
    ("America/St_Johns", "2010-11-06T23:30:00-03:30", "2010-11-07T00:00:00-02:30", "2010-11-08T00:00:00-03:30"),
    // 2011-12-30 was skipped: the 29th ends where the 31st begins.
    ("Pacific/Apia", "2011-12-29T23:00:00-10:00", "2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00"),
    ("Pacific/Apia", "2011-12-31T00:00:00+14:00", "2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"),
  ])
  func dayRunsFromFirstInstantToFirstInstant(_ zone: String, _ ts: String, _ start: String, _ end: String) throws {
    let days = try #require(LocalDays(zone))
    #expect(days.day(holding: instant(ts)) == instant(start)..<instant(end))
  }
}
