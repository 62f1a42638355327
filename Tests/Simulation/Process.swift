import Kafka
import LiveEvents
import Pipeline
import WindowEngine

/// A simulated `livetally run`: the real lanes' sources, committers and stores, with the threads' loops as steps.
final class Process {
  private static let lanes = 2
  private static let outboxCapacity = 4
  private static let releaseTries = 3
  private static let commitLimit = 8

  private final class Lane {
    var owned: [OwnedSource] = []
    var outbox: [HandOver] = []
    var nextHandOver: Int64 = 0
  }

  let name: String
  private unowned let world: World
  private(set) var hasCrashed = false
  /// Ended in an orderly way, or gave way to a newer process of its name.
  private(set) var hasEnded = false
  var isPaused = false
  /// Another process holds its name.
  var isReplaced = false
  private var members: [ConsumerRole: Int] = [:]
  private var sources: Sources
  private var lanes: [Lane] = []
  /// Where each owned source partition is read next.
  private var positions: [Int: Int] = [:]
  private var committer: IngestCommitter!
  private var rollup: RollupCommitter!
  private var store: [ConsumerRole: StateStore] = [:]
  private var shardPositions: [Int: Int] = [:]
  private var followed = 0
  private var lastRefresh: Int64 = 0
  private var lastTick: Int64 = 0
  /// Threads in the middle of something that has to be finished first.
  private var busy: Set<ConsumerRole> = []

  var description: String {
    "\(name) as \(member(.ingest)), \(member(.rollup)) reads \(positions.sorted { $0.key < $1.key }), rolls up \(shardPositions.sorted { $0.key < $1.key }), "
      + "outboxes \(lanes.map(\.outbox.count)), waiting \(committer.waitingCount), busy \(busy.count), "
      + "needs restart \(needsRestart), retries \(rollup.mustRetry)"
  }

  var isRunning: Bool { !hasCrashed && !hasEnded }

  init(_ world: World, name: String) {
    self.world = world
    self.name = name
    sources = Sources(world.partitions)
    open()
  }

  func member(_ role: ConsumerRole) -> Int { members[role] ?? -1 }

  /// New clients and no state: at the start, and after a producer was fenced or failed.
  private func open() {
    leaveGroups()
    sources = Sources(world.partitions)
    lanes = (0..<Self.lanes).map { _ in Lane() }
    positions = [:]
    shardPositions = [:]
    followed = world.cluster.read(world.partials(0), from: 0).next
    committer = IngestCommitter(
      plan: world.plan, topic: world.topic, sources: sources, log: SimulatedProducer(world, self, role: .ingest))
    rollup = RollupCommitter(
      plan: world.plan, topic: world.topic, sources: world.partitions.count,
      log: SimulatedProducer(world, self, role: .rollup), maxKeptBytes: world.maxKeptBytes)
    if world.has(.rejectsReleasedEarly) { committer.mutations = .rejectsReleasedEarly }
    for role in ConsumerRole.allCases {
      var one = StateStore(plan: world.plan, topic: world.topic, log: SimulatedReader(world, self, role: role))
      if world.has(.openPanesNotRestored) { one.mutations.insert(.openPanesNotRestored) }
      if world.has(.idsNotRestored) { one.mutations.insert(.idsNotRestored) }
      if world.has(.newestCheckpoint) { one.mutations.insert(.newestCheckpoint) }
      store[role] = one
      members[role] = world.nextMember()
      world.group(role).join(members[role]!, now: world.now)
    }
  }

  private func leaveGroups() {
    for (role, member) in members.sorted(by: { $0.key.rawValue < $1.key.rawValue }) { world.group(role).leave(member) }
    members = [:]
  }

  func crash() { hasCrashed = true }

  /// Heartbeats come from a thread of their own, which only a pause stops.
  func beat() {
    if isPaused || !isRunning { return }
    for (role, member) in members { world.group(role).beat(member, now: world.now) }
  }

  /// The orderly end: what was counted is committed, then the groups are left.
  func stop() {
    if !busy.isEmpty { return }
    guard ending(.ingest, { try release(Array(positions.keys), commits: true) }), isRunning else { return }
    leaveGroups()
    hasEnded = true
  }

  // MARK: Steps

  func step() {
    switch world.random(0..<10) {
    case 0: doing(.ingest) { try serveIngest() }
    case 1, 2, 3: readLane()
    case 4, 5: doing(.ingest) { try commit() }
    case 6: doing(.rollup) { try serveRollup() }
    default: doing(.rollup) { try rollUp() }
    }
  }

  /// Runs one thread's work, unless that thread is in the middle of something.
  private func doing(_ role: ConsumerRole, _ body: () throws -> Void) { _ = ending(role, body) }

