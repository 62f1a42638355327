/// Every mistake of a configuration at once, so that one edit can mend them all.
///
/// The description has one line a mistake:
///
/// ```text
/// livetally.yaml:12:5: windows[1].slid: unknown key; did you mean "slide"?
/// LIVETALLY_TIME_PANE: time.pane: 7s does not divide 60s
/// ```
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where something was written.
  public enum Place: Hashable, Sendable {
    /// In the document; both count from 1, columns in Unicode scalars.
    case line(Int, column: Int)
    /// In the environment variable of this name.
    case variable(String)
  }

  /// One thing that is wrong.
  public struct Mistake: Hashable, Sendable {
    public let place: Place
    /// The key, e.g. `windows[1].slide`; empty where the document as a whole is meant.
    public let path: String
    /// What is wrong and what is allowed.
    public let problem: String
  }

  /// What the document is called in messages: its file name.
  public let source: String
  /// At least one; in the order of the document, then of the variables' names.
  public let mistakes: [Mistake]

  public var description: String {
    mistakes.map { mistake in
      let place =
        switch mistake.place {
        case .line(let line, let column): "\(source):\(line):\(column)"
        case .variable(let name): name
        }
      return mistake.path.isEmpty ? "\(place): \(mistake.problem)" : "\(place): \(mistake.path): \(mistake.problem)"
    }.joined(separator: "\n")
  }
}

extension ConfigurationError.Place: Comparable {
  public static func < (one: Self, other: Self) -> Bool {
    switch (one, other) {
    case (.line(let line, let column), .line(let otherLine, let otherColumn)):
      (line, column) < (otherLine, otherColumn)
    case (.variable(let name), .variable(let otherName)): name < otherName
    case (.line, .variable): true
    case (.variable, .line): false
    }
  }
}
