// Invariant that makes this file safe: `targets` holds `edgeCount` entries per row, each a row of the table to which the
// edge leads or one of the two marks.

/// The keys of one group, node or of the leaves in a pane, and which of them have counted something new.
struct PaneTable: ~Copyable {
  /// Which row of a target a row adds to: not known yet, or none.
  static let unresolved = UInt32.max
  static let none = UInt32.max - 1

  var rows = KeyRows()
  /// Rows that changed since they were last merged into others or sent, in the order in which they first did.
  var changed = Storage<UInt32>()
  /// The rows to which each row adds, by edge; kept, since most rows come again.
  var targets = Storage<UInt32>()
  let edgeCount: Int
  /// The overflow key's row, once there is one.
  var overflowRow: Int?

  init(edgeCount: Int) { self.edgeCount = edgeCount }

  var byteCount: Int { rows.byteCount + changed.byteCount + targets.byteCount }

  /// Adds a key that is not there yet.
  mutating func append(_ hash: UInt64, text: UnsafeRawBufferPointer) -> Int {
    if edgeCount > 0 { targets.append(repeating: Self.unresolved, count: edgeCount) }
    return rows.append(hash, text: text)
  }

  /// Notes that a row has changed.
  @inline(__always) mutating func note(_ row: Int) {
    if rows.mark(row) { changed.append(UInt32(truncatingIfNeeded: row)) }
  }

  /// Forgets all keys and keeps the memory; the accumulators' sketches are their pool's business.
  mutating func removeAll() {
    rows.removeAll()
    changed.removeAll()
    targets.removeAll()
    overflowRow = nil
  }
}
