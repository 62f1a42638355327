import CLibrdkafka

/// Transactions. A thrown error's kind says what to do:
///
/// - ``KafkaErrorKind/retriable``: make the same call again.
/// - ``KafkaErrorKind/abortable``: ``abortTransaction(timeoutMilliseconds:)``, then start over. Also after the group
///   moved on (``KafkaError/isGroupChange``).
/// - ``KafkaErrorKind/fenced``, ``KafkaErrorKind/fatal``: this producer is finished.
extension Producer {
  /// Registers the transactional id, fences its previous producer, and waits for that one's open transaction to end.
  /// Called once, before anything is produced.
  public func initializeTransactions(timeoutMilliseconds: Int) throws(KafkaError) {
    try check(
      rd_kafka_init_transactions(client.pointer, librdkafkaTimeout(timeoutMilliseconds)),
      operation: "initialize transactions")
  }

  /// Opens a transaction; what is produced from here on belongs to it.
  public func beginTransaction() throws(KafkaError) {
    try check(rd_kafka_begin_transaction(client.pointer), operation: "begin a transaction")
  }

  /// Makes a group's offsets part of the transaction: they are committed with it or not at all.
  public func sendOffsets(
    _ offsets: [PartitionOffset], groupMetadata: ConsumerGroupMetadata, timeoutMilliseconds: Int
  ) throws(KafkaError) {
    let list = TopicPartitionList(offsets)
    try check(
      rd_kafka_send_offsets_to_transaction(
        client.pointer, list.pointer, groupMetadata.pointer, librdkafkaTimeout(timeoutMilliseconds)),
      operation: "send offsets to the transaction")
  }

  /// Flushes and commits. After a timeout the same call goes on where it was.
  public func commitTransaction(timeoutMilliseconds: Int) throws(KafkaError) {
    try check(
      rd_kafka_commit_transaction(client.pointer, librdkafkaTimeout(timeoutMilliseconds)),
      operation: "commit the transaction")
  }

  /// Gives up what is outstanding and aborts. After a timeout the same call goes on where it was.
  public func abortTransaction(timeoutMilliseconds: Int) throws(KafkaError) {
    try check(
      rd_kafka_abort_transaction(client.pointer, librdkafkaTimeout(timeoutMilliseconds)),
      operation: "abort the transaction")
  }

  private func check(_ error: OpaquePointer?, operation: String) throws(KafkaError) {
    if let error = KafkaError(consuming: error, operation: operation) { throw error }
  }
}
