import Testing
import WindowEngine

@testable import Pipeline

@Suite struct GroupTests {
  private let session = "windows: [{name: w, kind: session, gap: 1m}]"

  /// `count` different groups of 1...3 fields, as YAML.
  private func groups(_ count: Int) -> [String] {
    let names = GroupField.allCases.map(\.name)
    let one = names.map { "[\($0)]" }
    let two = names.indices.flatMap { i in names[(i + 1)...].map { "[\(names[i]), \($0)]" } }
    return Array((one + two).prefix(count))
  }

  @Test func everyFieldCanBeUsed() throws {
    let all = "[session_id, host_id, mcn_id, brand_id, product_id, category_id, channel, region, currency]"
    #expect(try load("groups: [\(all)]").groups == [Grouping(GroupField.allCases)])
  }

  @Test func aGroupMayBeListedByOneWindowAlone() throws {
    let configuration = try load("groups: [[]]\nwindows: [{name: w, kind: session, gap: 1m, groups: [[region]]}]")
    #expect(configuration.groups == [Grouping([])])
    #expect(configuration.windows[0].groups == [Grouping([.region])])
  }

  @Test(arguments: [
    ("[[hosts]]", ":11: groups[0][0]: \"hosts\" is no group field; allowed: session_id, host_id,"),
    ("[[host_di]]", ":11: groups[0][0]: \"host_di\" is no group field; did you mean \"host_id\"?"),
    ("[[order_id]]", ":11: groups[0][0]: \"order_id\" is no group field;"),
    ("[[host_id, host_id]]", ":20: groups[0][1]: the field host_id is in this group already"),
    ("[[], []]", ":14: groups[1]: the group [] repeats []; each stands once"),
    ("[[channel], [channel]]", ":21: groups[1]: the group [channel] repeats [channel]; each stands once"),
    (
      "[[channel, region], [region, channel]]",
      ":29: groups[1]: the group [region, channel] repeats [channel, region]; each stands once"
    ),
  ])
  func mistakesOfGroups(groups: String, expected: String) {
    let lines = mistakes("groups: \(groups)\n\(session)")
    #expect(lines.count == 1)
    #expect(lines.first?.hasPrefix("test.yaml:1\(expected)") ?? false, "\(lines)")
  }

  @Test func groupsOfAWindowFollowTheSameRules() {
    #expect(
      mistakes("windows: [{name: w, kind: session, gap: 1m, groups: [[region], [region]]}]") == [
        "test.yaml:1:64: windows[0].groups[1]: the group [region] repeats [region]; each stands once"
      ])
  }

  @Test func thereAreAtMost32DifferentGroupsInAll() {
    let all = groups(33)
    func yaml(common: some Sequence<String>, own: some Sequence<String>) -> String {
      """
      groups: [\(common.joined(separator: ", "))]
      windows:
        - {name: w, kind: session, gap: 1m}
        - {name: v, kind: session, gap: 1m, groups: [\(own.joined(separator: ", "))]}
      """
    }
    #expect(mistakes(yaml(common: all[..<32], own: all[..<1])).isEmpty)
    #expect(mistakes(yaml(common: all[..<20], own: all[10..<32])).isEmpty)
    #expect(
      mistakes(yaml(common: all[..<33], own: all[..<1])) == [
        "test.yaml:1:9: groups: 33 different groups in all; at most 32 are allowed"
      ])
    #expect(
      mistakes(yaml(common: all[..<20], own: all[20..<33])) == [
        "test.yaml:3:3: windows: 33 different groups in all; at most 32 are allowed"
      ])
  }

  @Test func defaultGroupsCountOnlyWhereAWindowUsesThem() {
    // The 8 default groups are not among these: they are pairs with the currency, and triples.
    let names = GroupField.allCases.map(\.name).dropLast()
    let own =
      names.map { "[currency, \($0)]" } + names.dropFirst(2).map { "[session_id, host_id, \($0)]" }
      + names.dropFirst(2).map { "[session_id, \($0), region, currency]" }.dropLast()
    #expect(own.count == 19)
    let more = names.dropFirst(2).map { "[host_id, \($0), currency]" }
    func yaml(_ own: [String], _ other: String) -> String {
      "windows: [{name: w, kind: session, gap: 1m, groups: [\(own.joined(separator: ", "))]}, \(other)]"
    }
    let usesDefaults = "{name: v, kind: session, gap: 1m}"
    let usesNone = "{name: v, kind: session, gap: 1m, groups: [[currency, channel]]}"
    #expect(mistakes(yaml(own + more.prefix(5), usesDefaults)).isEmpty)
    #expect(mistakes(yaml(own + more.prefix(6), usesDefaults)).count == 1)
    #expect(mistakes(yaml(own + more.prefix(6), usesNone)).isEmpty)
  }

  @Test func aWindowComputesAtLeastOneGroup() throws {
    #expect(
      mistakes("groups: []\n\(session)") == [
        "test.yaml:2:11: windows[0]: lists no groups, and there are none for all windows; [[]] is the whole platform"
      ])
    #expect(
      mistakes("groups: []") == [
        "test.yaml:1:9: groups: is empty, but the default windows need groups; list some, or windows with groups of "
          + "their own"
      ])
    #expect(try load("groups: []\nwindows: [{name: w, kind: session, gap: 1m, groups: [[]]}]").groups.isEmpty)
  }
}