  private func ending(_ role: ConsumerRole, _ body: () throws -> Void) -> Bool {
    if busy.contains(role) || !isRunning { return false }
    busy.insert(role)
    defer { busy.remove(role) }
    do {
      try body()
      return true
    } catch is TransactionFailure {
      finish()
    } catch is Crashed {
      if !hasCrashed { finish() }
    } catch {
      world.violate(.progress, "\(name): \(error)")
      hasCrashed = true
    }
    return false
  }

  /// A producer is finished: give way to a newer process, or begin anew once no thread is in the middle of anything.
  private func finish() {
    if hasCrashed { return }
    if isReplaced {
      leaveGroups()
      hasEnded = true
    } else {
      needsRestart = true
    }
  }

  private(set) var needsRestart = false

  /// Begins a new session if one is due.
  func restartIfDue() {
    guard needsRestart, busy.isEmpty, isRunning, !isPaused else { return }
    needsRestart = false
    if isReplaced { return finish() }
    open()
  }

  // MARK: Ingest

  private func lane(of source: Int) -> Lane { lanes[source % lanes.count] }

  private func serveIngest() throws {
    if needsRestart { return }
    follow()
    let member = member(.ingest)
    for event in world.group(.ingest).poll(member) {
      switch event {
      case .assigned(let partitions): try take(partitions)
      case .revoked(let partitions):
        world.faults.add(.rebalance)
        try release(partitions.map { sources.number(of: $0)! }, commits: true)
        if isRunning { world.group(.ingest).release(partitions, of: member) }
      case .lost:
        try release(Array(positions.keys), commits: false)
        members[.ingest] = world.nextMember()
        world.group(.ingest).join(self.member(.ingest), now: world.now)
      }
    }
  }

  private func take(_ partitions: [TopicPartition]) throws {
    let store = store[.ingest]!
    let committed = try SimulatedReader(world, self, role: .ingest).committed(partitions)
    for partition in partitions {
      var restored: StateStore.Lane?
      if case .state(let found) = try store.lane(partition, committed: committed[partition]) {
        restored = found
        world.faults.add(.restore)
        if found.checkpoint.sourceOffset != committed[partition]!.offset {
          world.violate(
            .restoredOffset,
            "\(partition) restored at \(found.checkpoint.sourceOffset), committed is \(committed[partition]!.offset)")
        }
      }
      let source = try OwnedSource(
        partition, setup: world.setup, sources: sources, shards: world.topic.shardCount,
        keepsDuplicates: world.keepsDuplicates, generation: world.nextGeneration(), restored: restored, now: world.now)
      committer.own(source.source, generation: source.generation, restored: restored)
      positions[source.source] = Int(source.nextOffset)
      lane(of: source.source).owned.append(source)
    }
  }

  private func release(_ numbers: [Int], commits: Bool) throws {
    for number in numbers {
      let lane = lane(of: number)
      for one in lane.owned where one.source == number {
        if commits, let handOver = one.handOver() { lane.outbox.append(handOver) }
        one.release()
      }
      lane.owned.removeAll { $0.source == number }
      positions[number] = nil
    }
    gather(limit: .max)
    for _ in 0..<Self.releaseTries where commits && committer.hasWork { try commit() }
    for number in numbers { committer.disown(number) }
  }

  /// Looks how far the others have come.
  private func follow() {
    let (records, next) = world.cluster.read(world.partials(0), from: followed)
    followed = next
    for (_, entry) in records {
      guard let value = entry.value else { continue }
      let frontiers = try? value.withUnsafeBytes { try Frontier.read($0, plan: world.plan) }
      for frontier in frontiers ?? [] { sources.note(frontier) }
    }
  }

  private func readLane() {
    if !isRunning || needsRestart { return }
    let lane = world.pick(lanes)
    if lane.outbox.count >= Self.outboxCapacity || lane.owned.isEmpty { return }
    let one = world.pick(lane.owned)
    if sources.mayRead(one.source, maxSkew: world.plan.time.maxSkew) {
      read(one, into: lane)
    } else {
      one.noteObstacle(now: world.now)
    }
    if world.now < lane.nextHandOver { return }
    lane.nextHandOver = world.now + world.plan.time.commitInterval
    for one in lane.owned {
      one.judgeIdleness(now: world.now, sources: sources)
      if let handOver = one.handOver() { lane.outbox.append(handOver) }
    }
  }

