import WindowEngine

/// A window of which something may be wrong: enough to check what refers to it without reporting a mistake twice.
struct WindowDraft {
  var name: String?
  /// `nil` where the kind is not known.
  var isSession: Bool?
  /// The groups computed in it; `nil` where they are wrong.
  var groups: [Grouping]?
  /// `nil` where anything is wrong.
  var definition: WindowDefinition?

  init() {}

  /// A window that is right, as defaults are.
  init(_ definition: WindowDefinition, commonGroups: [Grouping]?) {
    name = definition.name
    if case .session = definition.kind { isSession = true } else { isSession = false }
    groups = definition.groups ?? commonGroups
    self.definition = definition
  }

  /// What must be multiples of the pane, in milliseconds.
  var lengths: [Int64] {
    switch definition?.kind {
    case .sliding(let size, let slide): [size, slide]
    case .cumulative(let step, _): [step]
    case .session(let gap): [gap]
    case nil: []
    }
  }
}
