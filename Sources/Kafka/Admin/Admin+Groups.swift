import CLibrdkafka

extension Admin {
  /// Asks for the state and the members of a consumer group, without joining it.
  ///
  /// A group that does not exist is described as one without members. A broker that offers no such request gives
  /// ``KafkaErrorKind/unsupported``.
  public func describeGroup(_ name: String, timeoutMilliseconds: Int) throws(KafkaError) -> GroupDescription {
    let operation = "ask for the members of the group \(name)"
    let event = try perform(
      RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, timeoutMilliseconds, operation: operation
    ) { options, queue in
      name.withCString { name in
        var names: [UnsafePointer<CChar>?] = [name]
        rd_kafka_DescribeConsumerGroups(client.pointer, &names, names.count, options, queue)
      }
    }
    defer { rd_kafka_event_destroy(event) }
    var count = 0
    let results = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event), &count)
    var description = GroupDescription(name: name, state: "Dead", members: [])
    for result in UnsafeBufferPointer(start: results, count: count) {
      if let error = rd_kafka_ConsumerGroupDescription_error(result) {
        if rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND { continue }
        throw KafkaError(borrowing: error, operation: operation)
      }
      description.state = String(
        cString: rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(result)))
      for number in 0..<rd_kafka_ConsumerGroupDescription_member_count(result) {
        guard let member = rd_kafka_ConsumerGroupDescription_member(result, number) else { continue }
        description.members.append(
          GroupDescription.Member(
            clientID: String(cString: rd_kafka_MemberDescription_client_id(member)),
            host: String(cString: rd_kafka_MemberDescription_host(member))))
      }
    }
    return description
  }

  /// Deletes a consumer group with its committed offsets; returns whether it was there, as far as the broker tells.
  ///
  /// A group that has members gives ``KafkaErrorKind/groupInUse``; but not every broker refuses it, so look at
  /// ``describeGroup(_:timeoutMilliseconds:)`` first. A broker that offers no such request gives
  /// ``KafkaErrorKind/unsupported``.
  @discardableResult
  public func deleteGroup(_ name: String, timeoutMilliseconds: Int) throws(KafkaError) -> Bool {
    let operation = "delete the group \(name)"
    var request = rd_kafka_DeleteGroup_new(name)
    defer { rd_kafka_DeleteGroup_destroy(request) }
    let event = try perform(RD_KAFKA_ADMIN_OP_DELETEGROUPS, timeoutMilliseconds, operation: operation) {
      rd_kafka_DeleteGroups(client.pointer, &request, 1, $0, $1)
    }
    defer { rd_kafka_event_destroy(event) }
    var count = 0
    let results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &count)
    for result in UnsafeBufferPointer(start: results, count: count) {
      guard let error = rd_kafka_group_result_error(result) else { continue }
      if rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND { return false }
      throw KafkaError(borrowing: error, operation: operation)
    }
    return true
  }
}
