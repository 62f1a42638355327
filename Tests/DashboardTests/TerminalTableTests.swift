import Testing

@testable import Dashboard

@Suite struct TerminalTableTests {
  private func row(_ host: String, gmv: String, orders: Int = 1, conversion: String = "null") throws -> MetricRow {
    try #require(
      MetricRow(
        value: liveRecord(
          group: ["host_id"], key: [host], gmv: gmv, orders: orders, buyers: 2, viewers: 35120, online: 40,
          conversion: conversion)))
  }

  private var rows: [MetricRow] {
    get throws {
      [
        try row("h042", gmv: "310000.00", orders: 1021, conversion: "0.028417"),
        try row("h007", gmv: "21500.50", orders: 88, conversion: "0.010249"),
        try row("李佳琦", gmv: "-0.05"),
      ]
    }
  }

  private func text(
    _ rows: [MetricRow], columns: [MetricRow.Column] = MetricRow.Column.allCases, width: Int, order: RowOrder? = nil
  ) -> String {
    TerminalTable.lines(rows: rows, columns: columns, width: width, order: order).joined(separator: "\n")
  }

  @Test func wideTableIsExact() throws {
    #expect(
      text(try rows, width: 80) == """
        KEY            GMV  ORDERS  BUYERS  VIEWERS  ONLINE   CONV
        h042    310,000.00   1,021       2   35,120      40  2.84%
        h007     21,500.50      88       2   35,120      40  1.02%
        李佳琦       -0.05       1       2   35,120      40      -
        """)
  }

  @Test func theHeadingOfTheSortedColumnShowsWhichWay() throws {
    #expect(
      text([try row("h1", gmv: "5.00")], columns: [.key, .gmv, .orders], width: 80, order: RowOrder(.gmv)) == """
        KEY  GMV v  ORDERS
        h1    5.00       1
        """)
    let rising = RowOrder(.key)
    #expect(text([], columns: [.key, .gmv], width: 80, order: rising) == "KEY ^  GMV")
  }

  @Test func narrowTableLeavesColumnsOutFromTheRight() throws {
    #expect(
      text(try rows, width: 27) == """
        KEY            GMV  ORDERS
        h042    310,000.00   1,021
        h007     21,500.50      88
        李佳琦       -0.05       1
        """)
  }

  @Test func theSortedColumnStays() throws {
    #expect(
      text(try rows, width: 32, order: RowOrder(.viewers)) == """
        KEY            GMV  VIEWERS v
        h042    310,000.00     35,120
        h007     21,500.50     35,120
        李佳琦       -0.05     35,120
        """)
  }

  @Test func longNamesAreCutBeforeColumns() throws {
    let long = [try row("kuaishou-20200616-直播间", gmv: "5.00")]
    #expect(text(long, columns: [.key, .gmv], width: 14) == "KEY        GMV\nkuaisho\u{2026}  5.00")
  }

  @Test(arguments: 1...90)
  func neverPassesTheTerminalsEdge(width: Int) throws {
    for order in [nil, RowOrder(.conversion), RowOrder(.key)] {
      for line in TerminalTable.lines(rows: try rows, width: width, order: order) {
        #expect(DisplayWidth.of(line) <= width)
      }
    }
  }

  @Test func wideAndCombiningCharactersTakeTheirCells() {
    #expect(DisplayWidth.of("直播间") == 6)
    #expect(DisplayWidth.of("ｶﾞ가😀⚡") == 1 + 1 + 2 + 2 + 2)
    #expect(DisplayWidth.of("e\u{301}") == 1)
    #expect(DisplayWidth.of("\u{301}") == 0)
    // A wide character is not cut in two: the cell that is left is filled.
    #expect(DisplayWidth.fit("直播间", to: 4) == "直\u{2026} ")
    #expect(DisplayWidth.fit("直播间", to: 5) == "直播\u{2026}")
  }

  @Test func controlCharactersOfNamesDoNotReachTheTerminal() throws {
    let text = text([try row("a\\u001b[2Jb\\u202e", gmv: "1.00")], columns: [.key], width: 40)
    #expect(text == "KEY\na\u{FFFD}[2Jb\u{FFFD}")
  }

  @Test func plainLinesAreExact() throws {
    let lines = TerminalTable.plainLines(rows: [try row("h 1", gmv: "21500.50", conversion: "0.010249")])
    #expect(
      lines == [
        "2020-06-16T12:01:00.000Z window=1m key=\"h 1\" gmv=21500.50 orders=1 buyers=2 viewers=35120 online=40 "
          + "conversion_rate=0.010249"
      ])
  }

  @Test func numbersAreGrouped() {
    #expect(NumberText.grouped("0") == "0")
    #expect(NumberText.grouped("999") == "999")
    #expect(NumberText.grouped("1000") == "1,000")
    #expect(NumberText.grouped("-1234567.80") == "-1,234,567.80")
    #expect(NumberText.grouped("null") == "-")
    #expect(NumberText.percent("0.028417") == "2.84%")
    #expect(NumberText.percent("1.000000") == "100.00%")
    #expect(NumberText.percent("0.000050") == "0.01%")
    #expect(NumberText.percent(nil) == "-")
  }
}
