import Foundation
import Testing
import WindowEngine

@testable import Pipeline

@Suite struct EnvironmentTests {
  @Test func variablesOverrideTheDocument() throws {
    let yaml = """
      kafka: {bootstrap.servers: a:1, client.id: file}
      time: {allowed_lateness: 2m}
      lanes: 1
      rates: {USD: 7}
      windows: [{name: w, kind: session, gap: 1m}]
      """
    let configuration = try load(
      yaml,
      environment: [
        "LIVETALLY_TIME_PANE": "2s", "LIVETALLY_KAFKA_BOOTSTRAP_SERVERS": "b:2",
        "LIVETALLY_KAFKA_SASL_PASSWORD": "p: [",
        "LIVETALLY_TOPICS_LIVE": "x", "LIVETALLY_HTTP_LISTEN": "[::1]:80", "LIVETALLY_LIMITS_MAX_KEYS": "7",
        "LIVETALLY_LANES": "3", "LIVETALLY_REJECTS_DUPLICATES": "true", "LIVETALLY_LIMITS_MEMORY": "1GiB",
        "LIVETALLY_INSTANCE": "~", "LIVETALLY_SHARDS": "9", "LIVETALLY_RATES_EUR": "7.8", "LIVETALLY_CURRENCY": "JPY",
        "PATH": "/bin", "LIVETALLYX": "1", "livetally_lanes": "9",
      ], purpose: .run)
    #expect(configuration.time.pane == 2_000)
    #expect(configuration.time.allowedLateness == 120_000)
    #expect(
      configuration.kafka == [
        "bootstrap.servers": "b:2", "client.id": "file", "sasl.password": "p: [", "group.id": "livetally",
      ])
    #expect(configuration.topics.live == "x")
    #expect(configuration.http == Configuration.Endpoint(host: "::1", port: 80))
    #expect(configuration.limits.maxKeys == 7)
    #expect(configuration.limits.memoryBytes == 1 << 30)
    #expect(configuration.lanes == 3)
    #expect(configuration.shards == 9)
    #expect(configuration.rejects.duplicates)
    #expect(configuration.instance == "~")
    #expect(configuration.currency == "JPY")
    #expect(configuration.rates == ["USD": "7", "EUR": "7.8"])
    #expect(configuration.windows.map(\.name) == ["w"])
  }

  @Test func listsAreYAMLFlowText() throws {
    let configuration = try load(
      "rates: {USD: 7}\nwindows: [{name: old, kind: session, gap: 1m}]",
      environment: [
        "LIVETALLY_WINDOWS": "[{name: w, kind: sliding, size: 1m, slide: 10s}]",
        "LIVETALLY_GROUPS": "[[], [host_id]]",
        "LIVETALLY_LEADERBOARDS": "[{name: b, window: w, group: [host_id], by: orders, size: 3}]",
        "LIVETALLY_RATES": "{EUR: 7.80}", "LIVETALLY_RATES_JPY": "0.05",
      ])
    #expect(configuration.windows == [WindowDefinition(name: "w", kind: .sliding(size: 60_000, slide: 10_000))])
    #expect(configuration.groups == [Grouping([]), Grouping([.hostID])])
    #expect(configuration.leaderboards.map(\.by) == [.orders])
    #expect(configuration.rates == ["EUR": "7.80", "JPY": "0.05"])
    #expect(try load("rates: {USD: 7}", environment: ["LIVETALLY_RATES": "{}"]).rates.isEmpty)
  }

  @Test func aVariableMendsWhatTheDocumentHasWrong() throws {
    #expect(try load("lanes: x", environment: ["LIVETALLY_LANES": "1"]).lanes == 1)
  }

  @Test func mistakesNameTheVariable() {
    #expect(
      mistakes(
        "lanes: 300",
        environment: [
          "LIVETALLY_TIME_PANE": "7s", "LIVETALLY_WINDOWS": "[{name: w, kind: session, gap: 1m}, {name: v, slid: 1}]",
          "LIVETALLY_GROUPS": "[[", "LIVETALLY_RATES": "{USD: 1, USD: 2}",
        ]) == [
          "test.yaml:1:8: lanes: \"300\" is not a whole number from 0 to 256",
          "LIVETALLY_GROUPS: groups: not valid YAML: did not find expected node content",
          "LIVETALLY_RATES: rates.USD: given again further on; remove one of the two",
          "LIVETALLY_TIME_PANE: time.pane: 7s does not divide 60s; 500ms, 1s, 2s and 5s do, for example",
          "LIVETALLY_WINDOWS: windows[1].kind: required; one of sliding, cumulative, session",
          "LIVETALLY_WINDOWS: windows[1].slid: unknown key; did you mean \"slide\"?",
        ])
  }

  @Test(arguments: [
    ("LIVETALLY_TIME_PAIN", "unknown variable; did you mean LIVETALLY_TIME_PANE?"),
    ("LIVETALLY_TIME_PAIN_FILE", "unknown variable; did you mean LIVETALLY_TIME_PANE_FILE?"),
    ("LIVETALLY_LANE", "unknown variable; did you mean LIVETALLY_LANES?"),
    ("LIVETALLY_XYZZY", "unknown variable; unset it, or see the configuration reference"),
    ("LIVETALLY_KAFKA", "unknown variable; unset it, or see the configuration reference"),
    ("LIVETALLY_", "unknown variable; unset it, or see the configuration reference"),
    ("LIVETALLY_TIME", "unknown variable; unset it, or see the configuration reference"),
    ("LIVETALLY_LOG_LEVELS", "unknown variable; unset it, or see the configuration reference"),
  ])
  func unknownVariablesAreMistakes(name: String, problem: String) {
    #expect(mistakes("", environment: [name: "1"]) == ["\(name): \(problem)"])
  }

  @Test(arguments: [
    ("LIVETALLY_LOG_LEVEL", "debug"), ("LIVETALLY_TEST_BROKER", "x"), ("LIVETALLY_TEST_", ""),
    ("LIVETALLY_SERVICE_HOST", "10.0.0.1"), ("LIVETALLY_SERVICE_PORT", "80"), ("LIVETALLY_SERVICE_PORT_HTTP", "80"),
    ("LIVETALLY_PORT", "tcp://10.0.0.1:80"), ("LIVETALLY_PORT_80_TCP", "tcp://10.0.0.1:80"),
    ("LIVETALLY_PORT_80_TCP_ADDR", "10.0.0.1"), ("LIVETALLY_KAFKA_SERVICE_HOST", "10.0.0.1"),
    ("LIVETALLY_KAFKA_PORT", "tcp://10.0.0.1:80"), ("LIVETALLY_KAFKA_PORT_9092_TCP_PROTO", "tcp"),
  ])
  func variablesOfOthersAreIgnored(name: String, value: String) throws {
    #expect(try load("", environment: [name: value]) == Configuration())
  }

  @Test func aPortVariableThatIsNoServiceLinkIsAMistake() {
    #expect(mistakes("", environment: ["LIVETALLY_PORT": "80"]).count == 1)
  }

  @Test func anEmptyVariableCountsAsSet() throws {
    #expect(try load("http: {listen: 127.0.0.1:1}", environment: ["LIVETALLY_HTTP_LISTEN": ""]).http == nil)
    #expect(mistakes("", environment: ["LIVETALLY_CURRENCY": ""]).count == 1)
    #expect(
      mistakes("", environment: ["LIVETALLY_GROUPS": ""]) == [
        "LIVETALLY_GROUPS: groups: is empty; give YAML such as [] or {}"
      ])
    #expect(mistakes("", environment: ["LIVETALLY_KAFKA_BOOTSTRAP_SERVERS": ""], purpose: .run).count == 1)
  }

  @Test func aPropertyOfTheDocumentDecidesItsSpelling() throws {
    let configuration = try load(
      "kafka: {odd_name.x: 1}",
      environment: ["LIVETALLY_KAFKA_ODD_NAME_X": "2", "LIVETALLY_KAFKA_OTHER_NAME": "3"])
    #expect(configuration.kafka["odd_name.x"] == "2")
    #expect(configuration.kafka["odd.name.x"] == nil)
    #expect(configuration.kafka["other.name"] == "3")
  }

  @Test func refusedPropertiesAreRefusedHereToo() {
    let lines = mistakes("", environment: ["LIVETALLY_KAFKA_ISOLATION_LEVEL": "read_committed"])
    #expect(lines.count == 1)
    #expect(lines.first?.hasPrefix("LIVETALLY_KAFKA_ISOLATION_LEVEL: kafka.isolation.level: is set by") ?? false)
  }

  @Test func aSectionOfTheWrongTypeStaysAMistake() {
    #expect(
      mistakes("time: 5s", environment: ["LIVETALLY_TIME_PANE": "1s"]) == [
        "test.yaml:1:7: time: must be a mapping of keys and values"
      ])
  }
}

