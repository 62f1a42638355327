import Testing

@testable import Dashboard

@Suite struct WatchModelTests {
  private func model() -> WatchModel {
    var model = WatchModel()
    model.accept(key: "5m||".bytes, value: liveRecord(window: "5m", start: "2020-06-16T11:56:00.000Z"))
    model.accept(key: "1m||".bytes, value: liveRecord())
    model.accept(
      key: "day|||2020-06-16T00:00:00.000Z".bytes,
      value: liveRecord(window: "day", start: "2020-06-16T00:00:00.000Z"))
    for (host, gmv) in [("h007", "21500.50"), ("h042", "250000.00"), ("gone", "9.00")] {
      model.accept(key: "1m|host_id|\(host)".bytes, value: liveRecord(group: ["host_id"], key: [host], gmv: gmv))
    }
    model.accept(key: "1m|channel|jd".bytes, value: liveRecord(group: ["channel"], key: ["jd"]))
    model.accept(key: "1m|host_id|gone".bytes, value: nil)
    return model
  }

  private func texts(_ model: inout WatchModel, _ width: Int, _ height: Int) -> [String] {
    model.screen(width: width, height: height).map(\.text)
  }

  @Test func showsTheShortestWindowAndHostsByDefault() {
    var model = model()
    model.columns = [.key, .gmv, .orders]
    #expect(model.windows == ["1m", "5m", "day"])
    #expect(model.groups == [["channel"], ["host_id"]])
    #expect(
      model.screen(width: 72, height: 10) == [
        .init(text: "Livetally  to 2020-06-16T12:01:00.000Z  CNY"),
        .init(text: "window  [1m] 5m day"),
        .init(text: "group   channel [host_id]"),
        .init(text: "filter  (none)  2 rows"),
        .init(text: "HOST_ID        GMV v  ORDERS", style: .inverse),
        .init(text: "platform  310,000.00   1,021", style: .bold),
        .init(text: "h042      250,000.00   1,021"),
        .init(text: "h007       21,500.50   1,021"),
        .init(text: ""),
        .init(text: "q quit  left/right sort  r reverse  / filter  w window  g group  up/dow\u{2026}", style: .inverse),
      ])
  }

  @Test func frameRedrawsInPlace() {
    var model = model()
    let frame = model.frame(width: 60, height: 4)
    // From the corner, each line cleared before it is written; the last one does not scroll the screen.
    #expect(frame.hasPrefix("\u{1B}[H\u{1B}[2KLivetally"))
    #expect(frame.split(separator: "\r\n", omittingEmptySubsequences: false).count == 4)
    #expect(!frame.hasSuffix("\n"))
    var empty = WatchModel()
    #expect(texts(&empty, 80, 24)[0] == "Waiting for the first records.")
    #expect(empty.plainLines().isEmpty)
  }

  @Test(arguments: [1, 2, 3, 5, 7, 8, 24], [1, 7, 20, 80, 300])
  func fillsTheScreenAndNothingBeyondIt(height: Int, width: Int) {
    var model = model()
    model.notice = "a broker is away"
    let lines = texts(&model, width, height)
    #expect(lines.count == height)
    for line in lines { #expect(DisplayWidth.of(line) <= width) }
  }

  @Test func selectionsHold() {
    var model = model()
    model.group = ["channel"]
    #expect(model.rows(5).map(\.name) == ["jd"])
    model.window = "day"
    #expect(model.rows(5).isEmpty)
    #expect(model.platformRow?.window == "day")
    #expect(model.plainLines().count == 1)
  }

  private func press(_ keys: KeyStroke..., in model: inout WatchModel) {
    for key in keys { #expect(model.press(key) == .nothing) }
  }

  @Test func keysChooseColumnAndDirection() {
    var model = WatchModel()
    model.accept(key: "1m||".bytes, value: liveRecord())
    for (host, gmv, orders, conversion) in [("b", "3.00", 1, "0.5"), ("a", "2.00", 9, "null"), ("c", "1.00", 5, "0.7")]
    {
      model.accept(
        key: "1m|host_id|\(host)".bytes,
        value: liveRecord(group: ["host_id"], key: [host], gmv: gmv, orders: orders, conversion: conversion))
    }
    func names() -> [String] { model.rows(10).map(\.name) }
    #expect(names() == ["b", "a", "c"])
    press(.right, in: &model)
    #expect(model.order == RowOrder(.orders) && names() == ["a", "c", "b"])
    press(.character("r"), in: &model)
    #expect(names() == ["b", "c", "a"])
    // From the first column on to the last: names first, which rise, then conversion; what has none comes last.
    press(.left, .left, in: &model)
    #expect(model.order == RowOrder(.key) && names() == ["a", "b", "c"])
    press(.left, in: &model)
    #expect(model.order == RowOrder(.conversion) && names() == ["c", "b", "a"])
    press(.character("r"), in: &model)
    #expect(names() == ["b", "c", "a"])
    // A record that comes takes its new place.
    model.accept(
      key: "1m|host_id|b".bytes, value: liveRecord(group: ["host_id"], key: ["b"], gmv: "3.00", conversion: "0.9"))
    #expect(names() == ["c", "b", "a"])
  }

  @Test func typingFiltersInWhateverCase() {
    var model = model()
    press(.character("/"), .character("H"), .character("0"), .character("4"), in: &model)
    #expect(model.isTyping && model.rows(5).map(\.name) == ["h042"])
    // Letters that are commands elsewhere are text here.
    press(.character("q"), in: &model)
    #expect(model.rows(5).isEmpty && model.filter == "H04q")
    #expect(texts(&model, 60, 12)[3] == "filter  H04q_  0 of 2 rows")
    press(.backspace, .enter, in: &model)
    #expect(!model.isTyping && model.rows(5).map(\.name) == ["h042"])
    #expect(texts(&model, 60, 12)[3] == "filter  H04  1 of 2 rows")
    press(.escape, in: &model)
    #expect(model.filter.isEmpty && model.rows(5).count == 2)
    #expect(model.press(.character("q")) == .quit)
  }

  @Test func aFilterIsNoLongerThanAnIdentifier() {
    var model = model()
    press(.character("/"), in: &model)
    for _ in 0..<200 { press(.character("直"), in: &model) }
    #expect(model.filter.count == WatchModel.maxFilterLength)
    press(.eraseLine, .backspace, in: &model)
    #expect(model.filter.isEmpty && !model.isTyping)
  }

  @Test func keysGoRoundWindowsAndGroups() {
    var model = model()
    press(.character("w"), in: &model)
    #expect(model.shownWindow == "5m")
    press(.character("W"), .character("W"), in: &model)
    #expect(model.shownWindow == "day")
    press(.tab, in: &model)
    #expect(model.shownWindow == "1m")
    press(.character("g"), in: &model)
    #expect(model.shownGroup == ["channel"])
    press(.character("G"), in: &model)
    #expect(model.shownGroup == ["host_id"])
  }

  @Test func scrollingStaysWithinTheRows() {
    var model = WatchModel()
    model.accept(key: "1m||".bytes, value: liveRecord())
    for i in 10..<40 {
      model.accept(
        key: "1m|host_id|h\(i)".bytes, value: liveRecord(group: ["host_id"], key: ["h\(i)"], gmv: "\(i).00"))
    }
    // 12 lines, 7 of them around the rows: 5 rows.
    func names() -> [String] { texts(&model, 60, 12)[6..<11].map { String($0.prefix(3)) } }
    #expect(names() == ["h39", "h38", "h37", "h36", "h35"])
    press(.down, .pageDown, in: &model)
    #expect(names() == ["h33", "h32", "h31", "h30", "h29"])
    #expect(texts(&model, 60, 12)[3] == "filter  (none)  30 rows, from 7")
    press(.end, .down, in: &model)
    #expect(names() == ["h14", "h13", "h12", "h11", "h10"])
    press(.up, in: &model)
    #expect(names().first == "h15")
    press(.home, .up, in: &model)
    #expect(names().first == "h39")
    // A filter that leaves less than was scrolled over.
    press(.end, .character("/"), .character("3"), in: &model)
    #expect(names().first == "h39")
  }

  @Test func keysAreReadFromTheBytesOfTerminals() {
    var decoder = KeyDecoder()
    #expect(decoder.keys(in: "q\r\u{7F}\u{15}\t".bytes) == [.character("q"), .enter, .backspace, .eraseLine, .tab])
    #expect(
      decoder.keys(in: "\u{1B}[A\u{1B}OB\u{1B}[5~\u{1B}[1;5C\u{1B}[H\u{1B}[4~".bytes)
        == [.up, .down, .pageUp, .right, .home, .end])
    // A sequence and a character may be cut anywhere.
    var keys: [KeyStroke] = []
    for byte in "\u{1B}[6~直a".bytes { keys += decoder.keys(in: [byte]) }
    #expect(keys == [.pageDown, .character("直"), .character("a")])
    // What is no key, and no UTF-8, is passed over.
    #expect(decoder.keys(in: [0x1B, 0x5B, 0x32, 0x30, 0x30, 0x7E, 0x00, 0xFF, 0xE7, 0x61]) == [.character("a")])
    #expect(decoder.keys(in: [0x1B]) == [] && decoder.flush() == [.escape])
    #expect(decoder.flush() == [])
    #expect(decoder.keys(in: [0x1B, 0x1B]) == [.escape] && decoder.flush() == [.escape])
  }

  @Test func namesAreThoseOfTheKey() {
    #expect(RankedRows.name("a%2Fb/c%25|2020-06-16T00:00:00.000Z") == "a/b / c%")
    #expect(RankedRows.name("%00") == "other")
  }
}
