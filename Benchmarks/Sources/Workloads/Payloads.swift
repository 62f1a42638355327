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

  /// The first `count` events of generated traffic, without garbage, duplicates and late events: a twentieth of the
  /// default's sessions at a twentieth of its rate, so that few events span the time that windows need.
  init(count: Int, order: Order = .usual) throws {
    var generator = TrafficGenerator(
      try TrafficOptions(
        sessions: 500, rate: 5_000, duplicates: 0, garbage: 0, late: 0, tooLate: 0, products: 2_500, viewers: 250_000))
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
