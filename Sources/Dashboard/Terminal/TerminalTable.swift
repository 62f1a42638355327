/// A table of metrics for a terminal of a given size.
///
/// ```
/// KEY           GMV v  ORDERS   CONV
/// h042      310,000.00   1,021  2.84%
/// h007       21,500.50      88  1.02%
/// ```
public enum TerminalTable {
  private static let gap = "  "
  /// A name is cut to this before a column gives way.
  private static let minNameWidth = 8
  private static let maxNameWidth = 40

  /// The table's lines: the headings and one line for each row; none is wider than `width` cells.
  ///
  /// Where `width` is short, names are cut first and then columns left out from the right; the names and the column by
  /// which rows are sorted stay the longest.
  ///
  /// - Parameters:
  ///   - rows: The rows, in order.
  ///   - columns: The columns, the most important first.
  ///   - width: The terminal's width in cells.
  ///   - order: The order of the rows; the heading of its column shows it: `v` falling, `^` rising. Plain ASCII, since
  ///     terminals in East Asia may draw arrows two cells wide.
  ///   - keyTitle: The heading of the column of names.
  public static func lines(
    rows: [MetricRow], columns: [MetricRow.Column] = MetricRow.Column.allCases, width: Int, order: RowOrder? = nil,
    keyTitle: String = "KEY"
  ) -> [String] {
    guard width > 0, !columns.isEmpty else { return [] }
    func cells(_ columns: [MetricRow.Column]) -> [[String]] {
      let titles = columns.map { column -> String in
        let title = column == .key ? keyTitle.uppercased() : column.title
        return column == order?.column ? title + (order!.isDescending ? " v" : " ^") : title
      }
      return [titles] + rows.map { row in columns.map { row.text($0) } }
    }
    let (shown, widths) = fitting(columns, sorted: order?.column, width, cells)
    return cells(shown).map { texts in
      var line = zip(shown.indices, texts).map { index, text in
        DisplayWidth.fit(text, to: widths[index], alignRight: shown[index] != .key)
      }.joined(separator: gap)
      while line.last == " " { line.removeLast() }
      return line
    }
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

  /// As many columns as fit, and their widths.
  private static func fitting(
    _ all: [MetricRow.Column], sorted: MetricRow.Column?, _ width: Int,
    _ cells: ([MetricRow.Column]) -> [[String]]
  ) -> ([MetricRow.Column], [Int]) {
    var columns = all
    let texts = cells(all)
    var widths = all.indices.map { index in
      let widest = texts.map { DisplayWidth.of($0[index]) }.max() ?? 0
      return all[index] == .key ? min(widest, maxNameWidth) : widest
    }
    func total() -> Int { widths.reduce(0, +) + gap.count * (widths.count - 1) }
    if let name = columns.firstIndex(of: .key), total() > width {
      widths[name] = max(min(widths[name], minNameWidth), widths[name] - (total() - width))
    }
    while columns.count > 1, total() > width {
      let gone = columns.lastIndex { $0 != .key && $0 != sorted } ?? columns.count - 1
      columns.remove(at: gone)
      widths.remove(at: gone)
    }
    if let first = widths.first { widths[0] = min(first, width) }
    return (columns, widths)
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
  }
}
