// Invariant that makes this file safe: that of Pane.swift; a pane that is sent over a frozen one has no limit of keys.

/// What a pane hands on: to the rollups, to its frozen form, to a checkpoint and from there to the next owner.
extension Pane {
  // MARK: Sending

  /// Writes every key that changed since the last time and marks it as sent.
  mutating func send(to writer: BlockWriters, plan: borrowing LanePlan, journal: LaneJournal?) {
    merge(plan, journal)
    for group in 0..<groupCount {
      let table = tables + group
      for i in 0..<table.pointee.changed.count {
        let row = Int(table.pointee.changed[i])
        let accumulator = table.pointee.rows.pointer(row)
        table.pointee.rows.unmark(row)
        writer.write(
          pane: index, group: group, hash: table.pointee.rows.hash(row),
          isOverflow: table.pointee.overflowRow == row, text: table.pointee.rows.text(row), accumulator)
        accumulator.pointee.clearSketches(in: pool)
      }
      table.pointee.changed.removeAll()
    }
  }

  /// Writes what late events have changed of a pane that was sent before, and keeps it there. Afterwards this one, which
  /// has no limit of keys, is empty but for its memory.
  mutating func send(
    over frozen: FrozenPane, to writer: BlockWriters, plan: borrowing LanePlan, journal: LaneJournal?,
    scratch: ByteBuffer
  ) {
    merge(plan, journal)
    for group in 0..<groupCount {
      let table = tables + group
      let sent = frozen.table(of: group)
      for i in 0..<table.pointee.changed.count {
        let row = Int(table.pointee.changed[i])
        let hash = table.pointee.rows.hash(row)
        let text = table.pointee.rows.text(row)
        if sent.pointee.keyCount >= plan.maxKeys && !sent.pointee.contains(hash, text: text) {
          let overflow = overflowRow(of: group, plan)
          table.pointee.rows.pointer(overflow).pointee.take(table.pointee.rows.pointer(row), in: pool)
        } else {
          send(row, of: group, over: sent, isOverflow: false, to: writer, scratch: scratch)
        }
      }
      if let overflow = table.pointee.overflowRow {
        send(overflow, of: group, over: sent, isOverflow: true, to: writer, scratch: scratch)
      }
    }
    reset(index: index)
  }

  private func send(
    _ row: Int, of group: Int, over sent: UnsafeMutablePointer<FrozenTable>, isOverflow: Bool, to writer: BlockWriters,
    scratch: ByteBuffer
  ) {
    let accumulator = tables[group].rows.pointer(row)
    let (hash, text) = (tables[group].rows.hash(row), tables[group].rows.text(row))
    sent.pointee.add(hash, text: isOverflow ? nil : text, to: accumulator)
    sent.pointee.replace(hash, text: isOverflow ? nil : text, with: accumulator, scratch: scratch)
    writer.write(pane: index, group: group, hash: hash, isOverflow: isOverflow, text: text, accumulator)
    accumulator.pointee.clearSketches(in: pool)
  }

  // MARK: What was counted

  /// How many keys a group has.
  func keyCount(of group: Int) -> Int { tables[group].rows.count }

  /// Bytes of the texts of a group's keys.
  func textBytes(of group: Int) -> Int { tables[group].rows.textBytes }

  /// Calls `body` with every key of a group.
  func visit(
    group: Int,
    _ body: (_ hash: UInt64, _ text: UnsafeRawBufferPointer, _ isOverflow: Bool, UnsafePointer<Accumulator>) -> Void
  ) {
    let table = tables + group
    for row in 0..<table.pointee.rows.count {
      body(
        table.pointee.rows.hash(row), table.pointee.rows.text(row), table.pointee.overflowRow == row,
        table.pointee.rows.pointer(row))
    }
  }

  // MARK: Checkpoint

  /// Notes the state of every key, from which the pane can be restored.
  func writeRows(to journal: LaneJournal) {
    for group in 0..<groupCount where tables[group].rows.count > 0 {
      journal.begin(pane: index, group: group)
      visit(group: group) { _, text, isOverflow, accumulator in
        journal.note(row: text, isOverflow: isOverflow, accumulator)
      }
    }
  }

  /// Adds what a leaf had counted to the groups, as something that has been sent.
  mutating func restore(leaf text: UnsafeRawBufferPointer, _ accumulator: Accumulator, plan: borrowing LanePlan) {
    for group in 0..<groupCount {
      let row = resolve(text, plan.lattice.edge(fromLeavesTo: group), plan)
      if row != PaneTable.none { tables[group].rows.pointer(Int(row)).pointee.merge(accumulator, in: pool) }
    }
  }

  /// Adds a key's state, as something that has been sent.
  mutating func restore(
    row text: UnsafeRawBufferPointer, isOverflow: Bool, group: Int, _ accumulator: Accumulator,
    plan: borrowing LanePlan
  ) {
    let row: Int
    if isOverflow {
      row = overflowRow(of: group, plan)
    } else {
      let hash = KeyText.hash(text, group: plan.groupHash(group))
      row = tables[group].rows.find(hash, text: text) ?? tables[group].append(hash, text: text)
    }
    tables[group].rows.pointer(row).pointee.merge(accumulator, in: pool)
  }
}
