/// Reads the client properties, which pass to librdkafka as they are, and the topics.
struct KafkaReader {
  let purpose: Configuration.Purpose

  /// Properties whose value the fault model depends on, and other spellings of properties that are read here.
  private static let refused = [
    "auto.commit.enable": "is set by Livetally, which commits offsets in its transactions; remove it",
    "auto.offset.reset": "is set by Livetally, which never resets an offset silently; remove it",
    "enable.auto.commit": "is set by Livetally, which commits offsets in its transactions; remove it",
    "enable.auto.offset.store": "is set by Livetally, which commits offsets in its transactions; remove it",
    "enable.idempotence": "is set by Livetally, whose producers are transactional; remove it",
    "enable.partition.eof": "is set by Livetally, which tells idle partitions by it; remove it",
    "isolation.level": "is set by Livetally, which reads committed records; remove it",
    "metadata.broker.list": "is another name of bootstrap.servers; write that",
    "partition.assignment.strategy": "is set by Livetally, which rebalances cooperatively; remove it",
    "transactional.id": "is set by Livetally from group.id and instance; remove it",
  ]

  func read(_ root: SettingSection, into configuration: inout Configuration) {
    readTopics(root["topics"], into: &configuration.topics)
    let kafka = root["kafka"]
    let section = kafka?.section("librdkafka properties")
    for (name, value) in section?.all ?? [] { read(name, value, into: &configuration.kafka) }
    let isReadable = kafka == nil || section != nil
    if purpose == .run, isReadable, section?["bootstrap.servers"] == nil {
      root.setting.report.add(
        (kafka ?? root.setting).raw.place, "kafka.bootstrap.servers",
        "required; name the brokers, e.g. broker-1:9092 (or set LIVETALLY_KAFKA_BOOTSTRAP_SERVERS)")
    }
  }

  private func read(_ name: String, _ value: Setting, into properties: inout [String: String]) {
    if let problem = Self.refused[name] {
      value.mistake(problem)
      return
    }
    if case .list = value.raw.content {
      value.mistake("is a list; write one text, its parts joined by commas")
      return
    }
    if case .mapping(let entries) = value.raw.content, let entry = entries.first, entry.key != "file" {
      value.mistake("is a mapping; property names are written whole, e.g. \(name).\(entry.key): ...")
      return
    }
    guard let text = value.text()?.value else { return }
    if name.isEmpty || name.unicodeScalars.contains("\0") || text.unicodeScalars.contains("\0") {
      value.mistake("must have a name and must not hold NUL characters")
    } else if ["bootstrap.servers", "group.id"].contains(name), text.allSatisfy(\.isWhitespace) {
      value.mistake("must not be empty")
    } else {
      properties[name] = text
    }
  }

  private func readTopics(_ setting: Setting?, into topics: inout Configuration.Topics) {
    guard let section = setting?.section() else { return }
    let members = ConfigurationKeys.topics
    section.expect(members.map(\.key))
    var names: [(key: String, name: String, setting: Setting?)] = []
    for (key, member) in members {
      let value = section[key]
      let given = value?.parsed(as: NameRules.topicForm) { NameRules.isValidTopic($0) ? $0 : nil }
      if let given { topics[keyPath: member] = given }
      if value == nil || given != nil { names.append((key, topics[keyPath: member], value)) }
    }
    for (index, one) in names.enumerated() {
      guard let other = names[..<index].first(where: { $0.name == one.name }) else { continue }
      // The default names are different, so at least one of the two was given.
      if let given = one.setting {
        given.mistake("\"\(one.name)\" is the topic of \(other.key) as well; each needs its own")
      } else {
        other.setting?.mistake("\"\(one.name)\" is the topic of \(one.key) as well; each needs its own")
      }
    }
  }
}
