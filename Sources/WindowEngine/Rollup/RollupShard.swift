/// The rollup of one shard: merges the partials of all source partitions into windows and prints their records.
///
/// A pure state machine with one owner. Feed it what one commit brought, blocks first and then the frontiers, then call
/// ``publish(now:)``, and take the records from ``records``.
public final class RollupShard {
  /// Later than any event; a source partition read to its end for good counts as having come here.
  static let endOfTime = Int64.max / 4

  /// What ``publish(now:)`` printed; empty it when it is taken over.
  public let records = RecordBuffer()
  /// The least watermark of the source partitions; `Int64.min` while one has none yet.
  public internal(set) var watermark = Int64.min
  /// Partials that came for a pane in which nothing can change any more, and were left out.
  public private(set) var droppedPartials = 0
  /// Whether some sum has stopped at the limit of Int64.
  public var isSaturated: Bool { groups.contains(where: \.hasSaturated) }

  let plan: EnginePlan
  private let mode: PublishingMode
  let pool = SketchPool()
  let groups: [GroupState]
  let windows: [[any WindowRollup]]
  private let needsOnline: [Bool]
  let contributions: [ContributionsBox]
  var sources: [Int: Frontier] = [:]
  private var expectedSources: Int
  private var entry = BlockEntry()
  var time = RollupTime()
  var newestEvent = Int64.min
  var liveNewest = Int64.min
  private var lastEmit = Int64.min
  private var prunedHorizon = Int64.min
  /// The segments that have changed since they were last copied.
  public internal(set) var changedSegments: Set<Int> = []
  /// While partials are read again: what the restored segments hold already.
  var restoring: ShardRestore?
  /// When all source partitions were first seen idle, wall clock, and the newest time then.
  private var idleSince: (now: Int64, newest: Int64)?

  final class ContributionsBox {
    var contents = Contributions()
  }

  /// A rollup that waits for `sources` source partitions to report before a window is final.
  public init(plan: EnginePlan, mode: PublishingMode, sources: Int) {
    self.plan = plan
    self.mode = mode
    expectedSources = sources
    let (pool, records) = (pool, records)
    let groups = plan.groups.indices.map {
      GroupState(plan: plan, mode: mode, group: $0, pool: pool, buffer: records)
    }
    self.groups = groups
    windows = plan.groups.indices.map { group in
      plan.groups[group].windows.map { window in
        switch plan.windows[window].kind {
        case .sliding(let size, let slide):
          SlidingRollup(state: groups[group], window: window, size: size, slide: slide) as any WindowRollup
        case .cumulative(let step, let timeZone):
          CumulativeRollup(state: groups[group], window: window, step: step, timeZone: timeZone)
        case .session(let gap): SessionRollup(state: groups[group], window: window, gap: gap)
        }
      }
    }
    needsOnline = plan.groups.map { group in
      mode == .continuous
        || group.windows.contains {
          switch plan.windows[$0].kind {
          case .sliding(let size, _): size > OnlineViewers.span
          case .cumulative: true
          case .session: false
          }
        }
    }
    contributions = plan.groups.map { _ in ContributionsBox() }
  }

  /// How many (window, key) states are held.
  public var keyCount: Int { windows.reduce(0) { $0 + $1.reduce(0) { $0 + $1.keyCount } } }

  /// Changes how many source partitions there are; one that has not reported yet holds the windows back.
  public func expect(sources: Int) { expectedSources = sources }

  // MARK: Input

  /// Takes a record of the partials topic: a block or frontiers. Those of another plan are left out.
  public func apply(partial bytes: UnsafeRawBufferPointer, offset: Int64 = .max) throws(StateError) {
    if bytes.count > 1 && bytes[1] == PartialKind.block { return try apply(bytes, offset: offset) }
    for frontier in try Frontier.read(bytes, plan: plan) { apply(frontier) }
  }

  /// Takes the partials of a block. `offset` is that of its record in the partials topic.
  public func apply(_ block: UnsafeRawBufferPointer, offset: Int64 = .max) throws(StateError) {
    var reader = try BlockReader(block, plan: plan)
    if !reader.isOfPlan { return }
    // Those of the entries' group, which changes rarely: fetching them for each entry would count references.
    var group = -1
    var (state, windows, contributions) = (groups[0], windows[0], contributions[0])
    while try reader.next(&entry) {
      if entry.group != group {
        group = entry.group
        (state, windows, contributions) = (groups[group], self.windows[group], self.contributions[group])
      }
      let segment = Self.segment(of: entry.hash)
      if let restoring {
        if restoring.holds(entry, segment: segment, offset: offset, paneLength: plan.time.pane) { continue }
      } else if (entry.pane + 1) * plan.time.pane <= time.closedHorizon {
        droppedPartials += 1
        continue
      }
      let slot = state.keys.slot(entry.hash, isOverflow: entry.isOverflow, text: entry.text)
      state.keys.retain(slot)
      defer { state.keys.release(slot) }
      if mode == .continuous {
        changedSegments.insert(segment)
        let isNew = contributions.contents.replace(
          &entry, slot: slot, source: reader.source, offset: reader.sourceOffset)
        if isNew { state.keys.retain(slot) }
        state.touch(slot)
      }
      if needsOnline[group], state.online.add(entry, slot: slot, in: pool) { state.keys.retain(slot) }
      for window in windows.indices { windows[window].add(entry, slot: slot) }
    }
  }

