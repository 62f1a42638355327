import Foundation
import Synchronization

/// The local calendar days of one time zone, found by looking at every minute.
struct LocalDays {
  private let name: String
  private let zone: TimeZone

  /// `nil` where `name` is no IANA time zone that Foundation knows.
  init?(_ name: String) {
    guard let zone = TimeZone(identifier: name) else { return nil }
    self.name = name
    self.zone = zone
  }

  private struct Day: Hashable {
    var zone: String
    var number: Int64
  }

  // Looking at every minute is slow; the same few days come up again and again.
  private static let known = Mutex<[Day: Int64]>([:])

  /// The local day that holds `ts`: from the first instant of a local date to the first instant of the next date
  /// that exists; in milliseconds.
  ///
  /// Where clocks go back over midnight, the minutes of the old date that come again belong to the new day, which
  /// had already begun.
  func day(holding ts: Int64) -> Range<Int64> {
    let date = localDate(floorDivide(ts, 1000))
    let starts = Set((date - 2...date + 3).map(firstInstant)).sorted()
    let index = starts.lastIndex { $0 * 1000 <= ts }!
    return starts[index] * 1000..<starts[index + 1] * 1000
  }

  private func localDate(_ second: Int64) -> Int64 {
    let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))
    return floorDivide(second + Int64(offset), 86_400)
  }

  /// The first second whose local date is `date` or later (so that a skipped date gives the next one's beginning).
  private func firstInstant(_ date: Int64) -> Int64 {
    let day = Day(zone: name, number: date)
    if let second = Self.known.withLock({ $0[day] }) { return second }
    // No zone is more than 15 hours ahead.
    var second = date * 86_400 - 16 * 3_600
    while localDate(second) < date { second += 60 }
    while localDate(second - 1) >= date { second -= 1 }
    Self.known.withLock { $0[day] = second }
    return second
  }
}
