// Safety: `bytes` is allocated once, never resized, and freed with the table, its only owner; `ends` are offsets
// into it, ascending.

/// Texts that are copied often, end to end in one piece of memory.
struct PhraseTable: ~Copyable {
  private let bytes: UnsafeMutableBufferPointer<UInt8>
  private let ends: [Int]

  init(_ phrases: [String]) {
    let all = phrases.flatMap { Array($0.utf8) }
    bytes = .allocate(capacity: all.count)
    _ = bytes.initialize(from: all)
    var end = 0
    ends =
      [0]
      + phrases.map { phrase in
        end += phrase.utf8.count
        return end
      }
  }

  deinit { bytes.deallocate() }

  var count: Int { ends.count - 1 }

  /// Valid as long as the table.
  @inline(__always)
  subscript(index: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(rebasing: bytes[ends[index]..<ends[index + 1]])
  }
}
