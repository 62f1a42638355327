import Testing

@testable import Pipeline

@Suite struct MistakeTests {
  @Test func aDozenMistakesAreReportedAtOnceWithTheirLines() {
    let yaml = """
      kafka:
        isolation.level: read_uncommitted
      currency: XYZ
      tims: {}
      time:
        pane: 7s
        commit_interval: 5ms
      windows:
        - name: 1m
          kind: sliding
          size: 1m
          slid: 10s
        - {name: 1m, kind: session, gap: 1500}
      groups: [[host], []]
      lanes: many
      http:
        listen: 8080
      """
    #expect(
      mistakes(yaml) == [
        "test.yaml:2:20: kafka.isolation.level: is set by Livetally, which reads committed records; remove it",
        "test.yaml:3:11: currency: \"XYZ\" is not the code of a currency (ISO 4217) such as CNY",
        "test.yaml:4:1: tims: unknown key; did you mean \"time\"?",
        "test.yaml:6:9: time.pane: 7s does not divide 60s; 500ms, 1s, 2s and 5s do, for example",
        "test.yaml:7:20: time.commit_interval: 5ms is out of range; allowed are 10ms...1m",
        "test.yaml:9:5: windows[0].slide: required; the time from one window to the next",
        "test.yaml:12:5: windows[0].slid: unknown key; did you mean \"slide\"?",
        "test.yaml:13:12: windows[1].name: \"1m\" is the name of another window already",
        "test.yaml:13:36: windows[1].gap: \"1500\" is not a duration such as 500ms, 10s, 1h30m or 1d",
        "test.yaml:14:11: groups[0][0]: \"host\" is no group field; allowed: session_id, host_id, mcn_id, brand_id, "
          + "product_id, category_id, channel, region, currency",
        "test.yaml:15:8: lanes: \"many\" is not a whole number from 0 to 256",
        "test.yaml:17:11: http.listen: \"8080\" is not an address with a port such as 127.0.0.1:8080, 0.0.0.0:8080, "
          + "[::]:8080 or localhost:8080, or \"\" for none",
      ])
  }

  @Test func unknownKeysAreErrorsInEverySection() {
    let yaml = """
      colour: red
      topics: {purchase: a}
      time: {pain: 1s}
      limits: {max_key: 1}
      rejects: {duplicate: true}
      http: {port: 80}
      windows: [{name: w, kind: session, gap: 1m, sizes: 1m}]
      leaderboards: [{name: b, window: w, group: [], by: gmv, size: 1, order: up}]
      """
    let lines = mistakes(yaml)
    #expect(lines.contains { $0.hasPrefix("test.yaml:1:1: colour: unknown key; allowed: kafka, topics,") })
    #expect(lines.contains("test.yaml:2:10: topics.purchase: unknown key; did you mean \"purchases\"?"))
    #expect(lines.contains("test.yaml:3:8: time.pain: unknown key; did you mean \"pane\"?"))
    #expect(lines.contains("test.yaml:4:10: limits.max_key: unknown key; did you mean \"max_keys\"?"))
    #expect(lines.contains("test.yaml:5:11: rejects.duplicate: unknown key; did you mean \"duplicates\"?"))
    #expect(lines.contains("test.yaml:6:8: http.port: unknown key; allowed: listen"))
    #expect(lines.contains { $0.hasPrefix("test.yaml:7:45: windows[0].sizes: unknown key; ") })
    #expect(lines.contains { $0.hasPrefix("test.yaml:8:66: leaderboards[0].order: unknown key; allowed: name,") })
  }

  @Test(arguments: [
    ("lanes: [1]", "test.yaml:1:8: lanes: is a list; give one value"),
    ("lanes: {a: 1}", "test.yaml:1:8: lanes: is a mapping; give one value, or {file: PATH}"),
    ("time: 5s", "test.yaml:1:7: time: must be a mapping of keys and values"),
    ("time: []", "test.yaml:1:7: time: must be a mapping of keys and values"),
    ("kafka: broker:9092", "test.yaml:1:8: kafka: must be a mapping of librdkafka properties"),
    ("windows: {name: w}", "test.yaml:1:10: windows: must be a list of windows"),
    ("windows: [w]", "test.yaml:1:11: windows[0]: must be a mapping of a window's keys"),
    ("groups: host_id", "test.yaml:1:9: groups: must be a list of groups, e.g. [[], [host_id]]"),
    ("groups: [host_id]", "test.yaml:1:10: groups[0]: a group is a list of fields; write [host_id]"),
    ("groups: [[[host_id]]]", "test.yaml:1:11: groups[0][0]: is a list; give one value"),
    ("groups: [[~]]", "test.yaml:1:11: groups[0][0]: is empty; give a value"),
    ("rejects: {duplicates: yes}", "test.yaml:1:23: rejects.duplicates: \"yes\" is not true or false"),
    ("- a", "test.yaml:1:1: must be a mapping of keys and values"),
    ("rates: 7.1", "test.yaml:1:8: rates: must be a mapping of currency codes and rates"),
    ("? [a]\n: b", "test.yaml:1:3: a key must be a text"),
    ("currency: !secret CNY", "test.yaml:1:11: currency: the tag !secret has no meaning here; remove it"),
    ("lanes: \"\"", "test.yaml:1:8: lanes: \"\" is not a whole number from 0 to 256"),
  ])
  func wrongTypesAreMistakes(yaml: String, expected: String) {
    #expect(mistakes(yaml) == [expected])
  }

  @Test(arguments: [
    (
      "lanes: 1\nshards: [1",
      "test.yaml:3:1: not valid YAML: did not find expected ',' or ']' "
        + "(while parsing a flow sequence that begins in line 2)"
    ),
    ("lanes: 1\n\tshards: 2", "test.yaml:2:1: not valid YAML: "),
    ("a: *b", "test.yaml:1:4: not valid YAML: found undefined alias"),
    ("lanes: 1\n---\nlanes: 2", "test.yaml:2:1: not valid YAML: but found another document"),
    ("lanes: 1\nshards: \u{1}", "test.yaml:2:9: not valid YAML: control characters are not allowed"),
  ])
  func syntaxErrorsHaveALine(yaml: String, prefix: String) {
    let lines = mistakes(yaml)
    #expect(lines.count == 1 && lines[0].hasPrefix(prefix), "\(lines)")
  }

  @Test func repeatedKeysAreReportedWithEverythingElse() {
    let yaml = """
      lanes: 1
      time: {pane: 1s, pane: 2s}
      "lanes": 2
      lanes: 3
      shards: 0
      windows:
        - {name: w, kind: session, gap: 1m, 'name': v}
      """
    #expect(
      mistakes(yaml) == [
        "test.yaml:1:1: lanes: given again further on; remove one of the two",
        "test.yaml:2:8: time.pane: given again further on; remove one of the two",
        "test.yaml:3:1: lanes: given again further on; remove one of the two",
        "test.yaml:5:9: shards: \"0\" is not a whole number from 1 to 1024",
        "test.yaml:7:6: windows[0].name: given again further on; remove one of the two",
      ])
  }

  @Test func repeatedKeysAreFoundBehindEveryKindOfLineBreak() {
    #expect(
      mistakes("# \u{1F600}\r\n# b\r# c\u{85}# d\u{2028}\r\nrates: {日: 1, USD: 1, USD: 2}").map {
        $0.prefix { $0 != " " }
      } == ["test.yaml:6:9:", "test.yaml:6:15:"])
  }

  @Test func quotesDoNotMakeAnotherKey() {
    // Plain, some YAML readers take it for a Boolean.
    #expect(
      mistakes("kafka: {on: 1, \"on\": 2}") == [
        "test.yaml:1:9: kafka.on: given again further on; remove one of the two"
      ])
  }

  @Test func aRepeatedKeyThatCannotBeMaskedIsStillReported() {
    let lines = mistakes("lanes: 1\nrates: {\"\": 1, \"\": 2}")
    #expect(lines == ["test.yaml:2:9: key given more than once: "])
  }

  @Test func marksCountUnicodeScalarsAndAllLineBreaks() {
    let yaml = "# \u{1F600}\r\ninstance: \"日本\"\r\ntopics: {live: \"日本\", rejects: \"日本\"}\n"
    #expect(
      mistakes(yaml).map { $0.prefix { $0 != " " } } == ["test.yaml:3:16:", "test.yaml:3:31:"])
  }

  @Test func aMistakeIsOneLineWhateverWasWritten() {
    let lines = mistakes("\"a\\nb\": 1\nlanes: \"1\\r\\n2\\u2028\"")
    #expect(lines.count == 2)
    #expect(lines.first?.hasPrefix("test.yaml:1:1: a\\nb: unknown key; allowed: ") ?? false)
    #expect(lines.last == "test.yaml:2:8: lanes: \"1\\r\\n2\\u{2028}\" is not a whole number from 0 to 256")
  }

  @Test func flowAndBlockStyleAndAnchorsAreTheSame() throws {
    let block = """
      windows:
      - name: w
        kind: sliding
        size: &minute 1m
        slide: *minute
        groups:
        - []
        - - host_id
          - channel
      """
    #expect(
      try load(block)
        == load("{windows: [{name: w, kind: sliding, size: 1m, slide: 1m, groups: [[], [host_id, channel]]}]}"))
  }
}
