import Kafka
import Oracle

/// A transaction as its coordinator knows it.
final class Transaction {
  enum Status { case open, committed, aborted }

  let id: String
  let epoch: Int
  let began: Int64
  var status = Status.open
  /// The partitions it has written to, in order.
  var partitions: [TopicPartition] = []
  var offsets: [(group: String, offset: PartitionOffset)] = []
  /// Where its end has been marked: only there readers know of it.
  var marked: Set<TopicPartition> = []
  var areOffsetsApplied = false

  init(id: String, epoch: Int, began: Int64) {
    self.id = id
    self.epoch = epoch
    self.began = began
  }
}

/// Simulated brokers with Kafka's semantics of transactions: records of an open one hide what is behind them, those of
/// an aborted one are never shown, offsets count when it is committed, and the end is marked partition by partition.
final class Cluster {
  /// A record, or the mark of a transaction's end, which takes an offset as well.
  struct Entry {
    var key: [UInt8] = []
    var value: [UInt8]?
    var headers: [Header] = []
    var timestamp: Int64 = 0
    var transaction: Transaction?
    var isMark = false
  }

  final class Partition {
    var entries: [Entry] = []
    /// Up to here no open transaction hides anything.
    var stableEnd = 0
  }

  static let transactionTimeout: Int64 = 5_000
  private var partitions: [TopicPartition: Partition] = [:]
  private var producers: [String: (epoch: Int, open: Transaction?)] = [:]
  private var committed: [String: [TopicPartition: PartitionOffset]] = [:]
  private var marks: [(due: Int64, transaction: Transaction, partition: TopicPartition?)] = []
  private(set) var timedOut = 0
  /// Partitions of each topic, for keys to choose from.
  let partitionCounts: [String: Int]

  init(partitionCounts: [String: Int]) { self.partitionCounts = partitionCounts }

  func partition(_ name: TopicPartition) -> Partition {
    if let known = partitions[name] { return known }
    let new = Partition()
    partitions[name] = new
    return new
  }

  /// What a `read_committed` reader sees from an offset on, and the offset behind it.
  func read(_ name: TopicPartition, from start: Int, limit: Int = .max) -> (records: [(Int, Entry)], next: Int) {
    let partition = partition(name)
    moveStableEnd(partition, name)
    var records: [(Int, Entry)] = []
    var at = start
    while at < partition.stableEnd && records.count < limit {
      let entry = partition.entries[at]
      if !entry.isMark && entry.transaction?.status != .aborted { records.append((at, entry)) }
      at += 1
    }
    return (records, max(at, start))
  }

  func isAtEnd(_ name: TopicPartition, _ offset: Int) -> Bool {
    let partition = partition(name)
    moveStableEnd(partition, name)
    return offset >= partition.stableEnd
  }

  private func moveStableEnd(_ partition: Partition, _ name: TopicPartition) {
    while partition.stableEnd < partition.entries.count {
      if let transaction = partition.entries[partition.stableEnd].transaction, !transaction.marked.contains(name) {
        return
      }
      partition.stableEnd += 1
    }
  }

  // MARK: Producers

  /// Registers a transactional id: its previous holder is fenced, and the transaction it left open is aborted.
  func register(_ id: String, now: Int64) -> Int {
    if let open = producers[id]?.open { end(open, .aborted, now: now, delay: { 0 }) }
    let epoch = (producers[id]?.epoch ?? 0) + 1
    producers[id] = (epoch, nil)
    return epoch
  }

  /// Whether the end of a transaction of this id is still being marked.
  func isEnding(_ id: String) -> Bool { marks.contains { $0.transaction.id == id } }

  func isCurrent(_ id: String, epoch: Int) -> Bool { producers[id]?.epoch == epoch }

  func begin(_ id: String, epoch: Int, now: Int64) -> Transaction {
    let transaction = Transaction(id: id, epoch: epoch, began: now)
    if isCurrent(id, epoch: epoch) { producers[id]!.open = transaction }
    return transaction
  }

  func append(_ entry: Entry, to name: TopicPartition) -> Int {
    let partition = partition(name)
    if let transaction = entry.transaction, !transaction.partitions.contains(name) {
      transaction.partitions.append(name)
    }
    partition.entries.append(entry)
    return partition.entries.count - 1
  }

  /// Decides a transaction; each partition is told a little later.
  func end(_ transaction: Transaction, _ status: Transaction.Status, now: Int64, delay: () -> Int64) {
    guard transaction.status == .open else { return }
    transaction.status = status
    if producers[transaction.id]?.open === transaction { producers[transaction.id]!.open = nil }
    for partition in transaction.partitions { marks.append((now + delay(), transaction, partition)) }
    marks.append((now + delay(), transaction, nil))
    tick(now: now)
  }

  /// What time brings about: marks arrive, and transactions that lasted too long are aborted and their producers fenced.
  func tick(now: Int64) {
    for (id, producer) in producers.sorted(by: { $0.key < $1.key }) {
      if let open = producer.open, now - open.began > Self.transactionTimeout {
        timedOut += 1
        producers[id]!.epoch += 1
        end(open, .aborted, now: now, delay: { 0 })
      }
    }
    let due = marks.filter { $0.due <= now }
    if due.isEmpty { return }
    marks.removeAll { $0.due <= now }
    for mark in due {
      if let name = mark.partition {
        mark.transaction.marked.insert(name)
        partition(name).entries.append(Entry(isMark: true))
      } else {
        mark.transaction.areOffsetsApplied = true
        if mark.transaction.status == .committed {
          for (group, offset) in mark.transaction.offsets { commit(offset, group: group) }
        }
      }
    }
  }

  func commit(_ offset: PartitionOffset, group: String) {
    committed[group, default: [:]][offset.partition] = offset
  }

  /// A group's committed offset; `isStable` is false while a transaction is about to change it.
  func committedOffset(_ partition: TopicPartition, group: String) -> (offset: PartitionOffset?, isStable: Bool) {
    func concerns(_ transaction: Transaction) -> Bool {
      transaction.offsets.contains { $0.group == group && $0.offset.partition == partition }
    }
    let isStable =
      !producers.values.contains { $0.open.map(concerns) ?? false }
      && !marks.contains { $0.partition == nil && concerns($0.transaction) }
    return (committed[group]?[partition], isStable)
  }
}
