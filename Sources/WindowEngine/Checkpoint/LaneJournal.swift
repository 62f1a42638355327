/// What changes in a source partition between two checkpoints, as bytes: what its leaves have counted, pane by pane, and
/// the ids it has come to remember. Sketches are not in it: a lane keeps of them only what it has not sent.
///
/// Items: 1, pane zigzag v: leaves follow; 2, a leaf's key, first and last time within the pane v, counters; 3, pane
/// zigzag v, group v: rows follow; 4 or, of the overflow key, 5: a key, times and counters. Ids: hash 8, fingerprint 8,
/// expiry zigzag v, as the difference to the one before.
final class LaneJournal {
  enum Item {
    static let leaves: UInt8 = 1
    static let leaf: UInt8 = 2
    static let rows: UInt8 = 3
    static let row: UInt8 = 4
    static let overflowRow: UInt8 = 5
  }

  let generation: UInt64
  let panes = ByteBuffer(capacity: 1 << 10)
  let ids = ByteBuffer(capacity: 1 << 10)
  /// The largest pane that something was noted of.
  private(set) var newestPane = Int64.min
  private(set) var latestExpiry = Int64.min
  private var lastExpiry: Int64 = 0
  private var pane: Int64 = 0
  private let paneLength: Int64

  init(generation: UInt64, paneLength: Int64) {
    self.generation = generation
    self.paneLength = paneLength
  }

  var byteCount: Int { panes.count + ids.count }

  func begin(pane: Int64) {
    begin(Item.leaves, pane)
  }

  func begin(pane: Int64, group: Int) {
    begin(Item.rows, pane)
    panes.putVarint(UInt64(group))
  }

  private func begin(_ item: UInt8, _ pane: Int64) {
    self.pane = pane
    newestPane = max(newestPane, pane)
    panes.reserve(32)
    panes.put(item)
    panes.putSigned(pane)
  }

  func note(leaf text: UnsafeRawBufferPointer, _ accumulator: UnsafePointer<Accumulator>) {
    note(Item.leaf, text, accumulator)
  }

  func note(row text: UnsafeRawBufferPointer, isOverflow: Bool, _ accumulator: UnsafePointer<Accumulator>) {
    note(isOverflow ? Item.overflowRow : Item.row, text, accumulator)
  }

  private func note(_ item: UInt8, _ text: UnsafeRawBufferPointer, _ accumulator: UnsafePointer<Accumulator>) {
    panes.reserve(BlockFormat.fixedEntryLength + text.count)
    panes.put(item)
    panes.putVarint(UInt64(text.count))
    panes.put(text)
    panes.putVarint(UInt64(accumulator.pointee.firstTimestamp - pane * paneLength))
    panes.putVarint(UInt64(accumulator.pointee.lastTimestamp - pane * paneLength))
    panes.put(accumulator.pointer(to: \.counters).unsafelyUnwrapped)
  }

  func note(id hash: UInt64, _ fingerprint: UInt64, expiry: Int64) {
    ids.reserve(32)
    ids.putWord(hash)
    ids.putWord(fingerprint)
    ids.putSigned(expiry - lastExpiry)
    lastExpiry = expiry
    latestExpiry = max(latestExpiry, expiry)
  }

  func removePanes() {
    panes.removeAll()
    newestPane = .min
  }

  func removeIDs() {
    ids.removeAll()
    lastExpiry = 0
    latestExpiry = .min
  }
}
