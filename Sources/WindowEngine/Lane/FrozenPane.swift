// Invariant that makes this file safe: `tables` are as many as the plan has groups.

/// What a pane has counted and sent, once the watermark has passed its end: only late events still come to it.
///
/// They are counted in a ``Pane`` of their own, which is then merged into this one; so nothing here is fast, and nothing
/// takes more memory than it must: with a pane of a second and a minute of lateness, most panes are frozen.
final class FrozenPane {
  private let tables: UnsafeMutablePointer<FrozenTable>
  private let groupCount: Int

  /// Takes over what `pane` has counted, all of which has been sent.
  init(_ pane: borrowing Pane, plan: borrowing LanePlan, paneLength: Int64, scratch: ByteBuffer) {
    groupCount = plan.lattice.groupCount
    tables = .allocate(capacity: groupCount)
    for group in 0..<groupCount {
      let keys = pane.keyCount(of: group)
      // The records are measured as they are written; a key's take about this much.
      (tables + group).initialize(
        to: FrozenTable(
          groupHash: plan.groupHash(group), start: pane.index * paneLength, keys: keys,
          byteCount: pane.textBytes(of: group) + keys * Self.bytesBesideText))
      pane.visit(group: group) { hash, text, isOverflow, accumulator in
        tables[group].append(hash, text: isOverflow ? nil : text, accumulator, scratch: scratch)
      }
    }
  }

  /// What a record takes besides its text, about: a mark, a length, two times and three or four counters.
  private static let bytesBesideText = 16

  deinit {
    tables.deinitialize(count: groupCount)
    tables.deallocate()
  }

  var byteCount: Int { (0..<groupCount).reduce(0) { $0 + tables[$1].byteCount } }
  var hasOverflow: Bool { (0..<groupCount).contains { tables[$0].hasOverflow } }
  var rowCount: Int { (0..<groupCount).reduce(0) { $0 + tables[$1].keyCount + (tables[$1].hasOverflow ? 1 : 0) } }

  /// The keys of a group.
  func table(of group: Int) -> UnsafeMutablePointer<FrozenTable> { tables + group }

  /// Notes the state of every key, from which the pane can be restored.
  func writeRows(to journal: LaneJournal, pane index: Int64) {
    for group in 0..<groupCount where tables[group].keyCount > 0 || tables[group].hasOverflow {
      journal.begin(pane: index, group: group)
      tables[group].visit { journal.note(row: $0, isOverflow: $1, $2) }
    }
  }
}
