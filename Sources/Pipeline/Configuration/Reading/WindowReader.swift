import WindowEngine

/// Reads windows.
struct WindowReader {
  let pane: Int64?
  /// The groups of windows that list none; `nil` if those are wrong.
  let commonGroups: [Grouping]?

  private static let keysOfEveryKind = ["name", "kind", "groups"]
  private static let keysByKind = [
    "sliding": ["size", "slide"], "cumulative": ["size", "step", "timezone"], "session": ["gap"],
  ]
  private static let kinds = ["sliding", "cumulative", "session"]
  private static let day: Int64 = 86_400_000

  func list(_ setting: Setting) -> [WindowDraft] {
    guard let elements = setting.elements(of: "windows") else { return [] }
    if elements.isEmpty { setting.mistake("is empty; at least one window is needed") }
    if elements.count > ConfigurationLimits.windows {
      setting.mistake("\(elements.count) windows; at most \(ConfigurationLimits.windows) are allowed")
    }
    var names: Set<String> = []
    return elements.map { element in
      guard let section = element.section("a window's keys") else { return WindowDraft() }
      return draft(section, names: &names)
    }
  }

  private func draft(_ section: SettingSection, names: inout Set<String>) -> WindowDraft {
    var draft = WindowDraft()
    draft.name = NameRules.uniqueName(section, of: "window", among: &names)
    let kindName = section.required("kind", "required; one of sliding, cumulative, session")?
      .name("kind of window", among: Self.kinds)
    expectKeys(of: kindName, section)
    draft.groups = groups(section)
    let kind: WindowDefinition.Kind?
    switch kindName {
    case "sliding": kind = sliding(section)
    case "cumulative": kind = cumulative(section)
    case "session": kind = session(section)
    default: return draft
    }
    draft.isSession = kindName == "session"
    if let name = draft.name, let kind, let groups = draft.groups {
      draft.definition = WindowDefinition(name: name, kind: kind, groups: section["groups"] == nil ? nil : groups)
    }
    return draft
  }

  private func expectKeys(of kind: String?, _ section: SettingSection) {
    guard let kind, let own = Self.keysByKind[kind] else {
      return section.expect(Self.keysOfEveryKind + Set(Self.keysByKind.values.joined()).sorted())
    }
    let keys = Self.keysOfEveryKind + own
    section.expect(keys) { key in
      guard Self.keysByKind.values.joined().contains(key) else { return nil }
      return "does not belong to a \(kind) window, which has \(keys.joined(separator: ", "))"
    }
  }

  private func groups(_ section: SettingSection) -> [Grouping]? {
    guard let setting = section["groups"] else {
      if commonGroups?.isEmpty ?? false {
        section.setting.mistake("lists no groups, and there are none for all windows; [[]] is the whole platform")
      }
      return commonGroups
    }
    guard let groups = GroupReader.list(setting) else { return nil }
    if groups.isEmpty { setting.mistake("is empty; at least one group is needed, [[]] is the whole platform") }
    return groups
  }

  // MARK: - Kinds

  private func sliding(_ section: SettingSection) -> WindowDefinition.Kind? {
    let size = length(section.required("size", "required; the length of the window"))
    let slide = length(section.required("slide", "required; the time from one window to the next"))
    guard let size, let slide else { return nil }
    if size % slide != 0 {
      section["size"]?.mistake(
        "\(DurationText.format(size)) is no multiple of the slide, \(DurationText.format(slide))")
      return nil
    }
    return .sliding(size: size, slide: slide)
  }

  private func cumulative(_ section: SettingSection) -> WindowDefinition.Kind? {
    let size = section.required("size", "required; a cumulative window has 1d")
    if let size, let length = size.duration(in: 0...ConfigurationLimits.longestDuration), length != Self.day {
      size.mistake("\(DurationText.format(length)) is not allowed; a cumulative window has 1d")
    }
    let step = length(
      section.required("step", "required; the time from one total to the next"), atMost: Self.day)
    if let step, Self.day % step != 0 {
      section["step"]?.mistake("\(DurationText.format(step)) does not divide 1d, the size")
    }
    let timeZone = section["timezone"].map(timeZone) ?? "UTC"
    guard let step, let timeZone else { return nil }
    return .cumulative(step: step, timeZone: timeZone)
  }

  private func session(_ section: SettingSection) -> WindowDefinition.Kind? {
    length(section.required("gap", "required; a session ends when no event came for this long"))
      .map { .session(gap: $0) }
  }

  /// A positive multiple of the pane.
  private func length(_ setting: Setting?, atMost most: Int64 = ConfigurationLimits.longestDuration) -> Int64? {
    guard let setting, let length = setting.duration(in: (pane ?? 1)...most) else { return nil }
    if let pane, length % pane != 0 {
      setting.mistake("\(DurationText.format(length)) is no multiple of the pane, \(DurationText.format(pane))")
      return nil
    }
    return length
  }

  private func timeZone(_ setting: Setting) -> String? {
    guard let text = setting.text() else { return nil }
    guard TimeZoneName.isKnown(text.value) else {
      let hint = TimeZoneName.nearest(to: text.value).map { "; did you mean \"\($0)\"?" } ?? " such as Asia/Shanghai"
      setting.mistake("\(text.shown) is no IANA time zone\(hint)")
      return nil
    }
    if let pane, let offset = TimeZoneName.offset(of: text.value, notMultipleOf: pane) {
      setting.mistake(
        "\(text.value) was once \(DurationText.format(abs(offset))) off UTC, which is no multiple of the pane, "
          + DurationText.format(pane))
      return nil
    }
    return text.value
  }
}