  /// Takes how far a source partition has come, unless it was further already.
  public func apply(_ frontier: Frontier) {
    if restoring != nil { return }
    if let known = sources[frontier.source],
      (known.sourceOffset, known.watermark) > (frontier.sourceOffset, frontier.watermark)
    {
      return
    }
    sources[frontier.source] = frontier
    newestEvent = max(newestEvent, frontier.newest)
  }

  /// Forgets a source partition that is no longer there.
  public func remove(source: Int) { sources[source] = nil }

  // MARK: Output

  /// Prints what has become final and what has changed since the last call.
  ///
  /// `now` is the wall clock, ms since the epoch; it paces live records and moves them on when all is idle.
  public func publish(now: Int64) {
    advance(now: now)
    forEachWindow { $0.publishRevisions() }
    forEachWindow { $0.publishFinals(time) }
    if mode == .continuous { publishLive(now: now) }
    prune()
  }

  /// Whether calling ``publish(now:)`` again later prints something although nothing comes: live windows that fall to
  /// zero while all source partitions are idle.
  public var isFading: Bool {
    idleSince != nil && windows.contains { $0.contains { $0.isFading } }
  }

  private func forEachWindow(_ body: (any WindowRollup) -> Void) {
    for group in windows { for window in group { body(window) } }
  }

  private func advance(now: Int64) {
    if sources.count >= expectedSources, let least = sources.values.map(\.watermark).min(), least > watermark {
      watermark = min(least, Self.endOfTime)
      time.closedHorizon = watermark - plan.time.allowedLateness
      time.finalHorizon = mode == .once ? time.closedHorizon : watermark
    }
    time.newest = max(time.newest, newestEvent)
    let isIdle = sources.count >= expectedSources && !sources.isEmpty && sources.values.allSatisfy(\.isIdle)
    if !isIdle {
      idleSince = nil
    } else if let idleSince {
      if time.newest != .min && isFading {
        time.newest = max(time.newest, idleSince.newest + max(0, now - idleSince.now))
      }
    } else {
      idleSince = (now, time.newest)
    }
  }

  private func publishLive(now: Int64) {
    if time.newest == .min { return }
    if lastEmit != .min && now - lastEmit < plan.time.emitInterval { return }
    lastEmit = now
    let pane = plan.time.pane
    let paneMoved = liveNewest == .min || plan.pane(of: liveNewest) != plan.pane(of: time.newest)
    // Whoever was online before the newest pane moved may be so no longer, and what is ahead of time comes in.
    let newEnd = (plan.pane(of: time.newest) + 1) * pane
    let oldEnd = liveNewest == .min ? newEnd - pane : (plan.pane(of: liveNewest) + 1) * pane
    for group in groups.indices {
      let state = groups[group]
      let online =
        paneMoved
        ? state.online.active.filter {
          state.online.has(slot: $0, from: oldEnd - OnlineViewers.span, to: newEnd - OnlineViewers.span)
            || state.online.has(slot: $0, from: oldEnd, to: newEnd)
        } : []
      for window in windows[group] { window.publishLive(time, online: online) }
      state.forgetTouched()
    }
    liveNewest = time.newest
  }

  /// Takes up publishing after a restore, see ``resume(_:)``.
  func forgetPublished() {
    prunedHorizon = .min
    for group in groups {
      if plan.time.emitInterval > 0 {
        // Which keys waited to be emitted is not known: all are looked at once.
        for slot in 0..<group.keys.slotCount where group.keys.isUsed(slot) { group.touch(slot) }
      } else {
        group.forgetTouched()
      }
    }
    records.removeAll()
    prune()
  }

  private func prune() {
    if time.closedHorizon == prunedHorizon { return }
    prunedHorizon = time.closedHorizon
    forEachWindow { $0.prune(time) }
    for group in groups.indices {
      let state = groups[group]
      state.online.prune(endingBy: time.closedHorizon - OnlineViewers.span, in: pool) { state.keys.release($0) }
      contributions[group].contents.prune(endingBy: time.closedHorizon, paneLength: plan.time.pane) {
        state.keys.release($0)
      }
    }
  }
}
