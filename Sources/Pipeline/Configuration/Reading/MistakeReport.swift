/// Collects mistakes while a configuration is read, so that reading can go on after one.
final class MistakeReport {
  private var mistakes: [ConfigurationError.Mistake] = []

  var isEmpty: Bool { mistakes.isEmpty }

  func add(_ place: ConfigurationError.Place, _ path: String, _ problem: String) {
    mistakes.append(
      ConfigurationError.Mistake(place: place, path: Self.onOneLine(path), problem: Self.onOneLine(problem)))
  }

  /// What was written may hold line breaks; a mistake is one line.
  private static func onOneLine(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { line, scalar in
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: line += scalar.escaped(asASCII: true)
      default: line.unicodeScalars.append(scalar)
      }
    }
  }

  /// All mistakes in the order of their places; of one place in the order in which they were found.
  func error(source: String) -> ConfigurationError {
    let sorted = mistakes.enumerated().sorted { one, other in
      one.element.place == other.element.place
        ? one.offset < other.offset : one.element.place < other.element.place
    }
    return ConfigurationError(source: source, mistakes: sorted.map(\.element))
  }
}
