import Kafka

/// A consumer group with cooperative rebalancing: a partition has one owner at a time, and moves only when its owner has
/// given it up or is missed.
final class ConsumerGroup {
  static let sessionTimeout: Int64 = 6_000

  enum Event {
    case assigned([TopicPartition])
    case revoked([TopicPartition])
    /// The member was missed: others may have its partitions already.
    case lost
  }

  private struct Member {
    var lastBeat: Int64
    var generation: Int
  }

  var description: String {
    "\(name) members \(members.keys.sorted()), owners "
      + "\(partitions.map { "\(owners[$0] ?? 0)/\(targets[$0] ?? 0)" }.joined(separator: " "))"
  }

  let name: String
  private let partitions: [TopicPartition]
  private(set) var generation = 0
  private var members: [Int: Member] = [:]
  private var owners: [TopicPartition: Int] = [:]
  private var targets: [TopicPartition: Int] = [:]
  private(set) var rebalances = 0

  init(name: String, partitions: [TopicPartition]) {
    self.name = name
    self.partitions = partitions
  }

  func join(_ member: Int, now: Int64) {
    members[member] = Member(lastBeat: now, generation: generation)
    rebalance()
  }

  func leave(_ member: Int) {
    guard members.removeValue(forKey: member) != nil else { return }
    for (partition, owner) in owners where owner == member { owners[partition] = nil }
    rebalance()
  }

  func beat(_ member: Int, now: Int64) { members[member]?.lastBeat = now }

  func tick(now: Int64) {
    for (id, member) in members.sorted(by: { $0.key < $1.key }) where now - member.lastBeat > Self.sessionTimeout {
      leave(id)
    }
  }

  /// What a member is told; it answers a revocation with ``release(_:of:)``.
  func poll(_ member: Int) -> [Event] {
    guard members[member] != nil else { return [.lost] }
    members[member]!.generation = generation
    let revoked = partitions.filter { owners[$0] == member && targets[$0] != member }
    if !revoked.isEmpty { return [.revoked(revoked)] }
    let assigned = partitions.filter { owners[$0] == nil && targets[$0] == member }
    for partition in assigned { owners[partition] = member }
    return assigned.isEmpty ? [] : [.assigned(assigned)]
  }

  func release(_ partitions: [TopicPartition], of member: Int) {
    for partition in partitions where owners[partition] == member { owners[partition] = nil }
    // Giving up is followed by another round, in which the new owner gets them.
    generation += 1
  }

  /// Whether a transaction of this member may commit offsets (KIP-447).
  func accepts(_ member: Int) -> Bool { members[member].map { $0.generation == generation } ?? false }

  private func rebalance() {
    generation += 1
    rebalances += 1
    targets = [:]
    let ids = members.keys.sorted()
    if ids.isEmpty { return }
    let share = (partitions.count + ids.count - 1) / ids.count
    var counts: [Int: Int] = [:]
    for partition in partitions {
      if let owner = owners[partition], ids.contains(owner), counts[owner, default: 0] < share {
        targets[partition] = owner
        counts[owner, default: 0] += 1
      }
    }
    for partition in partitions where targets[partition] == nil {
      let least = ids.min { (counts[$0, default: 0], $0) < (counts[$1, default: 0], $1) }!
      targets[partition] = least
      counts[least, default: 0] += 1
    }
  }
}
