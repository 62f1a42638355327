import Kafka
import WindowEngine

/// Another process has started under this instance's name.
public struct InstanceTaken: Error, CustomStringConvertible {
  public let instance: String

  public var description: String {
    "another process has started as instance \(instance): give every instance its own name under `instance`"
  }
}

/// Who holds an instance's name: a record on the checkpoints topic that the process which started last has written.
///
/// A producer that is fenced cannot tell whether its transaction timed out, after which it may go on with new clients,
/// or whether a newer process holds its id, which it must leave alone.
struct InstanceClaim {
  let topic: StateTopic
  let instance: String
  /// Chosen at random by this process.
  let process: UInt64

  /// Claims the name for this process.
  func write(_ log: any TransactionalLog) throws(TransactionFailure) {
    try log.begin()
    let record = StateRecord(
      kind: .instance, stateID: 0, id: PieceID(generation: process, sequence: 0), contents: [])
    try log.write(
      OutgoingRecord(
        topic: topic.claims.topic, partition: topic.claims.partition, key: topic.key(instance: instance),
        value: record.encoded))
    _ = try log.flush()
    try log.commit([])
  }

  /// Throws ``InstanceTaken`` if another process has claimed the name later.
  func check(_ log: any CommittedLog) throws {
    var last: UInt64?
    try log.read(topic.claims, from: nil) { record in
      if record.key.elementsEqual(topic.key(instance: instance)), let value = record.value {
        last = try StateRecord(value).id.generation
      }
      return true
    }
    if let last, last != process { throw InstanceTaken(instance: instance) }
  }
}
