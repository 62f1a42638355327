import Foundation

/// By which column rows are sorted, and which way.
public struct RowOrder: Hashable, Sendable {
  public var column: MetricRow.Column
  public var isDescending: Bool

  /// Numbers begin with the largest, names with the first.
  public init(_ column: MetricRow.Column, isDescending: Bool? = nil) {
    self.column = column
    self.isDescending = isDescending ?? (column != .key)
  }
}

/// The rows of one group in one window in a chosen order, those whose name holds a text.
///
/// A group may have tens of thousands of rows of which some change between two looks: what was read of a row is kept
/// until it changes.
struct RankedRows: Sendable {
  private struct Known {
    var version: UInt64
    let name: String
    let folded: String
    var value: Double
  }

  private var window = ""
  private var group = ""
  private var column = MetricRow.Column.gmv
  private var known: [[UInt8]: Known] = [:]
  /// How many rows there were, with and without the filter, at the last look.
  private(set) var total = 0
  private(set) var matching = 0

  /// The rows at `range` of those that match; fewer where there are not so many.
  mutating func rows(
    of section: BoardSection?, in range: Range<Int>, order: RowOrder, filter: String
  ) -> [MetricRow] {
    guard let section else {
      (total, matching) = (0, 0)
      return []
    }
    if (section.window, section.group, order.column) != (window, group, column) {
      (window, group, column) = (section.window, section.group, order.column)
      known = [:]
    }
    let wanted = Self.folded(filter)
    var found: [(index: Int, value: Double, name: String)] = []
    for (index, entry) in section.entries.enumerated() {
      let one = look(at: entry)
      if wanted.isEmpty || one.folded.contains(wanted) { found.append((index, one.value, one.name)) }
    }
    (total, matching) = (section.entries.count, found.count)
    // Rows that are gone leave what was known of them; not for ever.
    if known.count > 2 * total + 1000 { known = [:] }
    found.sort { a, b in
      if order.column == .key { return order.isDescending ? a.name > b.name : a.name < b.name }
      // What has no value comes last either way, and names decide among equals.
      if a.value == b.value || (a.value.isNaN && b.value.isNaN) { return a.name < b.name }
      if a.value.isNaN || b.value.isNaN { return b.value.isNaN }
      return order.isDescending ? a.value > b.value : a.value < b.value
    }
    let shown = range.clamped(to: 0..<found.count)
    return found[shown].compactMap { MetricRow(value: section.entries[$0.index].value) }
  }

  private mutating func look(at entry: BoardSection.Entry) -> Known {
    if let one = known[entry.key] {
      if one.version == entry.version { return one }
      var changed = one
      changed.version = entry.version
      changed.value = value(of: entry)
      known[entry.key] = changed
      return changed
    }
    let name = Self.name(entry.row)
    let one = Known(version: entry.version, name: name, folded: Self.folded(name), value: value(of: entry))
    known[entry.key] = one
    return one
  }

  private func value(of entry: BoardSection.Entry) -> Double {
    if column == .gmv { return entry.gmv }
    if column == .key { return 0 }
    return RecordFields(entry.value).texts(of: [column.field])[0].flatMap(Double.init) ?? .nan
  }

  /// The key's values as a reader sees them, from the row part of a Kafka key.
  static func name(_ row: String) -> String {
    row.prefix { $0 != "|" }.split(separator: "/", omittingEmptySubsequences: false)
      .map { $0 == "%00" ? "other" : $0.removingPercentEncoding ?? String($0) }
      .joined(separator: " / ")
  }

  private static func folded(_ text: String) -> String { text.lowercased() }
}
