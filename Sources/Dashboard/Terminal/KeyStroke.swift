/// What a reader at a terminal pressed.
public enum KeyStroke: Hashable, Sendable {
  /// A printed character; also one of several bytes or scalars.
  case character(Character)
  case enter, escape, backspace, tab
  case up, down, left, right
  case pageUp, pageDown, home, end
  /// Ctrl-U: empties the line.
  case eraseLine
  /// Ctrl-L.
  case redraw
}

/// Makes keys of the bytes that a terminal sends: UTF-8, and the escape sequences of ECMA-48 as xterm, screen and tmux
/// send them.
public struct KeyDecoder: Sendable {
  /// No key is longer; what is, is passed over.
  private static let longestSequence = 16

  private var pending: [UInt8] = []

  public init() {}

  /// The keys in `bytes`, behind what was left of the bytes before. A sequence that is cut waits for its rest.
  public mutating func keys(in bytes: some Sequence<UInt8>) -> [KeyStroke] {
    pending.append(contentsOf: bytes)
    var keys: [KeyStroke] = []
    while !pending.isEmpty, let (key, length) = next() {
      if let key { keys.append(key) }
      pending.removeFirst(length)
    }
    return keys
  }

  /// Nothing has followed for a while: an escape that stands alone is the key of that name.
  public mutating func flush() -> [KeyStroke] {
    let isEscape = pending == [Self.escape]
    pending = []
    return isEscape ? [.escape] : []
  }

  private static let escape: UInt8 = 0x1B

  /// The first key, nil where the bytes mean none, and how many bytes it takes; nil where its end has not come yet.
  private func next() -> (KeyStroke?, Int)? {
    switch pending[0] {
    case Self.escape: return sequence()
    case 0x0D, 0x0A: return (.enter, 1)
    case 0x09: return (.tab, 1)
    case 0x08, 0x7F: return (.backspace, 1)
    case 0x0C: return (.redraw, 1)
    case 0x15: return (.eraseLine, 1)
    case 0x00...0x1F: return (nil, 1)
    default: return character()
    }
  }

  private func sequence() -> (KeyStroke?, Int)? {
    guard pending.count > 1 else { return nil }
    switch pending[1] {
    case UInt8(ascii: "["):
      // Parameters and intermediates, then a final byte.
      guard let end = pending.dropFirst(2).firstIndex(where: { (0x40...0x7E).contains($0) }) else {
        return pending.count > Self.longestSequence ? (nil, pending.count) : nil
      }
      return (Self.control(pending[2..<end], pending[end]), end + 1)
    case UInt8(ascii: "O"):
      guard pending.count > 2 else { return nil }
      return (Self.control([], pending[2]), 3)
    case Self.escape: return (.escape, 1)
    // Alt and a key.
    default: return (nil, 2)
    }
  }

  private static func control(_ parameters: ArraySlice<UInt8>, _ final: UInt8) -> KeyStroke? {
    switch final {
    case UInt8(ascii: "A"): return .up
    case UInt8(ascii: "B"): return .down
    case UInt8(ascii: "C"): return .right
    case UInt8(ascii: "D"): return .left
    case UInt8(ascii: "H"): return .home
    case UInt8(ascii: "F"): return .end
    case UInt8(ascii: "~"):
      switch String(decoding: parameters.prefix { $0 != UInt8(ascii: ";") }, as: UTF8.self) {
      case "1", "7": return .home
      case "4", "8": return .end
      case "5": return .pageUp
      case "6": return .pageDown
      default: return nil
      }
    default: return nil
    }
  }

  private func character() -> (KeyStroke?, Int)? {
    let length: Int
    switch pending[0] {
    case 0x20...0x7E: length = 1
    case 0xC2...0xDF: length = 2
    case 0xE0...0xEF: length = 3
    case 0xF0...0xF4: length = 4
    default: return (nil, 1)
    }
    let bytes = pending.prefix(length)
    if let bad = bytes.dropFirst().firstIndex(where: { $0 & 0xC0 != 0x80 }) { return (nil, bad) }
    guard bytes.count == length else { return nil }
    return (String(validating: bytes, as: UTF8.self)?.first.map { .character($0) }, length)
  }
}
