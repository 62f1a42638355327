import CLibrdkafka

extension Admin {
  /// Creates topics, and returns the names of those that were not there before.
  ///
  /// A topic that exists already is left as it is. A broker that offers no such request gives
  /// ``KafkaErrorKind/unsupported``; the topics then have to be made with its own tools.
  @discardableResult
  public func createTopics(_ topics: [TopicSpecification], timeoutMilliseconds: Int) throws(KafkaError) -> [String] {
    guard !topics.isEmpty else { return [] }
    let operation = "create a topic"
    var requests: [OpaquePointer?] = []
    defer { for request in requests { rd_kafka_NewTopic_destroy(request) } }
    for topic in topics {
      requests.append(try Self.request(for: topic))
    }
    let event = try perform(RD_KAFKA_ADMIN_OP_CREATETOPICS, timeoutMilliseconds, operation: operation) {
      rd_kafka_CreateTopics(client.pointer, &requests, requests.count, $0, $1)
    }
    defer { rd_kafka_event_destroy(event) }
    var count = 0
    let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
    var created: [String] = []
    for result in UnsafeBufferPointer(start: results, count: count) {
      let name = String(cString: rd_kafka_topic_result_name(result))
      switch rd_kafka_topic_result_error(result) {
      case RD_KAFKA_RESP_ERR_NO_ERROR: created.append(name)
      case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: break
      case let code:
        let detail = rd_kafka_topic_result_error_string(result).map { String(cString: $0) }
        throw KafkaError(code: code, operation: operation, detail: detail, topic: name)
      }
    }
    return created
  }

  /// Deletes topics with all their records, and returns the names of those that were there.
  ///
  /// A topic that does not exist is as good as deleted. The cluster may name deleted topics for a moment longer; see
  /// ``metadata(of:timeoutMilliseconds:)``. A broker that offers no such request gives ``KafkaErrorKind/unsupported``.
  @discardableResult
  public func deleteTopics(_ names: [String], timeoutMilliseconds: Int) throws(KafkaError) -> [String] {
    guard !names.isEmpty else { return [] }
    let operation = "delete a topic"
    var requests = names.map { rd_kafka_DeleteTopic_new($0) }
    defer { for request in requests { rd_kafka_DeleteTopic_destroy(request) } }
    let event = try perform(RD_KAFKA_ADMIN_OP_DELETETOPICS, timeoutMilliseconds, operation: operation) {
      rd_kafka_DeleteTopics(client.pointer, &requests, requests.count, $0, $1)
    }
    defer { rd_kafka_event_destroy(event) }
    var count = 0
    let results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count)
    var deleted: [String] = []
    for result in UnsafeBufferPointer(start: results, count: count) {
      let name = String(cString: rd_kafka_topic_result_name(result))
      switch rd_kafka_topic_result_error(result) {
      case RD_KAFKA_RESP_ERR_NO_ERROR: deleted.append(name)
      case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC: break
      case let code:
        let detail = rd_kafka_topic_result_error_string(result).map { String(cString: $0) }
        throw KafkaError(code: code, operation: operation, detail: detail, topic: name)
      }
    }
    return deleted
  }

  /// Reads a topic's settings, such as `cleanup.policy`, defaults included.
  public func configuration(ofTopic topic: String, timeoutMilliseconds: Int) throws(KafkaError) -> [String: String] {
    let operation = "read a topic's settings"
    let resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
    defer { rd_kafka_ConfigResource_destroy(resource) }
    var resources = [resource]
    let event = try perform(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeoutMilliseconds, operation: operation) {
      rd_kafka_DescribeConfigs(client.pointer, &resources, resources.count, $0, $1)
    }
    defer { rd_kafka_event_destroy(event) }
    var count = 0
    let results = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
    var settings: [String: String] = [:]
    for result in UnsafeBufferPointer(start: results, count: count) {
      let code = rd_kafka_ConfigResource_error(result)
      guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
        let detail = rd_kafka_ConfigResource_error_string(result).map { String(cString: $0) }
        throw KafkaError(code: code, operation: operation, detail: detail, topic: topic)
      }
      var entryCount = 0
      let entries = rd_kafka_ConfigResource_configs(result, &entryCount)
      for entry in UnsafeBufferPointer(start: entries, count: entryCount) {
        guard let value = rd_kafka_ConfigEntry_value(entry) else { continue }
        settings[String(cString: rd_kafka_ConfigEntry_name(entry))] = String(cString: value)
      }
    }
    return settings
  }

  private static func request(for topic: TopicSpecification) throws(KafkaError) -> OpaquePointer {
    var text = [CChar](repeating: 0, count: 256)
    guard
      let request = rd_kafka_NewTopic_new(
        topic.name, Int32(topic.partitions), Int32(topic.replicationFactor), &text, text.count)
    else {
      let detail = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      throw KafkaError(
        code: RD_KAFKA_RESP_ERR__INVALID_ARG, operation: "create a topic", detail: detail, topic: topic.name)
    }
    for (name, value) in topic.configuration {
      _ = rd_kafka_NewTopic_set_config(request, name, value)
    }
    return request
  }
}
