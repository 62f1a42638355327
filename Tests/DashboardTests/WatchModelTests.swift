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

  @Test func showsTheShortestWindowAndHostsByDefault() {
    var model = model()
    model.columns = [.key, .gmv, .orders]
    #expect(model.windows == ["1m", "5m", "day"])
    #expect(model.groups == [["channel"], ["host_id"]])
    #expect(
      model.screen(width: 72, height: 20) == [
        "Livetally  [1m] 5m day  to 2020-06-16T12:01:00.000Z  CNY                ",
        "",
        "HOST_ID          GMV  ORDERS",
        "platform  310,000.00   1,021",
        "h042      250,000.00   1,021",
        "h007       21,500.50   1,021",
      ])
  }

  @Test func frameRedrawsInPlace() {
    var model = model()
    let frame = model.frame(width: 60, height: 4)
    #expect(frame.hasPrefix("\u{1B}[H"))
    #expect(frame.hasSuffix("\u{1B}[K\u{1B}[J"))
    #expect(frame.split(separator: "\r\n", omittingEmptySubsequences: false).count == 4)
    var empty = WatchModel()
    #expect(empty.screen(width: 80, height: 24).count == 1)
    #expect(empty.plainLines().isEmpty)
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
}
