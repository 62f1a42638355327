import Yams

/// A YAML text in which keys that a mapping repeats are put out of the way.
///
/// The parser refuses a document at its first repeated key and shows nothing else of it. So that this mistake can be
/// reported along with all others, the first letter of such a key is replaced by a character that occurs nowhere in
/// the text, and the text is parsed again. All other positions stay as they are.
struct RepeatedKeys {
  private(set) var yaml: String
  /// The letter that each such character stands for.
  private(set) var masked: [Unicode.Scalar: Unicode.Scalar] = [:]

  private var unused: ArraySlice<Unicode.Scalar>

  init(_ yaml: String) {
    self.yaml = yaml
    // The private use area: printable for YAML, without meaning to anybody.
    let present = Set(yaml.unicodeScalars)
    let candidates = (UInt32(0xE000)...0xF8FF).lazy.compactMap(Unicode.Scalar.init).filter { !present.contains($0) }
    unused = Array(candidates.prefix(ConfigurationLimits.repeatedKeys))[...]
  }

  /// Masks the key that begins at `mark`; false where that cannot be done.
  mutating func mask(at mark: Mark) -> Bool {
    guard let replacement = unused.first, var index = index(of: mark) else { return false }
    var scalars = yaml.unicodeScalars
    if scalars[index] == "\"" || scalars[index] == "'" { scalars.formIndex(after: &index) }
    guard index < scalars.endIndex, scalars[index].isASCII, scalars[index].properties.isAlphabetic else { return false }
    unused.removeFirst()
    masked[replacement] = scalars[index]
    scalars.replaceSubrange(index...index, with: [replacement])
    yaml = String(scalars)
    return true
  }

  private func index(of mark: Mark) -> String.Index? {
    let scalars = yaml.unicodeScalars
    var index = scalars.startIndex
    var line = 1
    while line < mark.line {
      guard index < scalars.endIndex else { return nil }
      let scalar = scalars[index]
      scalars.formIndex(after: &index)
      if scalar == "\r", index < scalars.endIndex, scalars[index] == "\n" { scalars.formIndex(after: &index) }
      // The line breaks of YAML 1.1, which the parser counts.
      if ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar) { line += 1 }
    }
    guard let key = scalars.index(index, offsetBy: mark.column - 1, limitedBy: scalars.endIndex),
      key < scalars.endIndex
    else { return nil }
    return key
  }
}
