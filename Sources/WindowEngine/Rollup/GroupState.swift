/// What the windows of one group share: the keys, who was online, and where records go.
final class GroupState {
  let plan: EnginePlan
  let mode: PublishingMode
  let group: Int
  let pool: SketchPool
  let buffer: RecordBuffer
  var keys: KeyTable
  var online: OnlineViewers
  /// Whether a published sum has stopped at the limit of Int64.
  private(set) var hasSaturated = false
  /// Keys that got something new since the last live records.
  private(set) var touched: [Int] = []
  private var isTouched: [Bool] = []

  init(plan: EnginePlan, mode: PublishingMode, group: Int, pool: SketchPool, buffer: RecordBuffer) {
    self.plan = plan
    self.mode = mode
    self.group = group
    self.pool = pool
    self.buffer = buffer
    keys = KeyTable(fields: plan.groups[group].grouping.fields)
    online = OnlineViewers(paneLength: plan.time.pane)
  }

  /// How long after a window's end it can still change.
  var lateness: Int64 { plan.time.allowedLateness }

  func touch(_ slot: Int) {
    while isTouched.count <= slot { isTouched.append(false) }
    if isTouched[slot] { return }
    isTouched[slot] = true
    touched.append(slot)
    keys.retain(slot)
  }

  func forgetTouched() {
    for slot in touched {
      isTouched[slot] = false
      keys.release(slot)
    }
    touched.removeAll(keepingCapacity: true)
  }

  /// The distinct viewers of a key in [`from`, `to`), both multiples of the pane, ms; `isLive` if it is the current
  /// minute's.
  func online(_ slot: Int, from: Int64, to: Int64, isLive: Bool) -> Int64 {
    isLive
      ? online.liveCount(slot: slot, from: from, to: to, in: pool)
      : online.count(slot: slot, from: from, to: to, in: pool)
  }

  /// The values of `accumulator`, with `online` counted separately.
  func values(of accumulator: Accumulator, online: Int64) -> MetricValues {
    if accumulator.counters.isSaturated { hasSaturated = true }
    return MetricValues(
      counters: accumulator.counters, buyers: accumulator.buyers.estimate, viewers: accumulator.viewers.estimate,
      clickers: accumulator.clickers.estimate, online: online)
  }
}

/// What a window's state keeps of a key's last live record.
struct LiveState {
  var fingerprint: UInt64 = 0
  var end = Int64.min
  var isZero = false

  /// The state of a key of whose record only that it is out is known.
  static let unknown = LiveState(fingerprint: 0, end: 0, isZero: false)

  /// Whether a record is out that a dashboard still shows as more than zero.
  var isShowing: Bool { end != .min && !isZero }
}

/// How far the rollup has come.
struct RollupTime {
  /// Windows that end here or earlier are final: the least watermark of all source partitions, less the allowed
  /// lateness in ``PublishingMode/once``.
  var finalHorizon = Int64.min
  /// Windows that end here or earlier can no longer change.
  var closedHorizon = Int64.min
  /// The newest min(event time, record time), which goes on with the wall clock when all is idle.
  var newest = Int64.min
}

/// One kind of window over the keys of one group.
protocol WindowRollup: AnyObject {
  /// Adds what has newly come of a key in a pane.
  func add(_ delta: BlockEntry, slot: Int)
  /// Publishes again the final records that `add` changed since the last call.
  func publishRevisions()
  /// Publishes the records of the windows that have become final.
  func publishFinals(_ time: RollupTime)
  /// Publishes current values that differ from the last. `online` lists the keys whose online viewers may have changed.
  func publishLive(_ time: RollupTime, online: [Int])
  /// Drops what nobody will ask for again.
  func prune(_ time: RollupTime)
  /// How many keys have state.
  var keyCount: Int { get }
  /// Whether a live record is out that time alone will bring to zero.
  var isFading: Bool { get }
  /// Writes what is kept of a key.
  func write(slot: Int, to buffer: ByteBuffer)
  /// Takes back what ``write(slot:to:)`` wrote of a key that has no state here yet.
  func restore(slot: Int, from reader: inout ByteReader) throws(StateError)
  /// Goes on, after keys were restored and newer partials added, where records were published up to `time` and live
  /// ones up to `liveNewest`.
  func resume(_ time: RollupTime, liveNewest: Int64)
  /// The leaderboards, if it has any.
  var boards: Boards? { get }
}
