import Kafka

/// Why a transaction was aborted.
public enum AbortCause: String, Sendable, CaseIterable {
  /// The consumer group moved on: normal in a rebalance, whoever owns the partitions now does the work again.
  case rebalance
  /// A broker did not answer in time, or the transaction lasted longer than brokers allow.
  case timeout
  /// A record is larger than its topic takes.
  case recordTooLarge = "record_too_large"
  /// A broker refused or failed, in a way that may pass.
  case broker
}

/// Why a transaction did not go through.
package enum TransactionFailure: Error, CustomStringConvertible {
  /// It must be aborted; the same work can then be tried again.
  case abort(AbortCause, String)
  /// The producer is finished, fenced or failed for good: only new clients and restored state help.
  case finished(String)
  /// Nothing but a change by the operator helps, e.g. a topic that may not be written to.
  case refused(any Error)

  package var description: String {
    switch self {
    case .abort(_, let text), .finished(let text): text
    case .refused(let error): "\(error)"
    }
  }
}

/// A record to be written as part of a transaction.
package struct OutgoingRecord {
  package var topic: String
  /// `nil` lets the key choose.
  package var partition: Int32?
  package var key: [UInt8]?
  package var value: [UInt8]?
  package var headers: [Header] = []
  /// Not 0: the record's offset is wanted, under this number.
  package var ticket = 0
}

/// What a committer needs of a transactional producer. One owner.
///
/// A transaction is begun, written to, flushed, and committed together with offsets; after a failure of kind
/// ``TransactionFailure/abort(_:_:)`` it is aborted and may be begun again.
package protocol TransactionalLog: AnyObject {
  func begin() throws(TransactionFailure)
  func write(_ record: OutgoingRecord) throws(TransactionFailure)
  /// The same without copying key and value first.
  func write(topic: String, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?)
    throws(TransactionFailure)
  /// Waits until everything that was written is in the log. Returns the offsets of the records with a ticket.
  func flush() throws(TransactionFailure) -> [Int: Int64]
  /// Commits what was written together with offsets of the consumer group, or nothing.
  func commit(_ offsets: [PartitionOffset]) throws(TransactionFailure)
  func abort() throws(TransactionFailure)
}

/// A record that was read.
package struct LogRecord {
  package var offset: Int64
  package var key: UnsafeRawBufferPointer
  package var value: UnsafeRawBufferPointer?

  package init(offset: Int64, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
    self.offset = offset
    self.key = key
    self.value = value
  }
}

/// What a restore needs of the brokers. One owner.
package protocol CommittedLog: AnyObject {
  /// The group's committed offsets, once no open transaction is about to change them; only those that there are.
  func committed(_ partitions: [TopicPartition]) throws -> [TopicPartition: PartitionOffset]
  /// Reads committed records from `start` on (`nil`: from the oldest) until `body` returns `false`.
  ///
  /// At the end of what can be read `isDone` is asked whether to stop; otherwise more is waited for, since the open
  /// transaction of another producer may hide what is behind it. Throws when that has been waited for too long.
  func read(
    _ partition: TopicPartition, from start: Int64?, isDone: () -> Bool, _ body: (LogRecord) throws -> Bool) throws
}

extension CommittedLog {
  /// Reads committed records from `start` on until `body` returns `false` or the end of what can be read is reached.
  package func read(
    _ partition: TopicPartition, from start: Int64?, _ body: (LogRecord) throws -> Bool
  ) throws {
    try read(partition, from: start, isDone: Self.always, body)
  }

  private static func always() -> Bool { true }
}

/// The two consumer groups of an instance.
public enum ConsumerRole: String, Sendable, CaseIterable {
  case ingest, rollup

  /// The group's name, and with the instance the transactional id.
  package func name(_ groupID: String) -> String { "\(groupID)-\(rawValue)" }
}
