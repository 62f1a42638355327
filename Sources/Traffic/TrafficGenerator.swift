/// Makes the traffic of a live-commerce platform, one event after the other, in the order of arrival.
///
/// ```swift
/// var generator = TrafficGenerator(try TrafficOptions(seed: 7))
/// for _ in 0..<1_000 {
///   let event = generator.next()
///   file(for: event.topic).append(event.bytes)
/// }
/// print(generator.summary.count(of: .paid))
/// ```
///
/// Broadcasts start and end, each by a host of an agency on one channel, showing its products in turn. Viewers enter
/// (in waves), watch, like, comment, leave; some who see a product click, put it into their cart, order, pay, and
/// send it back later. Flash sales multiply a broadcast's traffic for half a minute. Hosts, products and viewers are
/// unequally popular. Events arrive up to 4.5 s after they happened, in the order of arrival; see ``TrafficOptions``
/// for those that are later, repeated or broken.
///
/// Deterministic: it reads no clock, and its arithmetic is + - * / of integers and doubles, which IEEE 754
/// defines to the last bit. Memory is bounded by the options. One thread may use it at a time.
public struct TrafficGenerator: ~Copyable {
  /// What was made so far.
  public var summary: TrafficSummary {
    var result = counts
    result.broadcastsStarted = stage.started
    result.broadcastsEnded = stage.ended
    result.flashSales = stage.flashSales
    return result
  }

  let options: TrafficOptions
  let behaviour = Behaviour()
  let catalog: Catalog
  var random: Random
  var stage: Stage
  var planned: CalendarQueue
  var counts = TrafficSummary()
  /// Orders placed so far; numbers the next.
  var orders: UInt64 = 0
  private var renderer: EventRenderer
  private let millisecondsPerEvent: Double
  private let lateShare, delayedShare, foreignShare, duplicateShare, garbageShare: Probability
  private let tooLargeShare = Probability(1.0 / 32)

  /// A generator at the beginning of its run. Sets up hosts, products and the broadcasts on air, in some milliseconds.
  public init(_ options: TrafficOptions) {
    self.options = options
    random = Random(seed: options.seed)
    catalog = Catalog(options, random: &random)
    stage = Stage(options, catalog: catalog, random: &random)
    planned = CalendarQueue(start: options.start, limit: options.plannedLimit)
    renderer = EventRenderer(options)
    millisecondsPerEvent = 1_000 / options.rate
    lateShare = Probability(options.late)
    delayedShare = Probability(options.late + options.tooLate)
    foreignShare = Probability(options.foreign)
    duplicateShare = Probability(options.duplicates)
    garbageShare = Probability(options.garbage)
  }

  /// Makes the next event.
  public mutating func next() -> GeneratedEvent {
    let now = options.start + Int64(Double(counts.events) * millisecondsPerEvent)
    if now >= stage.nextRefresh { stage.refresh(at: now, catalog: catalog, random: &random) }
    if random.happens(garbageShare) { return emitGarbage(at: now) }
    if var draft = planned.takeDue(at: now) {
      if draft.traits.contains(.duplicate) { return emit(draft, .duplicate, at: now) }
      // At a low rate an event waits for its turn; it then happens later, never out of bounds.
      if draft.traits.isDisjoint(with: .delayed) {
        draft.eventTime = max(draft.eventTime, now - Behaviour.longestDelivery)
      }
      return emitValid(draft, at: now)
    }
    return emitValid(spontaneousDraft(at: now), at: now)
  }

  /// Emits `draft` and plans what follows from it.
  private mutating func emitValid(_ draft: EventDraft, at now: Int64) -> GeneratedEvent {
    planConsequences(of: draft, at: now)
    let disposition: GeneratedEvent.Disposition =
      draft.traits.isDisjoint(with: .delayed) ? .onTime : draft.traits.contains(.late) ? .late : .tooLate
    if draft.type.topic == .purchases, disposition == .onTime, random.happens(duplicateShare) {
      var repeated = draft
      repeated.traits.insert(.duplicate)
      plan(repeated, due: now + behaviour.repetition.sample(&random))
    }
    return emit(draft, disposition, at: now)
  }

  private mutating func emit(
    _ draft: EventDraft, _ disposition: GeneratedEvent.Disposition, at now: Int64
  ) -> GeneratedEvent {
    renderer.render(draft, catalog: catalog)
    return deliver(draft, disposition, at: now)
  }

  private mutating func emitGarbage(at now: Int64) -> GeneratedEvent {
    let kind = pickGarbageKind()
    var draft = rawMaterial(kind.requiredType, at: now)
    draft.traits = []
    renderer.render(draft, catalog: catalog)
    renderer.replaceText(
      GarbagePress.text(of: kind, from: Array(renderer.bytes), eventTime: draft.eventTime, random: &random))
    return deliver(draft, .garbage(kind), at: now)
  }

  private mutating func deliver(
    _ draft: EventDraft, _ disposition: GeneratedEvent.Disposition, at now: Int64
  ) -> GeneratedEvent {
    counts.record(draft, disposition, byteCount: renderer.count)
    return GeneratedEvent(
      topic: draft.type.topic, type: draft.type, disposition: disposition, bytes: renderer.bytes,
      sessionID: renderer.sessionID, sessionHash: mixed(UInt64(draft.session)), eventTime: draft.eventTime,
      arrivalTime: now)
  }

  /// Any of the kinds wanted. Oversized events, by far the most expensive, mostly give way to the first other kind.
  private mutating func pickGarbageKind() -> GarbageKind {
    let kinds = options.garbageKinds
    let kind = kinds[random.below(kinds.count)]
    guard kind == .tooLarge, !random.happens(tooLargeShare) else { return kind }
    return kinds.first { $0 != .tooLarge } ?? kind
  }

  /// Plans `draft`, or counts it as abandoned when the plan is full.
  mutating func plan(_ draft: EventDraft, due: Int64) {
    if !planned.add(draft, due: due) { counts.abandoned += 1 }
  }

  /// How long an event takes to arrive, in milliseconds; marks `draft` if that is too long.
  @inline(__always)
  mutating func drawDelivery(for draft: inout EventDraft) -> Int64 {
    if random.happens(delayedShare) {
      let isLate = random.unit() * (options.late + options.tooLate) < options.late
      draft.traits.insert(isLate ? .late : .tooLate)
      return isLate ? behaviour.lateDelivery.sample(&random) : behaviour.tooLateDelivery.sample(&random)
    }
    return behaviour.delivery.sample(&random)
  }

  /// Whether a new order is in foreign currency.
  mutating func drawForeign() -> Bool { random.happens(foreignShare) }
}

// Safety: every pointer inside is to memory that only this value owns; it has no copies.
extension TrafficGenerator: @unchecked Sendable {}
