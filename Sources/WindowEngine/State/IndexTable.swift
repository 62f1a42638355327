// Invariant that makes this file safe: `slots` has `mask + 1` entries, a power of two, and at least one of them is 0.

/// A hash table from keys, which its user keeps in arrays of its own, to their positions there.
///
/// Open addressing with linear probing. A slot holds the upper half of a key's hash and the position plus one, so a
/// look-up touches the user's arrays only when 32 bits of hash agree.
@usableFromInline
struct IndexTable: ~Copyable {
  @usableFromInline var slots: UnsafeMutablePointer<UInt64>
  @usableFromInline var mask: Int
  @usableFromInline private(set) var count = 0

  /// A table with room for `capacity` keys before it grows.
  @usableFromInline init(capacity: Int = 0) {
    var size = 16
    while size * 3 < capacity * 4 { size *= 2 }
    slots = LargeMemory.allocate(size, of: UInt64.self)
    slots.initialize(repeating: 0, count: size)
    mask = size - 1
  }

  deinit { slots.deallocate() }

  var byteCount: Int { (mask + 1) * 8 }

  /// Where a search for that hash begins.
  @inline(__always) func home(of hash: UInt64) -> UnsafeRawPointer {
    UnsafeRawPointer(slots + Int(truncatingIfNeeded: hash) & mask)
  }

  /// The position of the key with that hash for which `matches` holds, or `nil`.
  @inlinable @inline(__always)
  borrowing func find(_ hash: UInt64, where matches: (Int) -> Bool) -> Int? {
    var i = Int(truncatingIfNeeded: hash) & mask
    while true {
      let slot = slots[i]
      if slot == 0 { return nil }
      if (slot ^ hash) >> 32 == 0 {
        let position = Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) - 1
        if matches(position) { return position }
      }
      i = (i + 1) & mask
    }
  }

  /// Adds a key that is not in the table. `hashAt` gives the hash of a key by its position, for growing.
  @usableFromInline
  mutating func insert(_ hash: UInt64, position: Int, hashAt: (Int) -> UInt64) {
    if (count + 1) * 4 > (mask + 1) * 3 { rebuild(size: (mask + 1) * 2, hashAt: hashAt) }
    place(hash, position)
    count += 1
  }

  /// Notes that the key with that hash, which was at `position`, is at `newPosition`.
  func move(_ hash: UInt64, from position: Int, to newPosition: Int) {
    var i = Int(truncatingIfNeeded: hash) & mask
    while Int(truncatingIfNeeded: slots[i] & 0xFFFF_FFFF) - 1 != position {
      precondition(slots[i] != 0, "a key that is not in the table was moved")
      i = (i + 1) & mask
    }
    slots[i] = (slots[i] & 0xFFFF_FFFF_0000_0000) | UInt64(newPosition + 1)
  }

  /// Removes the key with that hash at `position`. `hashAt` gives the hashes of those that move up.
  mutating func remove(_ hash: UInt64, position: Int, hashAt: (Int) -> UInt64) {
    var i = Int(truncatingIfNeeded: hash) & mask
    while Int(truncatingIfNeeded: slots[i] & 0xFFFF_FFFF) - 1 != position {
      precondition(slots[i] != 0, "a key that is not in the table was removed")
      i = (i + 1) & mask
    }
    slots[i] = 0
    count -= 1
    // Backward-shift deletion: whoever could not be placed nearer its home moves up into the hole.
    var hole = i
    var j = (i + 1) & mask
    while slots[j] != 0 {
      let home = Int(truncatingIfNeeded: hashAt(Int(truncatingIfNeeded: slots[j] & 0xFFFF_FFFF) - 1)) & mask
      if (j - home) & mask >= (j - hole) & mask {
        slots[hole] = slots[j]
        slots[j] = 0
        hole = j
      }
      j = (j + 1) & mask
    }
  }

  /// Forgets all keys and keeps the memory.
  mutating func removeAll() {
    if count > 0 { slots.update(repeating: 0, count: mask + 1) }
    count = 0
  }

  private mutating func rebuild(size: Int, hashAt: (Int) -> UInt64) {
    let old = slots
    let oldSize = mask + 1
    slots = LargeMemory.allocate(size, of: UInt64.self)
    slots.initialize(repeating: 0, count: size)
    mask = size - 1
    for i in 0..<oldSize where old[i] != 0 {
      let position = Int(truncatingIfNeeded: old[i] & 0xFFFF_FFFF) - 1
      place(hashAt(position), position)
    }
    old.deallocate()
  }

  private mutating func place(_ hash: UInt64, _ position: Int) {
    var i = Int(truncatingIfNeeded: hash) & mask
    while slots[i] != 0 { i = (i + 1) & mask }
    slots[i] = (hash & 0xFFFF_FFFF_0000_0000) | UInt64(position + 1)
  }
}
