/// A value at its path, to be read as what it should be. Reading gives `nil` after reporting what is wrong.
struct Setting {
  /// The key's path, e.g. `windows[1].slide`.
  let path: String
  let raw: RawSetting
  let report: MistakeReport

  func mistake(_ problem: String) { report.add(raw.place, path, problem) }

  /// One text, given as it is or as `{file: PATH}`.
  func text() -> Text? {
    switch raw.content {
    case .scalar(let text): return Text(value: text, file: raw.file)
    case .mapping(let entries) where entries.count == 1 && entries[0].key == "file":
      guard case .scalar(let file) = entries[0].value.content else {
        mistake("file must be the path of a file")
        return nil
      }
      do {
        return Text(value: try ValueFile.read(file), file: file)
      } catch {
        mistake(error.problem)
        return nil
      }
    case .none: mistake("is empty; give a value")
    case .list: mistake("is a list; give one value")
    case .mapping: mistake("is a mapping; give one value, or {file: PATH}")
    }
    return nil
  }

  /// A text, and what to call it in messages.
  struct Text {
    let value: String
    let file: String?

    /// The text in quotes. The content of a file may be secret and is never shown.
    var shown: String {
      if let file { return "the content of \(file)" }
      return value.count > 60 ? "\"\(value.prefix(60))...\"" : "\"\(value)\""
    }
  }

  /// A text that `parse` understands.
  func parsed<Value>(as form: String, _ parse: (String) -> Value?) -> Value? {
    guard let text = text() else { return nil }
    if let value = parse(text.value) { return value }
    mistake("\(text.shown) is not \(form)")
    return nil
  }

  func integer(in range: ClosedRange<Int>) -> Int? {
    let form = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    return parsed(as: form) { text in
      guard text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }), let value = Int(text), range.contains(value)
      else { return nil }
      return value
    }
  }

  /// A duration in milliseconds.
  func duration(in range: ClosedRange<Int64>) -> Int64? {
    guard let milliseconds = parsed(as: DurationText.form, DurationText.parse) else { return nil }
    guard range.contains(milliseconds) else {
      mistake(
        "\(DurationText.format(milliseconds)) is out of range; allowed are "
          + "\(DurationText.format(range.lowerBound))...\(DurationText.format(range.upperBound))")
      return nil
    }
    return milliseconds
  }

  /// A size in bytes.
  func size(atLeast least: Int64) -> Int64? {
    guard let bytes = parsed(as: SizeText.form, SizeText.parse) else { return nil }
    guard bytes >= least else {
      mistake("\(SizeText.format(bytes)) is too small; allowed is \(SizeText.format(least)) or more")
      return nil
    }
    return bytes
  }

  func flag() -> Bool? {
    parsed(as: "true or false") { text in
      switch text {
      case "true", "True", "TRUE": true
      case "false", "False", "FALSE": false
      default: nil
      }
    }
  }

  /// One of `names`.
  func name(_ what: String, among names: [String]) -> String? {
    guard let text = text() else { return nil }
    if names.contains(text.value) { return text.value }
    mistake("\(text.shown) is no \(what)\(NearestName.hint(for: text.value, among: names))")
    return nil
  }

  /// The elements of a list.
  func elements(of what: String) -> [Setting]? {
    guard case .list(let elements) = raw.content else {
      mistake("must be a list of \(what)")
      return nil
    }
    return elements.enumerated().map { Setting(path: "\(path)[\($0)]", raw: $1, report: report) }
  }

  /// The entries of a mapping; an empty value has none.
  func section(_ what: String = "keys and values") -> SettingSection? {
    switch raw.content {
    case .none, .mapping: return SettingSection(self)
    case .scalar, .list:
      mistake("must be a mapping of \(what)")
      return nil
    }
  }
}
