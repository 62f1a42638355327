/// Planned events in the order in which they fall due, with a resolution of 1 ms.
///
/// A hashed hierarchical timing wheel (Varghese and Lauck, 1987) of two levels: the near wheel has one slot per
/// millisecond of about a minute, the far wheel one slot per turn of the near one. Adding and taking cost the same
/// however many events are planned, which a heap's do not. Within a millisecond the last planned comes first.
struct CalendarQueue {
  /// How far ahead an event can be planned: the reach of the far wheel less the turn that is under way.
  static let horizonMilliseconds: Int64 = (farSlots - 1) * nearSlots

  private static let nearSlots: Int64 = 1 << 16
  private static let farSlots: Int64 = 1 << 9
  private static let none = UInt32.max

  private struct Node {
    var draft: EventDraft
    var due: Int64
    var next: UInt32
  }

  private var near = [UInt32](repeating: none, count: Int(nearSlots))
  private var far = [UInt32](repeating: none, count: Int(farSlots))
  private var nodes: [Node] = []
  private var free = none
  private var cursor: Int64
  private let limit: Int
  private(set) var count = 0

  /// A queue that begins at `start`, in milliseconds, and holds at most `limit` events.
  init(start: Int64, limit: Int) {
    cursor = start
    self.limit = limit
  }

  /// Plans `draft` for `due` (milliseconds), or for now if that has passed; false when the queue is full.
  mutating func add(_ draft: EventDraft, due: Int64) -> Bool {
    guard count < limit else { return false }
    let due = min(max(due, cursor), cursor + Self.horizonMilliseconds)
    let node = Node(draft: draft, due: due, next: Self.none)
    let index: UInt32
    if free == Self.none {
      index = UInt32(nodes.count)
      nodes.append(node)
    } else {
      index = free
      free = nodes[Int(index)].next
      nodes[Int(index)] = node
    }
    link(index, due: due)
    count += 1
    return true
  }

  /// Removes the earliest event that is due at `now` (milliseconds, not before that of the last call).
  mutating func takeDue(at now: Int64) -> EventDraft? {
    while cursor <= now {
      let slot = Int(cursor & (Self.nearSlots - 1))
      let index = near[slot]
      if index != Self.none {
        near[slot] = nodes[Int(index)].next
        nodes[Int(index)].next = free
        free = index
        count -= 1
        return nodes[Int(index)].draft
      }
      // The slot of `now` itself stays open: events may still be planned for it.
      if cursor == now { return nil }
      cursor += 1
      if cursor & (Self.nearSlots - 1) == 0 { unfold() }
    }
    return nil
  }

  private mutating func link(_ index: UInt32, due: Int64) {
    if due / Self.nearSlots == cursor / Self.nearSlots {
      let slot = Int(due & (Self.nearSlots - 1))
      nodes[Int(index)].next = near[slot]
      near[slot] = index
    } else {
      let slot = Int((due / Self.nearSlots) & (Self.farSlots - 1))
      nodes[Int(index)].next = far[slot]
      far[slot] = index
    }
  }

  /// Spreads the events of the turn that begins at the cursor over the near wheel.
  private mutating func unfold() {
    let slot = Int((cursor / Self.nearSlots) & (Self.farSlots - 1))
    var index = far[slot]
    far[slot] = Self.none
    while index != Self.none {
      let next = nodes[Int(index)].next
      link(index, due: nodes[Int(index)].due)
      index = next
    }
  }
}