@Suite struct ValueFileTests {
  /// Calls `body` with the path of a file that holds `bytes`.
  private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "livetally-\(UUID().uuidString)")
    try Data(bytes).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    try body(url.path)
  }

  @Test(arguments: [
    ("secret", "secret"), ("secret\n", "secret"), ("secret\r\n", "secret"), ("secret\n\n", "secret\n"),
    (" secret ", " secret "), ("", ""), ("\n", ""), ("a\nb\n", "a\nb"),
  ])
  func theContentWithoutOneLineBreakIsTheValue(content: String, expected: String) throws {
    try withFile(Array(content.utf8)) { path throws in
      #expect(try load("kafka: {sasl.password: {file: \(path)}}").kafka["sasl.password"] == expected)
      let variable = ["LIVETALLY_KAFKA_SASL_PASSWORD_FILE": path]
      #expect(try load("", environment: variable).kafka["sasl.password"] == expected)
    }
  }

  @Test func everyValueCanComeFromAFile() throws {
    try withFile(Array("5m\n".utf8)) { path throws in
      #expect(try load("time: {max_future: {file: \(path)}}").time.maxFuture == 300_000)
      #expect(try load("", environment: ["LIVETALLY_TIME_MAX_FUTURE_FILE": path]).time.maxFuture == 300_000)
    }
    try withFile(Array("- [region]\n- []\n".utf8)) { path throws in
      #expect(try load("", environment: ["LIVETALLY_GROUPS_FILE": path]).groups == [Grouping([.region]), Grouping([])])
    }
  }

  @Test func anUnreadableFileIsAMistakeWithItsPlace() {
    #expect(
      mistakes("\nkafka: {sasl.password: {file: /nowhere/x}}", environment: ["LIVETALLY_LANES_FILE": "/nowhere/y"]) == [
        "test.yaml:2:24: kafka.sasl.password: cannot read /nowhere/x: No such file or directory",
        "LIVETALLY_LANES_FILE: lanes: cannot read /nowhere/y: No such file or directory",
      ])
    #expect(
      mistakes("instance: {file: /}") == ["test.yaml:1:11: instance: cannot read /: Is a directory"])
    #expect(mistakes("instance: {file: [a]}") == ["test.yaml:1:11: instance: file must be the path of a file"])
    #expect(
      mistakes("instance: {file: \"\"}") == [
        "test.yaml:1:11: instance: cannot read a file without a name: No such file or directory"
      ])
    #expect(mistakes("instance: {file: a, or: b}").count == 1)
    #expect(mistakes("instance: {file: /dev/zero}") == ["test.yaml:1:11: instance: /dev/zero is larger than 1MiB"])
  }

  @Test func aFileIsTextAndNotTooLarge() throws {
    try withFile([0xFF]) { path throws in
      #expect(mistakes("instance: {file: \(path)}") == ["test.yaml:1:11: instance: \(path) is not UTF-8 text"])
    }
    try withFile([UInt8](repeating: 0x61, count: 1 << 20)) { path throws in
      #expect(try load("kafka: {x: {file: \(path)}}").kafka["x"]?.count == 1 << 20)
    }
    try withFile([UInt8](repeating: 0x61, count: (1 << 20) + 1)) { path throws in
      #expect(mistakes("kafka: {x: {file: \(path)}}") == ["test.yaml:1:12: kafka.x: \(path) is larger than 1MiB"])
    }
  }

  @Test func theContentIsNeverShown() throws {
    try withFile(Array("hunter2".utf8)) { path throws in
      let yaml = "{lanes: {file: \(path)}, currency: {file: \(path)}, http: {listen: {file: \(path)}}}"
      let lines = mistakes(yaml, environment: ["LIVETALLY_SHARDS_FILE": path])
      #expect(lines.count == 4)
      #expect(lines.allSatisfy { !$0.contains("hunter2") && $0.contains("the content of \(path)") })
    }
  }

  @Test func aVariableAndItsFileExcludeEachOther() {
    #expect(
      mistakes("", environment: ["LIVETALLY_LANES": "1", "LIVETALLY_LANES_FILE": "/nowhere"]) == [
        "LIVETALLY_LANES_FILE: LIVETALLY_LANES is set as well; set one of the two"
      ])
  }
}
