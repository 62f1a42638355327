import WindowEngine

@testable import Oracle

/// Midnight of 2020-06-16 UTC: 18 429 days after the epoch.
let midnight: Int64 = 18_429 * 86_400_000

/// A hash for tests: FNV-1a with SplitMix64's finaliser.
func testHash(_ bytes: [UInt8]) -> UInt64 {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
  var generator = SplitMix64(seed: hash)
  return generator.next()
}

func line(_ json: String) -> OracleInput { OracleInput(bytes: Array(json.utf8)) }

/// A viewer event `seconds` after ``midnight``.
func viewer(_ type: String, _ id: String, at seconds: Double, _ more: String = "") -> OracleInput {
  let ts = midnight + Int64(seconds * 1000)
  return line(
    #"{"type":"\#(type)","viewer_id":"\#(id)","session_id":"s","ts":\#(ts)\#(more.isEmpty ? "" : ",")\#(more)}"#)
}

/// A purchase `seconds` after ``midnight``.
func purchase(_ type: String, _ id: String, _ amount: String, at seconds: Double, _ more: String = "") -> OracleInput {
  let ts = midnight + Int64(seconds * 1000)
  return line(
    #"{"type":"\#(type)","event_id":"\#(id)","order_id":"o","buyer_id":"b-\#(id)","session_id":"s","ts":\#(ts),"#
      + #""amount":\#(amount)\#(more.isEmpty ? "" : ",")\#(more)}"#)
}

func plan(
  _ kind: WindowDefinition.Kind, groups: [Grouping] = [Grouping([])], leaderboards: [LeaderboardDefinition] = [],
  time: TimePolicy = TimePolicy()
) -> OraclePlan {
  OraclePlan(
    time: time, windows: [WindowDefinition(name: "w", kind: kind)], groups: groups, leaderboards: leaderboards)
}

func run(_ plan: OraclePlan, _ partitions: [OracleInput]...) -> OracleResult {
  Oracle(plan: plan, hash: testHash).run(partitions)
}

extension OracleResult {
  /// The records of one Kafka key, by the end of their window.
  func records(_ key: String) -> [OracleRecord] {
    records.filter { $0.key == key }.sorted { ($0.windowStart, $0.windowEnd) < ($1.windowStart, $1.windowEnd) }
  }

  /// For each record of `key`, the seconds from ``midnight`` to the window's end, and the value of `field`.
  func series(_ key: String, _ field: String) -> [String] {
    records(key).map { "\(($0.windowEnd - midnight) / 1000): \($0.fields[field] ?? "absent")" }
  }
}
