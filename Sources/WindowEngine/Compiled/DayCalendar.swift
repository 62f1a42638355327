import Foundation

/// The local calendar days of a time zone as intervals of event time.
///
/// A day lasts from the first instant of its local date to that of the next date that exists; so it has 23, 24 or 25
/// hours, may begin at 01:00 where clocks skip midnight, and a date that a zone skipped altogether has no day.
/// Looked up once per pane, not per event.
public struct DayCalendar: Sendable {
  /// A day, [start, end), ms since the epoch.
  public struct Day: Hashable, Sendable {
    public let start: Int64
    public let end: Int64
  }

  private static let dayLength: Int64 = 86_400_000
  /// No zone's offset from UTC exceeds 26 h, the width of the range -12 h ... +14 h.
  private static let reach: Int64 = 26 * 3_600_000

  private let zone: TimeZone
  /// The days looked up last: around midnight two are in use.
  private var last: Day?
  private var lastButOne: Day?

  /// The days of the IANA zone `identifier`, or `nil` if there is none of that name.
  public init?(timeZone identifier: String) {
    guard let zone = TimeZone(identifier: identifier) else { return nil }
    self.zone = zone
  }

  /// The day that contains `timestamp`, ms since the epoch.
  public mutating func day(containing timestamp: Int64) -> Day {
    if let last, last.start <= timestamp, timestamp < last.end { return last }
    if let lastButOne, lastButOne.start <= timestamp, timestamp < lastButOne.end {
      swap(&last, &self.lastButOne)
      return lastButOne
    }
    let day = findDay(containing: timestamp)
    lastButOne = last
    last = day
    return day
  }

  private func findDay(containing timestamp: Int64) -> Day {
    // Clocks that are set back across midnight make a date come twice: it belongs to the day that had begun first.
    var date = localDate(timestamp) + 1
    var start = firstInstant(of: date)
    while start == nil || start! > timestamp {
      date -= 1
      start = firstInstant(of: date)
    }
    var next = date + 1
    var end = firstInstant(of: next)
    while end == nil {
      next += 1
      end = firstInstant(of: next)
    }
    return Day(start: start!, end: end!)
  }

  /// Days since the epoch on the local calendar.
  private func localDate(_ timestamp: Int64) -> Int64 { floorDivide(timestamp + offset(timestamp), Self.dayLength) }

  private func offset(_ timestamp: Int64) -> Int64 {
    let seconds = floorDivide(timestamp, 1000)
    return Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))) * 1000
  }

  /// The first instant whose local date is `date`, or `nil` where the zone skipped that date.
  private func firstInstant(of date: Int64) -> Int64? {
    let midnight = date * Self.dayLength
    var from = midnight - Self.reach
    let until = midnight + Self.reach + Self.dayLength
    // Between two changes of the offset local time runs evenly, so the first instant is a midnight or a change.
    while from < until {
      let to = nextChange(after: from, until: until)
      let candidate = max(from, midnight - offset(from))
      if candidate < to && localDate(candidate) == date { return candidate }
      from = to
    }
    return nil
  }

  /// The first instant after `from` at which the offset changes, or `until`.
  private func nextChange(after from: Int64, until: Int64) -> Int64 {
    // No zone has changed its offset twice within half an hour.
    let step: Int64 = 1_800_000
    let before = offset(from)
    var low = from
    while low < until {
      let high = min(low + step, until)
      if offset(high) != before {
        var (a, b) = (low, high)
        while b - a > 1 {
          let middle = a + (b - a) / 2
          if offset(middle) == before { a = middle } else { b = middle }
        }
        return b
      }
      low = high
    }
    return until
  }
}

/// The quotient rounded towards negative infinity; `divisor` is positive.
@inlinable @inline(__always)
package func floorDivide(_ dividend: Int64, _ divisor: Int64) -> Int64 {
  let quotient = dividend / divisor
  return dividend % divisor < 0 ? quotient - 1 : quotient
}