  private func read(_ one: OwnedSource, into lane: Lane) {
    let position = positions[one.source]!
    let (records, next) = world.cluster.read(one.partition, from: position, limit: world.random(1..<30))
    if !records.isEmpty {
      one.beginRecords()
      // What is read stays until it has been counted.
      let bytes = UnsafeMutableRawBufferPointer.allocate(
        byteCount: records.reduce(0) { $0 + $1.1.value!.count }, alignment: 1)
      defer { bytes.deallocate() }
      var end = 0
      for (offset, entry) in records {
        if world.has(.globalLateness), let mark = globalWatermark { one.advance(to: mark) }
        let payload = UnsafeMutableRawBufferPointer(rebasing: bytes[end..<(end + entry.value!.count)])
        payload.copyBytes(from: entry.value!)
        end += payload.count
        let mustHandOver = one.take(
          UnsafeRawBufferPointer(payload), recordTimestamp: entry.timestamp, offset: Int64(offset))
        if mustHandOver, let handOver = one.handOver() { lane.outbox.append(handOver) }
      }
      one.endRecords(nextOffset: Int64(next), now: world.now)
      positions[one.source] = next
    }
    if world.cluster.isAtEnd(one.partition, next) { one.noteEnd(Int64(next)) }
  }

  private var globalWatermark: Int64? {
    sources.numbers.map { sources.progress(of: $0).watermark.load(ordering: .relaxed) }.max().flatMap {
      $0 == .min ? nil : $0
    }
  }

  private func gather(limit: Int) {
    var count = 0
    for lane in lanes {
      while count < limit, !lane.outbox.isEmpty {
        committer.take(lane.outbox.removeFirst())
        count += 1
      }
    }
    // What may wait: a full commit, and what the outboxes held when partitions were given up.
    let bound = Self.commitLimit + Self.lanes * (Self.outboxCapacity + world.partitions.count)
    if committer.waitingCount > bound {
      world.violate(.memory, "\(committer.waitingCount) hand-overs wait in \(name), \(bound) may")
    }
  }

  private func commit() throws {
    if needsRestart { return }
    gather(limit: Self.commitLimit - committer.waitingCount)
    let refreshes = world.now - lastRefresh >= 5_000
    if refreshes { lastRefresh = world.now }
    if case .aborted = try committer.commit(refreshesFrontiers: refreshes), world.has(.seekAfterAbort) {
      for number in positions.keys {
        let partition = sources.partition(of: number)
        let committed = world.cluster.committedOffset(partition, group: world.group(.ingest).name).offset
        positions[number] = Int(committed?.offset ?? 0)
      }
    }
  }

  // MARK: Rollup

  private func serveRollup() throws {
    if needsRestart { return }
    let member = member(.rollup)
    for event in world.group(.rollup).poll(member) {
      switch event {
      case .assigned(let partitions): try takeShards(partitions.map { Int($0.partition) })
      case .revoked(let partitions):
        world.faults.add(.rebalance)
        try giveUpShards(partitions.map { Int($0.partition) })
        world.group(.rollup).release(partitions, of: member)
      case .lost:
        try giveUpShards(rollup.numbers)
        members[.rollup] = world.nextMember()
        world.group(.rollup).join(self.member(.rollup), now: world.now)
      }
    }
  }

  private func giveUpShards(_ shards: [Int]) throws {
    let ahead = rollup.disown(shards)
    for shard in shards { shardPositions[shard] = nil }
    try takeShards(ahead)
  }

  private func takeShards(_ shards: [Int]) throws {
    let reader = SimulatedReader(world, self, role: .rollup)
    let committed = try reader.committed(shards.map(world.partials))
    for shard in shards {
      let partition = world.partials(shard)
      var restored: StateStore.Shard?
      if case .state(let found) = try store[.rollup]!.shard(shard, committed: committed[partition]) {
        restored = found
        world.faults.add(.restore)
        if found.head.partialsOffset != committed[partition]!.offset {
          world.violate(.restoredOffset, "\(partition) is not restored at its committed offset")
        }
      }
      try rollup.own(
        shard, generation: world.nextGeneration(), restored: restored, start: committed[partition]?.offset ?? 0,
        now: world.now
      ) { from, to, body in
        try reader.read(partition, from: from) { record in
          if record.offset < to { try body(record) }
          return record.offset + 1 < to
        }
      }
      shardPositions[shard] = Int(committed[partition]?.offset ?? 0)
    }
  }

  private func rollUp() throws {
    if needsRestart { return }
    var taken = false
    if !rollup.mustRetry {
      for shard in rollup.numbers {
        let limit = world.isSlow ? 1 : world.random(1..<20)
        let (records, next) = world.cluster.read(world.partials(shard), from: shardPositions[shard]!, limit: limit)
        for (offset, entry) in records {
          try entry.value!.withUnsafeBytes { try rollup.take($0, shard: shard, offset: Int64(offset)) }
          taken = true
        }
        shardPositions[shard] = next
      }
    }
    if !taken && !rollup.mustRetry && world.now - lastTick < 200 { return }
    lastTick = world.now
    if case .lost = try rollup.commit(now: world.now) {
      world.faults.add(.givenUp)
      try takeShards(Array(shardPositions.keys.sorted()))
    }
  }
}
