/// A table of metrics for a terminal of a given size.
///
/// ```
/// KEY              GMV  ORDERS   CONV
/// h042      310,000.00   1,021  2.84%
/// h007       21,500.50      88  1.02%
/// ```
public enum TerminalTable {
  private static let gap = "  "
  /// A name is cut to this before a column gives way.
  private static let minNameWidth = 8
  private static let maxNameWidth = 40

  /// The table's lines, joined by line feeds and without one at the end; none is wider than `width` cells and there
  /// are at most `height`.
  ///
  /// Rows are sorted by GMV, then by name. Where `width` is short, names are cut first and then columns left out from
  /// the right; where `height` is short, the last line says how many rows are missing.
  ///
  /// - Parameters:
  ///   - rows: The rows, in any order.
  ///   - columns: The columns, the most important first.
  ///   - width: The terminal's width in cells.
  ///   - height: Its height in lines.
  ///   - total: A row that stays above the others.
  ///   - keyTitle: The heading of the column of names.
  public static func render(
    rows: [MetricRow], columns: [MetricRow.Column] = MetricRow.Column.allCases, width: Int, height: Int,
    total: MetricRow? = nil, keyTitle: String = "KEY"
  ) -> String {
    guard height > 0, width > 0, !columns.isEmpty else { return "" }
    let titles = columns.map { $0 == .key ? keyTitle.uppercased() : $0.title }
    let sorted = (total.map { [$0] } ?? []) + rows.sorted { $0.gmv != $1.gmv ? $0.gmv > $1.gmv : $0.name < $1.name }
    let room = height - 1
    let shown = sorted.count <= room ? sorted[...] : sorted.prefix(max(0, room - 1))
    let cells = shown.map { row in columns.map { row.text($0) } }
    let widths = fittingWidths(columns, [titles] + cells, width)

    func line(_ texts: [String]) -> String {
      var line = zip(widths.indices, texts).map { index, text in
        DisplayWidth.fit(text, to: widths[index], alignRight: columns[index] != .key)
      }.joined(separator: gap)
      while line.last == " " { line.removeLast() }
      return line
    }

    var lines = ([titles] + cells).map(line)
    if shown.count < sorted.count, room > 0 {
      let rest = DisplayWidth.fit("and \(sorted.count - shown.count) more", to: width)
      lines.append(String(rest.reversed().drop { $0 == " " }.reversed()))
    }
    return lines.joined(separator: "\n")
  }

  /// One line per row for output that is no terminal: names and exact values, to be read by programs as well.
  public static func plainLines(rows: [MetricRow]) -> [String] {
    rows.map { row in
      let name = row.text(.key)
      let key = name.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" }) ? quoted(name) : name
      let values = MetricRow.Column.allCases.dropFirst().map { "\($0.field)=\(row.json($0) ?? "null")" }
      return (["\(row.windowEnd)", "window=\(row.window)", "key=\(key)"] + values).joined(separator: " ")
    }
  }

  /// The widths of as many columns, from the left, as fit.
  private static func fittingWidths(_ columns: [MetricRow.Column], _ cells: [[String]], _ width: Int) -> [Int] {
    var widths = columns.indices.map { index in
      let widest = cells.map { DisplayWidth.of($0[index]) }.max() ?? 0
      return columns[index] == .key ? min(widest, maxNameWidth) : widest
    }
    func total() -> Int { widths.reduce(0, +) + gap.count * (widths.count - 1) }
    if let name = columns.firstIndex(of: .key), total() > width {
      widths[name] = max(min(widths[name], minNameWidth), widths[name] - (total() - width))
    }
    while widths.count > 1, total() > width { widths.removeLast() }
    if let first = widths.first { widths[0] = min(first, width) }
    return widths
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
  }
}
