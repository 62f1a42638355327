import WindowEngine

/// Reads leaderboards.
struct LeaderboardReader {
  let windows: [WindowDraft]

  private static let fields = MetricField.allCases.map(\.rawValue)

  func list(_ setting: Setting) -> [LeaderboardDefinition] {
    guard let elements = setting.elements(of: "leaderboards") else { return [] }
    if elements.count > ConfigurationLimits.leaderboards {
      setting.mistake("\(elements.count) leaderboards; at most \(ConfigurationLimits.leaderboards) are allowed")
    }
    var names: Set<String> = []
    return elements.compactMap { element in
      element.section("a leaderboard's keys").flatMap { definition($0, names: &names) }
    }
  }

  private func definition(_ section: SettingSection, names: inout Set<String>) -> LeaderboardDefinition? {
    section.expect(ConfigurationKeys.leaderboard)
    let name = NameRules.uniqueName(section, of: "leaderboard", among: &names)
    let window = section.required("window", "required; the name of a window").flatMap(window)
    let group = section.required("group", "required; the group whose keys are ranked, e.g. [host_id]")
      .flatMap { self.group($0, in: window) }
    let by = section.required("by", "required; the metric to rank by, e.g. gmv")?
      .name("metric", among: Self.fields).flatMap(MetricField.init)
    let size = section.required("size", "required; how many entries are listed")?
      .integer(in: ConfigurationLimits.leaderboardSize)
    guard let name, let windowName = window?.name, let group, let by, let size else { return nil }
    return LeaderboardDefinition(name: name, window: windowName, group: group, by: by, size: size)
  }

  private func window(_ setting: Setting) -> WindowDraft? {
    guard let text = setting.text() else { return nil }
    let named = windows.first { $0.name == text.value }
    if let named {
      guard named.isSession ?? false else { return named }
      setting.mistake("\(text.shown) is a session window, whose windows differ from key to key; choose another one")
    } else if !windows.contains(where: { $0.name == nil }) {
      // A window whose name is wrong may be the one that is meant.
      setting.mistake("there is no window \(text.shown)\(NearestName.hint(for: text.value, among: usableNames))")
    }
    return nil
  }

  private var usableNames: [String] { windows.filter { $0.isSession != true }.compactMap(\.name) }

  /// The group as its window lists it: the order of the fields does not matter here.
  private func group(_ setting: Setting, in window: WindowDraft?) -> Grouping? {
    guard let group = GroupReader.group(setting) else { return nil }
    guard let window, let name = window.name, let computed = window.groups else { return group }
    if let listed = computed.first(where: { Set($0.fields) == Set(group.fields) }) { return listed }
    setting.mistake("the group \(group) is not computed in the window \(name); add it to that window's groups")
    return nil
  }
}
