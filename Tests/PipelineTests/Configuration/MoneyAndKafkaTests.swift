import Testing

@testable import Pipeline

@Suite struct MoneyTests {
  @Test func ratesAreTheTextAsWritten() throws {
    let rates = try load("rates: {USD: 7.10, EUR: \"7.80000000000001\", JPY: 0.0463}").rates
    #expect(rates == ["USD": "7.10", "EUR": "7.80000000000001", "JPY": "0.0463"])
  }

  @Test(arguments: [
    ("currency: XAU", ":11: currency: \"XAU\" is not the code of a currency (ISO 4217) such as CNY"),
    ("currency: usd", ":11: currency: \"usd\" is not the code of a currency (ISO 4217); did you mean \"USD\"?"),
    ("currency: \"\"", ":11: currency: \"\" is not the code of a currency (ISO 4217) such as CNY"),
    ("rates: {XAU: 7}", ":9: rates.XAU: \"XAU\" is not the code of a currency (ISO 4217) such as CNY"),
    ("rates: {CNY: 1}", ":14: rates.CNY: CNY is the reporting currency, whose rate is 1; remove it"),
    ("rates: {USD: 0}", ":14: rates.USD: \"0\" is not a number above 0 such as 7.10,"),
    ("rates: {USD: 7.1e0}", ":14: rates.USD: \"7.1e0\" is not a number above 0 such as 7.10,"),
    ("rates: {USD: 1234567890123456}", ":14: rates.USD: \"1234567890123456\" is not a number above 0 such as 7.10,"),
    ("{currency: USD, rates: {USD: 7}}", ":30: rates.USD: USD is the reporting currency"),
  ])
  func mistakesOfMoney(yaml: String, expected: String) {
    let lines = mistakes(yaml)
    #expect(lines.count == 1)
    #expect(lines.first?.hasPrefix("test.yaml:1\(expected)") ?? false, "\(lines)")
  }

  @Test func aWrongCurrencyDoesNotMakeRatesWrong() {
    #expect(mistakes("{currency: XAU, rates: {CNY: 0.14}}").count == 1)
  }

  @Test func theReportingCurrencyMayBeAnother() throws {
    let configuration = try load("currency: USD\nrates: {CNY: 0.14}")
    #expect(configuration.currency == "USD")
    #expect(configuration.rates == ["CNY": "0.14"])
  }
}

@Suite struct KafkaTests {
  @Test func propertiesPassThroughAsTheyAreWritten() throws {
    let kafka = try load(
      """
      kafka:
        bootstrap.servers: "a:1,b:2"
        socket.keepalive.enable: yes
        linger.ms: 5.0
        sasl.password: 0x1F
        ssl.ca.location: ~
        client.id: ""
      """
    ).kafka
    #expect(
      kafka == [
        "bootstrap.servers": "a:1,b:2", "socket.keepalive.enable": "yes", "linger.ms": "5.0", "sasl.password": "0x1F",
        "client.id": "", "group.id": "livetally",
      ])
  }

  @Test(arguments: [
    "enable.auto.commit", "enable.auto.offset.store", "auto.offset.reset", "isolation.level", "transactional.id",
    "enable.partition.eof", "partition.assignment.strategy", "enable.idempotence", "auto.commit.enable",
  ])
  func propertiesOfTheFaultModelAreRefused(name: String) {
    let lines = mistakes("kafka: {\(name): x}")
    #expect(lines.count == 1)
    #expect(lines.first?.hasPrefix("test.yaml:1:\(11 + name.count): kafka.\(name): is set by Livetally") ?? false)
    #expect(lines.first?.hasSuffix("; remove it") ?? false)
  }

  @Test(arguments: [
    ("metadata.broker.list: a", "kafka.metadata.broker.list: is another name of bootstrap.servers; write that"),
    ("bootstrap.servers: [a, b]", "kafka.bootstrap.servers: is a list; write one text, its parts joined by commas"),
    (
      "bootstrap: {servers: a}",
      "kafka.bootstrap: is a mapping; property names are written whole, e.g. bootstrap.servers: ..."
    ),
    ("bootstrap.servers: \" \"", "kafka.bootstrap.servers: must not be empty"),
    ("group.id: \"\"", "kafka.group.id: must not be empty"),
    ("client.id: \"a\\0b\"", "kafka.client.id: must have a name and must not hold NUL characters"),
  ])
  func mistakesOfProperties(property: String, expected: String) {
    let lines = mistakes("kafka: {\(property)}")
    #expect(lines.count == 1)
    #expect(lines.first?.hasSuffix(expected) ?? false, "\(lines)")
  }

  @Test func valuesOfPropertiesAreNeverShown() {
    let lines = mistakes("kafka: {sasl.password: [hunter2], ssl.key.password: \"hunter2\\0\", group.id: {hunter2: 1}}")
    #expect(lines.count == 3)
    #expect(!lines.contains { $0.contains("[hunter2]") || $0.contains("hunter2\0") })
  }

  @Test(arguments: ["a", "A.b_c-9", "...", String(repeating: "t", count: 249)])
  func topicsHaveNamesThatKafkaAllows(name: String) throws {
    #expect(try load("topics: {checkpoints: \(name)}").topics.checkpoints == name)
  }

  @Test(arguments: ["\"\"", ".", "..", "a b", "a/b", "é", String(repeating: "t", count: 250)])
  func otherTopicNamesAreMistakes(name: String) {
    let lines = mistakes("topics: {checkpoints: \(name)}")
    #expect(lines.count == 1)
    #expect(lines.first?.hasPrefix("test.yaml:1:23: topics.checkpoints: ") ?? false)
  }

  @Test func everyTopicGoesToItsOwnField() throws {
    let topics = try load(
      """
      topics: {purchases: a, viewers: b, live: c, metrics: d, leaderboards: e, rejects: f, partials: g, checkpoints: h}
      """
    ).topics
    #expect(
      [
        topics.purchases, topics.viewers, topics.live, topics.metrics, topics.leaderboards, topics.rejects,
        topics.partials, topics.checkpoints,
      ] == ["a", "b", "c", "d", "e", "f", "g", "h"])
  }

  @Test(arguments: [
    ("{live: a, metrics: a}", "test.yaml:1:28: topics.metrics: \"a\" is the topic of live as well; each needs its own"),
    (
      "{viewers: purchases}",
      "test.yaml:1:19: topics.viewers: \"purchases\" is the topic of purchases as well; each needs its own"
    ),
    (
      "{purchases: viewers}",
      "test.yaml:1:21: topics.purchases: \"viewers\" is the topic of viewers as well; each needs its own"
    ),
  ])
  func topicsAreDifferent(topics: String, expected: String) {
    #expect(mistakes("topics: \(topics)") == [expected])
  }

  @Test func aWrongTopicDoesNotMakeOthersWrong() {
    #expect(mistakes("topics: {purchases: a b, viewers: purchases}").count == 1)
  }

  @Test func topicsMaySwapNames() throws {
    #expect(try load("topics: {purchases: viewers, viewers: purchases}").topics.viewers == "purchases")
  }
}
