import Kafka
import Testing

@Suite struct ClusterTests {
  @Test func metadataTellsKnownFromUnknownTopics() throws {
    let bench = try Bench(partitions: 3)
    // Left alone, the embedded broker creates every topic that it is asked about.
    bench.broker.setFault(.unknownTopic, of: "no-such-topic")
    let admin = try Admin(properties: bench.properties(), logger: quietLogger)
    let cluster = try admin.metadata(of: [bench.topic, "no-such-topic"], timeoutMilliseconds: patience)
    #expect(cluster.partitionCounts == [bench.topic: 3])
    #expect(cluster.unknownTopics == ["no-such-topic"])
    #expect(cluster.brokers.map(\.id) == [1])
  }

  @Test func unreachableBrokerIsNamedWithinTheTimeout() throws {
    // Port 1 is privileged and nothing listens there.
    let properties = try ClientProperties(["bootstrap.servers": "127.0.0.1:1"])
    let admin = try Admin(properties: properties, logger: quietLogger)
    var error: KafkaError?
    let elapsed = ContinuousClock().measure {
      error = kafkaError { _ = try admin.metadata(of: ["purchases"], timeoutMilliseconds: 1000) }
    }
    #expect(error?.kind == .unreachable)
    #expect(error?.broker?.contains("127.0.0.1:1") == true)
    #expect(error?.description.contains("bootstrap.servers") == true)
    #expect(elapsed < .seconds(3))
  }

  @Test func unreachableBrokerIsAnEventOfAConsumer() throws {
    let bench = try Bench()
    let consumer = try bench.consumer()
    _ = try consumer.assign([(bench.partition(0), .beginning)])
    bench.broker.takeDown()
    #expect(try consumer.event(\.error).kind == .unreachable)
  }

  @Test func subscribingToAnUnknownTopicIsAnEvent() throws {
    let bench = try Bench()
    bench.broker.setFault(.unknownTopic, of: "no-such-topic")
    let consumer = try bench.consumer(["group.id": "g"])
    try consumer.subscribe(to: ["no-such-topic"])
    let error = try consumer.event(\.error)
    #expect(error.kind == .unknownTopic)
    #expect(error.topic == "no-such-topic")
  }

  @Test func creatingTopicsWhereTheBrokerCannotIsUnsupported() throws {
    let bench = try Bench()
    let admin = try Admin(properties: bench.properties(), logger: quietLogger)
    let error = kafkaError {
      try admin.createTopics([TopicSpecification("t", partitions: 1)], timeoutMilliseconds: 5000)
    }
    #expect(error?.kind == .unsupported)
    let reading = kafkaError { _ = try admin.configuration(ofTopic: bench.topic, timeoutMilliseconds: 5000) }
    #expect(reading?.kind == .unsupported)
  }

  @Test func deletingWhereTheBrokerCannotIsUnsupported() throws {
    let bench = try Bench()
    let admin = try Admin(properties: bench.properties(), logger: quietLogger)
    #expect(kafkaError { try admin.deleteTopics([bench.topic], timeoutMilliseconds: 5000) }?.kind == .unsupported)
    #expect(kafkaError { try admin.deleteGroup("g", timeoutMilliseconds: 5000) }?.kind == .unsupported)
    #expect(kafkaError { _ = try admin.describeGroup("g", timeoutMilliseconds: 5000) }?.kind == .unsupported)
  }

  @Test func onlyAGroupThatIsEmptyForSureHasNoMembers() {
    let member = GroupDescription.Member(clientID: "rdkafka", host: "/127.0.0.1")
    func group(_ state: String, _ members: [GroupDescription.Member] = []) -> Bool {
      GroupDescription(name: "g", state: state, members: members).hasMembers
    }
    #expect(!group("Empty") && !group("Dead"))
    // Some brokers do not list members, and states may be unknown to the client.
    #expect(group("Stable") && group("PreparingRebalance") && group("Unknown") && group("Empty", [member]))
  }

  @Test func fixedPortLeadsToTheBroker() throws {
    // Port 0 lets the relay find a free one; what matters is that clients start from the relay's.
    let broker = try EmbeddedBroker(port: 0, logger: quietLogger)
    try broker.createTopic("purchases", partitions: 2)
    let properties = try ClientProperties(["bootstrap.servers": broker.bootstrapServers])
    let admin = try Admin(properties: properties, logger: quietLogger)
    let cluster = try admin.metadata(of: ["purchases"], timeoutMilliseconds: patience)
    #expect(cluster.partitionCounts == ["purchases": 2])
    let port = try #require(broker.bootstrapServers.split(separator: ":").last.flatMap { UInt16($0) })
    #expect(cluster.brokers.map(\.port) != [Int32(port)])
    let error = kafkaError { _ = try EmbeddedBroker(port: port, logger: quietLogger) }
    #expect(error?.description.contains("in use") == true)
  }
}

@Suite struct ConfigurationTests {
  @Test func allBadPropertiesAreListedAtOnce() {
    let error = #expect(throws: InvalidPropertiesError.self) {
      try ClientProperties([
        "bootstrap.server": "x:1", "socket.timeout.ms": "soon", "sasl.password": "fine", "auto.offset.reset": "latest",
      ])
    }
    #expect(error?.problems.map(\.name) == ["auto.offset.reset", "bootstrap.server", "socket.timeout.ms"])
    #expect(error?.description.contains("No such configuration property: \"bootstrap.server\"") == true)
  }

  @Test func hintsThatTheLibraryDoesNotKnowAreLeftOut() throws {
    let properties = try ClientProperties(["client.id": "a"])
    let hinted = properties.settingWhereKnown(["fetch.wait.max.ms": "10", "no.such.property": "10"])
    #expect(hinted.values == ["client.id": "a", "fetch.wait.max.ms": "10"])
  }

  @Test func secretsAreNotShown() throws {
    let properties = try ClientProperties(["sasl.password": "hunter2", "client.id": "a"])
    #expect("\(properties)" == "client.id=a sasl.password=***")
  }

  @Test func errorSaysWhereAndWhatToDo() throws {
    let bench = try Bench()
    let queue = try bench.consumer().assign([(bench.partition(0), .offset(5))])[0]
    let text = try #require(kafkaError { _ = try readToEnd(queue) }).description
    #expect(text.hasPrefix("could not read on purchases [0] at offset 5: "))
    #expect(text.hasSuffix("; records are missing from the log; decide where to go on reading"))
  }

  @Test func versionIsThatOfTheLibraryAtRunTime() {
    #expect(kafkaVersion().split(separator: ".").count >= 3)
  }
}
