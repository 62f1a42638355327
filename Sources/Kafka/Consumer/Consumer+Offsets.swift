import CLibrdkafka

extension Consumer {
  /// Commits offsets and waits for the answer.
  public func commit(_ offsets: [PartitionOffset]) throws(KafkaError) {
    let operation = "commit offsets"
    let list = TopicPartitionList(offsets)
    let code = rd_kafka_commit(client.pointer, list.pointer, 0)
    if let error = list.pointer.firstError(operation: operation) { throw error }
    try check(code, operation: operation)
  }

  /// Sends offsets to be committed; the answer comes as ``ClientEvent/offsetsCommitted(_:_:)``.
  public func commitAsynchronously(_ offsets: [PartitionOffset]) throws(KafkaError) {
    let list = TopicPartitionList(offsets)
    try check(rd_kafka_commit(client.pointer, list.pointer, 1), operation: "commit offsets")
  }

  /// The group's committed offsets, with their metadata; partitions without one are left out.
  ///
  /// With `isolation.level=read_committed`, the default, an offset that an open transaction is about to change is
  /// waited for (KIP-447's stable offsets).
  public func committed(_ partitions: [TopicPartition], timeoutMilliseconds: Int) throws(KafkaError)
    -> [PartitionOffset]
  {
    let operation = "fetch committed offsets"
    let list = TopicPartitionList(partitions)
    let code = rd_kafka_committed(client.pointer, list.pointer, librdkafkaTimeout(timeoutMilliseconds))
    try check(code, operation: operation)
    if let error = list.pointer.firstError(operation: operation) { throw error }
    return list.pointer.offsets
  }

  /// The offsets behind the last records taken out of each queue; partitions with none are left out.
  public func positions(_ partitions: [TopicPartition]) throws(KafkaError) -> [PartitionOffset] {
    let operation = "tell positions"
    let list = TopicPartitionList(partitions)
    try check(rd_kafka_position(client.pointer, list.pointer), operation: operation)
    return list.pointer.offsets
  }

  /// Asks the broker which offsets the partition holds.
  public func watermarks(of partition: TopicPartition, timeoutMilliseconds: Int) throws(KafkaError) -> Watermarks {
    var watermarks = Watermarks(low: 0, high: 0)
    let code = rd_kafka_query_watermark_offsets(
      client.pointer, partition.topic, partition.partition, &watermarks.low, &watermarks.high,
      librdkafkaTimeout(timeoutMilliseconds))
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      throw KafkaError(code: code, operation: "query watermarks").at(partition)
    }
    return watermarks
  }

  /// One behind the newest offset, as of the last fetch from the partition; nil before the first. Nothing is asked.
  public func lastSeenEnd(of partition: TopicPartition) -> Int64? {
    var watermarks = Watermarks(low: 0, high: 0)
    let code = rd_kafka_get_watermark_offsets(
      client.pointer, partition.topic, partition.partition, &watermarks.low, &watermarks.high)
    return code == RD_KAFKA_RESP_ERR_NO_ERROR && watermarks.high >= 0 ? watermarks.high : nil
  }

  /// Who this consumer is in its group now, for ``Producer/sendOffsets(_:groupMetadata:timeoutMilliseconds:)``.
  public func groupMetadata() throws(KafkaError) -> ConsumerGroupMetadata {
    guard let pointer = rd_kafka_consumer_group_metadata(client.pointer) else {
      throw KafkaError(code: RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, operation: "tell the group membership")
    }
    return ConsumerGroupMetadata(taking: pointer)
  }
}
