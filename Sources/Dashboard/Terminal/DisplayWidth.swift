/// How many cells of a terminal a text takes (Unicode Standard Annex 11, simplified to whole blocks).
enum DisplayWidth {
  /// East Asian wide and full-width blocks, and emoji.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
    0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
    0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
  ]

  static func of(_ text: String) -> Int { text.reduce(0) { $0 + of($1) } }

  /// One or two; a character is as wide as its base, marks on it take no cell.
  static func of(_ character: Character) -> Int {
    let base = character.unicodeScalars.first?.value ?? 0
    return wide.contains { $0.contains(base) } ? 2 : 1
  }

  /// `text` in exactly `width` cells: cut with an ellipsis, or filled with spaces on its right or left.
  static func fit(_ text: String, to width: Int, alignRight: Bool = false) -> String {
    let used = of(text)
    if used <= width {
      let space = String(repeating: " ", count: width - used)
      return alignRight ? space + text : text + space
    }
    guard width > 0 else { return "" }
    var cut = ""
    var cells = 0
    for character in text {
      let next = of(character)
      if cells + next > width - 1 { break }
      cut.append(character)
      cells += next
    }
    return cut + "\u{2026}" + String(repeating: " ", count: width - 1 - cells)
  }

  /// `text` without what would move the cursor, colour the screen or turn the direction of writing: names come
  /// from events, and an event is anybody's.
  static func harmless(_ text: String) -> String {
    var safe = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: safe.append("\u{FFFD}")
      default: safe.append(scalar)
      }
    }
    return String(safe)
  }
}
