import Yams

/// YAML as raw settings: texts stay as they were written, nothing is turned into a number on the way.
enum YAMLDocument {
  /// Parses `yaml`; `nil` after a mistake that leaves nothing to read.
  ///
  /// - Parameters:
  ///   - variable: the environment variable that holds the text, or `nil` for the document.
  ///   - path: what the text as a whole is the value of, e.g. `windows`.
  static func parse(_ yaml: String, variable: String? = nil, path: String = "", into report: MistakeReport)
    -> RawSetting?
  {
    var text = RepeatedKeys(yaml)
    while true {
      do {
        // The basic resolver leaves every scalar a string.
        let root = try Parser(yaml: text.yaml, resolver: .basic, encoding: .utf8).singleRoot()
        let conversion = Conversion(variable: variable, masked: text.masked, report: report)
        return root.map { conversion.setting($0, path: path) }
          ?? RawSetting(content: .none, place: conversion.place(nil))
      } catch YamlError.duplicatedKeysInMapping(let names, let context) {
        if text.mask(at: context.mark) { continue }
        report.add(
          place(context.mark, variable), path, "key given more than once: \(names.sorted().joined(separator: ", "))")
      } catch let error as YamlError {
        let (position, problem) = fault(error)
        report.add(
          variable.map(ConfigurationError.Place.variable) ?? position, path, "not valid YAML: \(problem)")
      } catch {
        report.add(place(nil, variable), path, "not valid YAML: \(error)")
      }
      return nil
    }
  }

  private static func place(_ mark: Mark?, _ variable: String?) -> ConfigurationError.Place {
    if let variable { return .variable(variable) }
    return .line(mark?.line ?? 1, column: mark?.column ?? 1)
  }

  private static func fault(_ error: YamlError) -> (ConfigurationError.Place, String) {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      guard let context, context.mark.line != mark.line else { return (place(mark, nil), problem) }
      return (place(mark, nil), "\(problem) (\(context.text) that begins in line \(context.mark.line))")
    case .reader(let problem, let offset, _, let yaml):
      let lines = yaml.prefix(offset ?? 0).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      return (.line(lines.count, column: lines[lines.count - 1].count + 1), problem)
    default: return (place(nil, nil), "\(error)")
    }
  }

  /// One pass over a parsed document.
  private struct Conversion {
    let variable: String?
    let masked: [Unicode.Scalar: Unicode.Scalar]
    let report: MistakeReport

    func place(_ mark: Mark?) -> ConfigurationError.Place { YAMLDocument.place(mark, variable) }

    func setting(_ node: Node, path: String) -> RawSetting {
      RawSetting(content: content(node, path: path), place: place(node.mark))
    }

    private func content(_ node: Node, path: String) -> RawSetting.Content {
      let tag = node.tag.rawValue
      if !tag.hasPrefix("tag:yaml.org,2002:") {
        report.add(place(node.mark), path, "the tag \(tag) has no meaning here; remove it")
      }
      switch node {
      case .scalar(let scalar):
        let isNull = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
        return isNull ? .none : .scalar(scalar.string)
      case .sequence(let sequence):
        return .list(sequence.enumerated().map { setting($1, path: "\(path)[\($0)]") })
      case .mapping(let mapping): return .mapping(entries(mapping, path: path))
      case .alias: return .none
      }
    }

    private func entries(_ mapping: Node.Mapping, path: String) -> [RawSetting.Entry] {
      var entries: [RawSetting.Entry] = []
      for (keyNode, valueNode) in mapping {
        guard case .scalar(let scalar) = keyNode else {
          report.add(place(keyNode.mark), path, "a key must be a text")
          continue
        }
        var key = scalar.string
        let original = key.unicodeScalars.first.flatMap { masked[$0] }
        if let original { key.unicodeScalars.replaceSubrange(...key.unicodeScalars.startIndex, with: [original]) }
        let keyPath = path.isEmpty ? key : "\(path).\(key)"
        if original != nil {
          report.add(place(keyNode.mark), keyPath, "given again further on; remove one of the two")
          continue
        }
        entries.append(
          RawSetting.Entry(key: key, keyPlace: place(keyNode.mark), value: setting(valueNode, path: keyPath)))
      }
      return entries
    }
  }
}
