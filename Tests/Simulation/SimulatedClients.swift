import Kafka
import Pipeline

/// The process that asked is no more.
struct Crashed: Error {}

/// A transactional producer of a simulated process.
final class SimulatedProducer: TransactionalLog {
  private unowned let world: World
  private unowned let process: Process
  private let id: String
  private let epoch: Int
  private let role: ConsumerRole
  private var transaction: Transaction?
  private var offsets: [Int: Int64] = [:]

  init(_ world: World, _ process: Process, role: ConsumerRole) {
    self.world = world
    self.process = process
    self.role = role
    id = "\(process.name)-\(role.rawValue)"
    while world.cluster.isEnding(id) { world.pass(milliseconds: 10) }
    epoch = world.cluster.register(id, now: world.now)
  }

  private func request() throws(TransactionFailure) {
    switch world.request(of: process) {
    case .answered: break
    case .crashed: throw .finished("the process has crashed")
    case .unanswered: throw .abort(.timeout, "no broker answers")
    }
    if !world.has(.noFencing) && !world.cluster.isCurrent(id, epoch: epoch) { throw .finished("\(id) is fenced") }
  }

  /// The coordinator takes up nothing new before the end of the last transaction is marked everywhere.
  private func awaitMarks() {
    while world.cluster.isEnding(id) { world.pass(milliseconds: 10) }
  }

  func begin() throws(TransactionFailure) {
    try request()
    awaitMarks()
    offsets = [:]
    transaction = world.cluster.begin(id, epoch: epoch, now: world.now)
  }

  func write(_ record: OutgoingRecord) throws(TransactionFailure) {
    try write(record.topic, record.partition, record.key ?? [], record.value, record.headers, record.ticket)
  }

  func write(
    topic: String, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?
  ) throws(TransactionFailure) {
    try write(topic, partition, key.map(Array.init) ?? [], value.map(Array.init), [], 0)
  }

  private func write(
    _ topic: String, _ partition: Int32?, _ key: [UInt8], _ value: [UInt8]?, _ headers: [Header], _ ticket: Int
  ) throws(TransactionFailure) {
    // Not every record is a request of its own.
    if world.chance(4) { try request() }
    // A broker takes nothing of a transaction that its coordinator has ended.
    if let transaction, transaction.status != .open { throw .finished("the transaction was ended by its coordinator") }
    let number = partition ?? world.partition(of: key, in: topic)
    let entry = Cluster.Entry(
      key: key, value: value, headers: headers, transaction: world.has(.noTransaction) ? nil : transaction)
    let offset = world.cluster.append(entry, to: TopicPartition(topic, number))
    if ticket != 0 { offsets[ticket] = Int64(offset) }
  }

  func flush() throws(TransactionFailure) -> [Int: Int64] {
    try request()
    return offsets
  }

  func commit(_ offsets: [PartitionOffset]) throws(TransactionFailure) {
    try request()
    let group = world.group(role)
    if !offsets.isEmpty && !world.has(.noFencing) && !group.accepts(process.member(role)) {
      throw .abort(.rebalance, "the group has moved on")
    }
    guard let transaction else { throw .finished("no transaction is open") }
    transaction.offsets = offsets.map { (group.name, $0) }
    try request()
    if transaction.status != .open { throw .finished("the transaction was ended by its coordinator") }
    world.cluster.end(transaction, .committed, now: world.now) { world.delay() }
    if world.chance(3) && world.injects {
      // The coordinator takes a second request for what it has done already.
      world.faults.add(.duplicatedRequest)
      world.cluster.end(transaction, .committed, now: world.now) { world.delay() }
    }
    self.transaction = nil
    if world.strikes(.lostAcknowledgement) { throw .finished("the outcome of the commit is not known") }
    if process.hasCrashed { throw .finished("the process has crashed") }
  }

  func abort() throws(TransactionFailure) {
    if process.hasCrashed { throw .finished("the process has crashed") }
    world.faults.add(.abort)
    guard let transaction else { return }
    self.transaction = nil
    if transaction.status != .open { throw .finished("the transaction was ended by its coordinator") }
    world.cluster.end(transaction, .aborted, now: world.now) { world.delay() }
  }
}

/// What a simulated process reads of the log when it restores.
final class SimulatedReader: CommittedLog {
  /// How often a reader waits for what an open transaction hides.
  private static let patience = 400

  private unowned let world: World
  private unowned let process: Process
  private let role: ConsumerRole

  init(_ world: World, _ process: Process, role: ConsumerRole) {
    self.world = world
    self.process = process
    self.role = role
  }

  func committed(_ partitions: [TopicPartition]) throws -> [TopicPartition: PartitionOffset] {
    var found: [TopicPartition: PartitionOffset] = [:]
    for partition in partitions {
      var tries = 0
      while true {
        if world.request(of: process) == .crashed { throw Crashed() }
        let (offset, isStable) = world.cluster.committedOffset(partition, group: world.group(role).name)
        if isStable {
          found[partition] = offset
          break
        }
        tries += 1
        if tries > Self.patience { throw Crashed() }
        world.pass(milliseconds: 50)
      }
    }
    return found
  }

  func read(
    _ partition: TopicPartition, from start: Int64?, isDone: () -> Bool, _ body: (LogRecord) throws -> Bool
  ) throws {
    var at = Int(start ?? 0)
    for _ in 0..<Self.patience {
      if world.request(of: process) == .crashed { throw Crashed() }
      let (records, next) = world.cluster.read(partition, from: at)
      at = next
      for (offset, entry) in records {
        let goesOn = try entry.key.withUnsafeBytes { key in
          try entry.value.withBytes { try body(LogRecord(offset: Int64(offset), key: key, value: $0)) }
        }
        if !goesOn { return }
      }
      if isDone() { return }
      world.pass(milliseconds: 50)
    }
    throw Crashed()
  }
}

extension [UInt8]? {
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer?) throws -> Result) rethrows -> Result {
    guard let self else { return try body(nil) }
    return try self.withUnsafeBytes { try body($0) }
  }
}
