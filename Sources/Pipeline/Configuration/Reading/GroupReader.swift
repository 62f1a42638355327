import WindowEngine

/// Reads groups: lists of fields.
enum GroupReader {
  private static let fields = GroupField.allCases.map(\.name)

  /// A list of groups without repetitions; `nil` if any of it is wrong.
  static func list(_ setting: Setting) -> [Grouping]? {
    guard let elements = setting.elements(of: "groups, e.g. [[], [host_id]]") else { return nil }
    var groupings: [Grouping] = []
    var isRight = true
    for element in elements {
      guard let grouping = group(element) else {
        isRight = false
        continue
      }
      if let same = groupings.first(where: { Set($0.fields) == Set(grouping.fields) }) {
        element.mistake("the group \(grouping) repeats \(same); each stands once")
        isRight = false
      }
      groupings.append(grouping)
    }
    return isRight ? groupings : nil
  }

  /// One group; `nil` if any of it is wrong.
  static func group(_ setting: Setting) -> Grouping? {
    if case .scalar(let text) = setting.raw.content, fields.contains(text) {
      setting.mistake("a group is a list of fields; write [\(text)]")
      return nil
    }
    guard let elements = setting.elements(of: "fields, e.g. [session_id, product_id]; [] is the whole platform") else {
      return nil
    }
    var group: [GroupField] = []
    var isRight = true
    for element in elements {
      guard let name = element.name("group field", among: fields), let field = GroupField(name: name) else {
        isRight = false
        continue
      }
      if group.contains(field) {
        element.mistake("the field \(name) is in this group already")
        isRight = false
      }
      group.append(field)
    }
    return isRight ? Grouping(group) : nil
  }
}
