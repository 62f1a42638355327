import Traffic

/// Generated events as JSON text, one behind the other.
final class Payloads: @unchecked Sendable {
  /// In which order the members of each object come.
  enum Order {
    /// As one program writes them: the same for all events of a type.
    case usual
    /// Shuffled anew for each event.
    case any
  }

  let texts: [UnsafeRawBufferPointer]
  private let memory: UnsafeMutableRawBufferPointer

  /// The first `count` events of generated traffic, without garbage, duplicates and late events. `share` is that of the
  /// default's sessions and rate, small so that few events span the time that windows need.
  init(count: Int, order: Order = .usual, share: Double = 0.05) throws {
    var generator = TrafficGenerator(
      try TrafficOptions(
        sessions: Int(10_000 * share), rate: 100_000 * share, duplicates: 0, garbage: 0, late: 0, tooLate: 0,
        products: Int(50_000 * share), viewers: Int(5_000_000 * share)))
    var random = SystemlessRandom(state: 1)
    var bytes: [UInt8] = []
    var ends: [Int] = []
    for _ in 0..<count {
      let event = generator.next()
      switch order {
      case .usual: bytes.append(contentsOf: event.bytes)
      case .any: bytes += Self.shuffled(event.bytes, &random)
      }
      ends.append(bytes.count)
    }
    memory = .allocate(byteCount: bytes.count, alignment: 64)
    memory.copyBytes(from: bytes)
    var start = 0
    texts = ends.map { [memory] end in
      defer { start = end }
      return UnsafeRawBufferPointer(rebasing: memory[start..<end])
    }
  }

  deinit { memory.deallocate() }

  /// The members of a flat object in another order.
  private static func shuffled(_ text: UnsafeRawBufferPointer, _ random: inout SystemlessRandom) -> [UInt8] {
    var members: [[UInt8]] = [[]]
    var isText = false
    var isEscaped = false
    for byte in text.dropFirst().dropLast() {
      if byte == UInt8(ascii: ",") && !isText {
        members.append([])
        continue
      }
      if byte == UInt8(ascii: "\"") && !isEscaped { isText.toggle() }
      isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
      members[members.count - 1].append(byte)
    }
    members.shuffle(using: &random)
    return Array("{".utf8) + members.joined(separator: ",".utf8) + Array("}".utf8)
  }
}

/// SplitMix64: the same numbers on every run.
struct SystemlessRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
