// Invariant that makes this file safe: `entries` has `mask + 1` entries, a power of two; an entry is free exactly when
// its `expiry` is `Int64.min`; at least one is free.

import CPrefetch

/// The `event_id`s of counted purchases, each until the watermark reaches its expiry.
///
/// An id is kept as 128 bits of two independent hashes: among a billion remembered ids, the chance that a new one is
/// taken for any of them is below 10^-29.
struct RememberedIDs: ~Copyable {
  private struct Entry {
    var hash: UInt64
    var fingerprint: UInt64
    /// The watermark from which on the id is forgotten.
    var expiry: Int64
  }

  private static let free = Int64.min
  private var entries: UnsafeMutablePointer<Entry>
  private var mask: Int
  private var used = 0

  init() {
    mask = 255
    entries = Self.makeEntries(256)
  }

  deinit { entries.deallocate() }

  var byteCount: Int { (mask + 1) * MemoryLayout<Entry>.stride }
  /// How many entries are held, some of which may have expired.
  var count: Int { used }

  /// Asks for the memory in which an id will be looked for.
  @inline(__always) func prefetch(_ hash: UInt64) { lt_prefetch(entries + Int(truncatingIfNeeded: hash) & mask) }

  /// Whether the id is new as of `watermark`; if so it is remembered until the watermark reaches `expiry`.
  mutating func insert(hash: UInt64, fingerprint: UInt64, expiry: Int64, watermark: Int64) -> Bool {
    var i = Int(truncatingIfNeeded: hash) & mask
    while entries[i].expiry != Self.free {
      if entries[i].hash == hash && entries[i].fingerprint == fingerprint {
        if entries[i].expiry > watermark { return false }
        entries[i].expiry = expiry
        return true
      }
      i = (i + 1) & mask
    }
    entries[i] = Entry(hash: hash, fingerprint: fingerprint, expiry: expiry)
    used += 1
    if used * 4 > (mask + 1) * 3 { rebuild(watermark: watermark) }
    return true
  }

  /// Calls `body` with every id that is remembered as of `watermark`.
  func visit(asOf watermark: Int64, _ body: (_ hash: UInt64, _ fingerprint: UInt64, _ expiry: Int64) -> Void) {
    for i in 0...mask where entries[i].expiry > watermark {
      body(entries[i].hash, entries[i].fingerprint, entries[i].expiry)
    }
  }

  /// Drops what has expired and doubles the table if more than half of it is still needed.
  private mutating func rebuild(watermark: Int64) {
    let old = entries
    let oldSize = mask + 1
    var alive = 0
    for i in 0..<oldSize where old[i].expiry > watermark { alive += 1 }
    let size = alive * 2 > oldSize * 3 / 4 ? oldSize * 2 : oldSize
    mask = size - 1
    entries = Self.makeEntries(size)
    used = 0
    for i in 0..<oldSize where old[i].expiry > watermark {
      var j = Int(truncatingIfNeeded: old[i].hash) & mask
      while entries[j].expiry != Self.free { j = (j + 1) & mask }
      entries[j] = old[i]
      used += 1
    }
    old.deallocate()
  }

  private static func makeEntries(_ size: Int) -> UnsafeMutablePointer<Entry> {
    let entries = LargeMemory.allocate(size, of: Entry.self)
    entries.initialize(repeating: Entry(hash: 0, fingerprint: 0, expiry: free), count: size)
    return entries
  }
}
