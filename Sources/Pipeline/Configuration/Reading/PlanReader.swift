import WindowEngine

/// Reads what is computed: groups, windows and leaderboards, which refer to each other.
struct PlanReader {
  /// Milliseconds; `nil` if it is wrong itself, so that its multiples cannot be checked.
  let pane: Int64?

  func read(_ root: SettingSection, into configuration: inout Configuration) {
    // Leaderboards name a window and a group, so the default ones go with the default windows and groups only.
    if root["windows"] != nil || root["groups"] != nil { configuration.leaderboards = [] }

    var common: [Grouping]? = configuration.groups
    if let setting = root["groups"] { common = GroupReader.list(setting) }
    var windows = configuration.windows.map { WindowDraft($0, commonGroups: common) }
    if let setting = root["windows"] {
      windows = WindowReader(pane: pane, commonGroups: common).list(setting)
    } else {
      checkDefaultWindows(windows, root)
    }
    checkTotal(windows, commonGroups: common, root)
    configuration.groups = common ?? configuration.groups
    configuration.windows = windows.compactMap(\.definition)
    if let setting = root["leaderboards"] {
      configuration.leaderboards = LeaderboardReader(windows: windows).list(setting)
    }
  }

  /// The default windows fit the default pane; with another one, or without groups, they may not.
  private func checkDefaultWindows(_ windows: [WindowDraft], _ root: SettingSection) {
    if let groups = root["groups"], windows.contains(where: { $0.groups?.isEmpty ?? false }) {
      groups.mistake("is empty, but the default windows need groups; list some, or windows with groups of their own")
    }
    guard let pane, let setting = root["time"]?.section()?["pane"] else { return }
    for window in windows {
      for length in window.lengths where length % pane != 0 {
        setting.mistake(
          "the default window \(window.name ?? "") has \(DurationText.format(length)), which is no multiple of "
            + "\(DurationText.format(pane)); give windows that fit")
        return
      }
    }
  }

  private func checkTotal(_ windows: [WindowDraft], commonGroups: [Grouping]?, _ root: SettingSection) {
    let listed = root["groups"] == nil ? [] : commonGroups ?? []
    let count = Set(listed + windows.flatMap { $0.groups ?? [] }).count
    guard count > ConfigurationLimits.groups else { return }
    let setting = listed.count > ConfigurationLimits.groups ? root["groups"] : root["windows"] ?? root["groups"]
    setting?.mistake("\(count) different groups in all; at most \(ConfigurationLimits.groups) are allowed")
  }
}
