// Invariant: from init to deinit `memory` has `padding` initialized bytes, and behind them room for a payload and what
// `lt_index_function` writes behind it, as `stops` has; a payload has at most `capacity` bytes. Stops are read only up to
// the last of the `LT_LAST_STOPS` behind the text's own.

import CStringIndex

/// Memory for a copy of a payload and for an index of its strings.
///
/// With the copy, whole words can be read at any place of a text; to ask how much of it is left cost more.
struct TextMemory: ~Copyable {
  /// Readable bytes in front of a text, for words that end with a number; more than 16 of them, so that the blocks of the
  /// copy are cache lines.
  private static var padding: Int { 64 }

  private let memory: UnsafeMutablePointer<UInt8>
  private let stops: UnsafeMutablePointer<UInt32>
  private let index: lt_index_function

  /// Room for payloads of up to `capacity` bytes.
  init(capacity: Int) {
    let size = TextMemory.padding + capacity + Int(LT_PADDING)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: TextMemory.padding)
    memory = raw.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    // Not initialized: pages that no payload needs are never touched.
    stops = .allocate(capacity: capacity + Int(LT_SPARE_STOPS))
    index = lt_index_at(0)
  }

  deinit {
    memory.deallocate()
    stops.deallocate()
  }

  /// Copies 1...`capacity` bytes; what it returns is valid until the next call.
  @inline(__always)
  func copy(_ payload: UnsafeRawBufferPointer) -> IndexedText {
    let text = memory + TextMemory.padding
    let bytes = payload.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
    let last = index(text, bytes, payload.count, stops).unsafelyUnwrapped
    return IndexedText(
      start: text, end: text + payload.count, stops: UnsafePointer(stops), lastStop: UnsafePointer(last))
  }
}

/// A text whose stops are known: the quotes, backslashes, control characters and bytes that are not ASCII. Between two
/// of them everything is plain.
///
/// Whole words may be read in front of its start and behind its end, where `LT_ZEROS` bytes are zeros.
struct IndexedText {
  typealias Place = UnsafePointer<UInt8>
  /// The offset of a stop, with those of the next ones behind it.
  typealias Stop = UnsafePointer<UInt32>

  let start: Place
  let end: Place
  /// The first stop.
  let stops: Stop
  /// What stands behind the last one: the offset of the text's end, several times.
  let lastStop: Stop
  /// The first stop that is not in front of a place, searched from one that is known to be.
  func stop(at place: Place, from known: Stop) -> Stop {
    let offset = UInt32(truncatingIfNeeded: place - start)
    var stop = known
    // In long strings that are not ASCII there are many; behind the last one stand enough for this.
    while stop[4] < offset { stop += 4 }
    while stop[0] < offset { stop += 1 }
    return stop
  }
}
