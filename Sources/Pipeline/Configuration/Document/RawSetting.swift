/// A value as it was written, with the place where it stands: the common form of document and environment.
struct RawSetting {
  enum Content {
    /// Nothing: an empty value, `~` or `null`. It means the same as leaving the key out.
    case none
    case scalar(String)
    case list([RawSetting])
    case mapping([Entry])
  }

  struct Entry {
    var key: String
    var keyPlace: ConfigurationError.Place
    var value: RawSetting
  }

  var content: Content
  var place: ConfigurationError.Place
  /// The file the text came from, if one was named instead of it. Such a text may be secret and is never shown.
  var file: String?

  init(content: Content, place: ConfigurationError.Place, file: String? = nil) {
    self.content = content
    self.place = place
    self.file = file
  }

  /// The entries of a mapping; none of anything else.
  var entries: [Entry] {
    if case .mapping(let entries) = content { return entries }
    return []
  }

  /// Puts `value` at `path`, in place of what was there.
  ///
  /// Something on the way that is no mapping stays, for the reader to report.
  mutating func set(_ value: RawSetting, at path: ArraySlice<String>) {
    guard let key = path.first else {
      self = value
      return
    }
    var entries: [Entry]
    switch content {
    case .none: entries = []
    case .mapping(let existing): entries = existing
    case .scalar, .list: return
    }
    let index =
      entries.firstIndex { $0.key == key }
      ?? {
        entries.append(
          Entry(key: key, keyPlace: value.place, value: RawSetting(content: .none, place: value.place)))
        return entries.count - 1
      }()
    entries[index].value.set(value, at: path.dropFirst())
    content = .mapping(entries)
  }
}
