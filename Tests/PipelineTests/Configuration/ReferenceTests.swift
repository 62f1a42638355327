import Foundation
import Testing

@testable import Pipeline

/// The reference is written by hand; these keep it true.
@Suite struct ReferenceTests {
  private let reference: String

  init() throws {
    let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .appending(path: "../../..")
    reference = try String(contentsOf: root.appending(path: "docs/reference/configuration.md"), encoding: .utf8)
  }

  @Test func itsFileIsWhatHoldsWithoutIt() throws {
    let yaml = try #require(reference.components(separatedBy: "```yaml\n").dropFirst().first)
    var expected = Configuration()
    expected.kafka["bootstrap.servers"] = "broker-1:9092"
    expected.rates = ["USD": "7.10"]
    #expect(try load(yaml.components(separatedBy: "```")[0], purpose: .run) == expected)
  }

  @Test(arguments: ConfigurationKeys.values + ConfigurationKeys.collections.map { [$0] })
  func itNamesEveryVariable(path: [String]) {
    #expect(reference.contains("`\(EnvironmentOverrides.name(path))`"))
  }

  @Test(arguments: ConfigurationKeys.time.map { ($0.key, $0.range) })
  func itGivesEveryRangeOfTime(key: String, range: ClosedRange<Int64>) throws {
    let row = try #require(reference.components(separatedBy: "\n").first { $0.hasPrefix("| `\(key)` |") })
    let least = range.lowerBound == 0 ? "0" : DurationText.format(range.lowerBound)
    #expect(row.contains("| \(least)...\(DurationText.format(range.upperBound))"))
    #expect(row.contains("`LIVETALLY_TIME_\(key.uppercased())`"))
  }
}
