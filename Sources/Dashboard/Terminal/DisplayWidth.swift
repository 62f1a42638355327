/// How many cells of a terminal a text takes (Unicode Standard Annex 11, simplified to whole blocks).
enum DisplayWidth {
  /// East Asian wide and full-width blocks, and emoji that are wide by themselves; rising.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x231A...0x231B, 0x23E9...0x23EC, 0x23F0...0x23F0, 0x23F3...0x23F3, 0x25FD...0x25FE,
    0x2614...0x2615, 0x2648...0x2653, 0x267F...0x267F, 0x2693...0x2693, 0x26A1...0x26A1, 0x26AA...0x26AB,
    0x26BD...0x26BE, 0x26C4...0x26C5, 0x26CE...0x26CE, 0x26D4...0x26D4, 0x26EA...0x26EA, 0x26F2...0x26F3,
    0x26F5...0x26F5, 0x26FA...0x26FA, 0x26FD...0x26FD, 0x2705...0x2705, 0x270A...0x270B, 0x2728...0x2728,
    0x274C...0x274C, 0x274E...0x274E, 0x2753...0x2755, 0x2757...0x2757, 0x2795...0x2797, 0x27B0...0x27B0,
    0x27BF...0x27BF, 0x2B1B...0x2B1C, 0x2B50...0x2B50, 0x2B55...0x2B55, 0x2E80...0x303E, 0x3041...0x33FF,
    0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
    0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18AFF, 0x1B000...0x1B2FF,
    0x1F004...0x1F004, 0x1F0CF...0x1F0CF, 0x1F18E...0x1F18E, 0x1F191...0x1F19A, 0x1F1E6...0x1F265, 0x1F300...0x1F64F,
    0x1F680...0x1F6FF, 0x1F7E0...0x1F7EB, 0x1F900...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD,
  ]

  static func of(_ text: String) -> Int { text.reduce(0) { $0 + of($1) } }

  /// None, one or two; a character is as wide as its base, marks on it take no cell, nor does a mark alone.
  static func of(_ character: Character) -> Int {
    guard let base = character.unicodeScalars.first else { return 0 }
    // Most names are plain, and a screen has thousands of characters.
    if base.value < 0x300 { return 1 }
    switch base.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    default: break
    }
    // The two half-width sound marks of Japanese are part of the character before, and take a cell all the same.
    let soundMarks = character.unicodeScalars.dropFirst().count { $0.value == 0xFF9E || $0.value == 0xFF9F }
    return (wide.contains { $0.contains(base.value) } ? 2 : 1) + soundMarks
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
