import Testing
import WindowEngine

@testable import Oracle

@Suite struct ComparisonTests {
  private let records: [OracleRecord]
  private let lines: [String]

  init() {
    let board = LeaderboardDefinition(name: "top", window: "w", group: Grouping([.hostID]), by: .gmv, size: 5)
    records =
      run(
        plan(.sliding(size: 1_000, slide: 1_000), groups: [Grouping([.hostID])], leaderboards: [board]),
        [purchase("paid", "e", "12.5", at: 0, #""host_id":"\u00e9""#)]
      ).records
    lines = records.map(Self.json)
  }

  /// The record as the engine writes it: money with its minor digits, `final` and `revision`.
  private static func json(_ record: OracleRecord) -> String {
    let texts = ["window", "window_start", "window_end", "currency", "leaderboard", "by"]
    let members = record.fields.sorted { $0.key > $1.key }.map { name, value in
      if texts.contains(name) { return "\"\(name)\":\"\(value)\"" }
      return "\"\(name)\": \(value == "12.5" ? "12.50" : value)"
    }
    return "{" + members.joined(separator: ", ") + #","final":true,"revision":3}"#
  }

  private func differences(_ lines: [String]) -> [String] {
    compare(engineNDJSON: Array(lines.joined(separator: "\n").utf8), oracle: records)
  }

  @Test func equalOutputHasNoDifferences() {
    #expect(lines.count == 4)
    #expect(differences(lines) == [])
    #expect(differences(lines.reversed()) == [])
  }

  @Test func missingAdditionalAndRepeatedRecordsAreNamed() {
    #expect(differences(Array(lines.dropFirst())).count == 1)
    #expect(differences(lines + [lines[0]]).map { $0.hasSuffix("written twice") } == [true])
    let other = lines[0].replacing("00:00:0", with: "00:09:0")
    #expect(differences(lines + [other]).map { $0.hasSuffix("not expected") } == [true])
    #expect(differences(lines + ["?"]).count == 1)
  }

  @Test func aDifferentFieldIsNamed() {
    let index = lines.firstIndex { $0.contains("\"gmv\": 12.50") }!
    var wrong = lines
    wrong[index] = lines[index].replacing("\"gmv\": 12.50", with: "\"gmv\": 12.51")
    #expect(differences(wrong).map { $0.hasSuffix("gmv is 12.51, expected 12.5") } == [true])
    wrong[index] = lines[index].replacing("\"gmv\": 12.50, ", with: "")
    #expect(differences(wrong).map { $0.hasSuffix("gmv is absent, expected 12.5") } == [true])
    wrong[index] = lines[index].replacing("\"final\":true", with: "\"final\":false,\"extra\":1")
    #expect(differences(wrong).count == 2)
  }

  @Test func canonicallyEquivalentKeysDiffer() {
    let wrong = lines.map { $0.replacing("{\"host_id\":\"\u{E9}\"}", with: "{\"host_id\":\"e\u{301}\"}") }
    #expect(differences(wrong).isEmpty == false)
  }
}
