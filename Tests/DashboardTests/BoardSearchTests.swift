import Testing

@testable import Dashboard

@Suite struct BoardSearchTests {
  private func board() -> LiveBoard {
    let board = LiveBoard(sessionWindows: ["broadcast"])
    board.show()
    for (host, gmv) in [("Lin", "1.00"), ("Linda", "5.00"), ("Berlin", "9.00"), ("Bo", "3.00"), ("a%2Fb", "2.00")] {
      board.show("1m", ["host_id"], [host], gmv: gmv)
    }
    board.show("1m", ["brand_id"], ["LINEN"], gmv: "4.00")
    board.show("1m", ["session_id", "product_id"], ["lin1", "lin2"], gmv: "99.00")
    return board
  }

  @Test func equalOnesComeFirstThenBeginningsThenByGMV() {
    let found = board().read { $0.search("lin", limit: 10) }
    #expect(found.map(\.value) == ["Lin", "Linda", "LINEN", "Berlin"])
    #expect(found.map(\.group) == ["host_id", "host_id", "brand_id", "host_id"])
    #expect(board().read { $0.search("lin", limit: 2) }.map(\.value) == ["Lin", "Linda"])
    #expect(board().read { $0.search("nobody", limit: 2) }.isEmpty)
  }

  @Test func valuesAreFoundAsTheyAreAndLinkedAsInKeys() {
    let found = board().read { $0.search("a/b", limit: 10) }
    #expect(found == [FoundKey(group: "host_id", id: "a%2Fb", value: "a/b")])
  }
}
