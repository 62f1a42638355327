/// A mapping whose values are read by key.
struct SettingSection {
  let setting: Setting

  init(_ setting: Setting) { self.setting = setting }

  /// Every key with its value, in the order of the document; keys without a value are left out.
  var all: [(key: String, value: Setting)] {
    setting.raw.entries.compactMap { entry in
      if case .none = entry.value.content { return nil }
      return (entry.key, Setting(path: path(entry.key), raw: entry.value, report: setting.report))
    }
  }

  /// The value of `key`, or `nil` where none is given.
  subscript(key: String) -> Setting? { all.first { $0.key == key }?.value }

  /// The value of `key`; reports where none is given.
  func required(_ key: String, _ why: String = "required") -> Setting? {
    if let value = self[key] { return value }
    setting.report.add(setting.raw.place, path(key), why)
    return nil
  }

  /// Reports every key that is not one of `keys`. `others` are names of the same sort that do not belong here, with
  /// what to say of them.
  func expect(_ keys: [String], others: (String) -> String? = { _ in nil }) {
    for entry in setting.raw.entries where !keys.contains(entry.key) {
      let problem = others(entry.key) ?? "unknown key\(NearestName.hint(for: entry.key, among: keys))"
      setting.report.add(entry.keyPlace, path(entry.key), problem)
    }
  }

  private func path(_ key: String) -> String { setting.path.isEmpty ? key : "\(setting.path).\(key)" }
}
