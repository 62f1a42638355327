/// How a ``WatchModel`` looks on a screen.
extension WatchModel {
  /// A line and how it stands out.
  struct Line: Equatable {
    enum Style { case plain, bold, inverse }
    var text: String
    var style = Style.plain
  }

  private static let homeCursor = "\u{1B}[H"
  // Before the text: behind a line as wide as the screen it would take its last character away.
  private static let clearLine = "\u{1B}[2K"
  private static let clearToScreenEnd = "\u{1B}[J"
  private static let reset = "\u{1B}[0m"
  /// Lines above and below the rows: heading, windows, groups, filter, the table's headings, the platform, help.
  private static let frameLines = 7
  private static let keys = [
    "q quit", "left/right sort", "r reverse", "/ filter", "w window", "g group", "up/down scroll",
  ]
  private static let typingKeys = ["type to filter", "Enter keep", "Esc clear", "Ctrl-U empty"]

  /// One screen, written over the one before it so that it does not flicker.
  public mutating func frame(width: Int, height: Int) -> String {
    let lines = screen(width: width, height: height).map { line in
      switch line.style {
      case .plain: Self.clearLine + line.text
      case .bold: Self.clearLine + "\u{1B}[1m" + line.text + Self.reset
      case .inverse: Self.clearLine + "\u{1B}[7m" + DisplayWidth.fit(line.text, to: width) + Self.reset
      }
    }
    // Nothing is erased behind a last line that fills the screen to its corner.
    return Self.homeCursor + lines.joined(separator: "\r\n") + (lines.count < height ? Self.clearToScreenEnd : "")
  }

  /// The lines of ``frame(width:height:)``: at most `height`, none wider than `width` cells.
  mutating func screen(width: Int, height: Int) -> [Line] {
    guard width > 0, height > 0 else { return [] }
    let help = Line(text: fit((isTyping ? Self.typingKeys : Self.keys).joined(separator: "  "), width), style: .inverse)
    // Low terminals lose what says how things are chosen first.
    let hasChoices = height > Self.frameLines
    let rows = rows(max(0, height - (hasChoices ? Self.frameLines : 4)))
    guard let platform = platformRow ?? rows.first else {
      let waiting = notice.isEmpty ? "Waiting for the first records." : notice
      return Array([Line(text: fit(waiting, width)), help].prefix(height))
    }
    var lines = [Line(text: fit(heading(platform), width))]
    if hasChoices {
      lines.append(Line(text: fit("window  " + choice(windows, shownWindow ?? ""), width)))
      let group = shownGroup?.joined(separator: "+") ?? ""
      lines.append(Line(text: fit("group   " + choice(groups.map { $0.joined(separator: "+") }, group), width)))
      lines.append(Line(text: fit(filterLine, width)))
    }
    let table = TerminalTable.lines(
      rows: (platformRow.map { [$0] } ?? []) + rows, columns: columns, width: width, order: order,
      keyTitle: shownGroup?.joined(separator: " / ") ?? "key")
    for (i, text) in table.enumerated() {
      lines.append(Line(text: text, style: i == 0 ? .inverse : i == 1 && platformRow != nil ? .bold : .plain))
    }
    lines = Array(lines.prefix(height - 1))
    while lines.count < height - 1 { lines.append(Line(text: "")) }
    return lines + [help]
  }

  private func fit(_ text: String, _ width: Int) -> String {
    var line = DisplayWidth.fit(DisplayWidth.harmless(text), to: width)
    while line.last == " " { line.removeLast() }
    return line
  }

  private func heading(_ row: MetricRow) -> String {
    ["Livetally", "to \(row.windowEnd)", row.currency, notice].filter { !$0.isEmpty }.joined(separator: "  ")
  }

  private func choice(_ all: [String], _ chosen: String) -> String {
    (all.contains(chosen) || chosen.isEmpty ? all : all + [chosen]).map { $0 == chosen ? "[\($0)]" : $0 }
      .joined(separator: " ")
  }

  private var filterLine: String {
    let (matching, total) = rowCounts
    let count = filter.isEmpty ? "\(total) rows" : "\(matching) of \(total) rows"
    let place = firstRow > 0 ? ", from \(firstRow + 1)" : ""
    let text = isTyping ? "\(filter)_" : filter.isEmpty ? "(none)" : filter
    return "filter  \(text)  \(count)\(place)"
  }
}
