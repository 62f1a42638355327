/// The name that somebody probably meant.
enum NearestName {
  /// The one of `names` with the fewest edits from `text`, the first of several; `nil` where all are too far away to be
  /// meant: a third of the letters, but 2 edits are always near in a name of more than 2.
  static func of(_ text: String, among names: some Sequence<String>) -> String? {
    let letters = Array(text.lowercased().unicodeScalars)
    let reach = letters.count <= 2 ? 1 : max(2, letters.count / 3)
    var nearest: (name: String, distance: Int)?
    for name in names {
      let candidate = Array(name.lowercased().unicodeScalars)
      guard abs(candidate.count - letters.count) <= reach else { continue }
      let distance = edits(letters, candidate)
      if distance <= reach, distance < nearest?.distance ?? .max { nearest = (name, distance) }
    }
    return nearest?.name
  }

  /// `; did you mean "slide"?`, or what is allowed where no name is near.
  static func hint(for text: String, among names: [String]) -> String {
    if let nearest = of(text, among: names) { return "; did you mean \"\(nearest)\"?" }
    return "; allowed: \(names.joined(separator: ", "))"
  }

  /// Insertions, deletions, replacements and swaps of neighbours (Damerau-Levenshtein, optimal string alignment).
  static func edits(_ one: [Unicode.Scalar], _ other: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...other.count)
    for i in one.indices {
      var row = [i + 1]
      for j in other.indices {
        var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (one[i] == other[j] ? 0 : 1))
        if i > 0, j > 0, one[i] == other[j - 1], one[i - 1] == other[j] { best = min(best, beforeLast[j - 1] + 1) }
        row.append(best)
      }
      beforeLast = last
      last = row
    }
    return last[other.count]
  }
}
