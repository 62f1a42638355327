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
        try row("h007", gmv: "21500.50", orders: 88, conversion: "0.010249"),
        try row("h042", gmv: "310000.00", orders: 1021, conversion: "0.028417"),
        try row("李佳琦", gmv: "-0.05"),
      ]
    }
  }

  @Test func wideTableIsExact() throws {
    let text = TerminalTable.render(rows: try rows, width: 80, height: 24)
    #expect(
      text == """
        KEY            GMV  ORDERS  BUYERS  VIEWERS  ONLINE   CONV
        h042    310,000.00   1,021       2   35,120      40  2.84%
        h007     21,500.50      88       2   35,120      40  1.02%
        李佳琦       -0.05       1       2   35,120      40      -
        """)
  }

  @Test func narrowTableLeavesColumnsOutFromTheRight() throws {
    let text = TerminalTable.render(rows: try rows, width: 27, height: 24)
    #expect(
      text == """
        KEY            GMV  ORDERS
        h042    310,000.00   1,021
        h007     21,500.50      88
        李佳琦       -0.05       1
        """)
  }

  @Test func longNamesAreCutBeforeColumns() throws {
    let long = [try row("kuaishou-20200616-直播间", gmv: "5.00")]
    let text = TerminalTable.render(rows: long, columns: [.key, .gmv], width: 14, height: 5)
    #expect(text == "KEY        GMV\nkuaisho\u{2026}  5.00")
  }

  @Test func lowTableSaysHowManyRowsAreMissing() throws {
    let many = try (1...9).map { try row("h\($0)", gmv: "\($0).00") }
    let text = TerminalTable.render(rows: many, columns: [.key, .gmv], width: 40, height: 4)
    #expect(text == "KEY   GMV\nh9   9.00\nh8   8.00\nand 7 more")
  }

  @Test(arguments: 1...90, [1, 2, 3, 7])
  func neverPassesTheTerminalsEdges(width: Int, height: Int) throws {
    let lines = TerminalTable.render(rows: try rows, width: width, height: height)
      .split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= height)
    for line in lines { #expect(DisplayWidth.of(String(line)) <= width) }
  }

  @Test func controlCharactersOfNamesDoNotReachTheTerminal() throws {
    let text = TerminalTable.render(
      rows: [try row("a\\u001b[2Jb\\u202e", gmv: "1.00")], columns: [.key], width: 40, height: 3)
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
