import Testing

@testable import Dashboard

@Suite struct RecordFieldsTests {
  private func members(_ text: String) -> (complete: Bool, members: [String]) {
    var found: [String] = []
    let complete = RecordFields(text.bytes).visit { name, value in
      found.append(String(decoding: name, as: UTF8.self) + "=" + String(decoding: value, as: UTF8.self))
      return true
    }
    return (complete, found)
  }

  @Test func takesTheOutermostObjectApart() {
    let text = " { \"a\" : 1.50 , \"b\":{\"a\":[2,\"}\"]},\"c\":\"x\\\"},\" ,\"d\":null,\"e\":[]} "
    let result = members(text)
    #expect(result.complete)
    #expect(result.members == ["a=1.50", "b={\"a\":[2,\"}\"]}", "c=\"x\\\"},\"", "d=null", "e=[]"])
    #expect(members("{}").complete)
  }

  @Test(arguments: [
    "", "[]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":\"x", "{\"a\":{]", "{a:1}", "{\"a\":1}x", "{\"a\\",
  ])
  func noticesTextThatEndsTooEarly(_ text: String) {
    #expect(!members(text).complete)
  }

  @Test func keysAreTakenApart() {
    #expect(RecordKey("1m|host_id|h042".bytes)?.row == "h042")
    #expect(RecordKey("1m||".bytes)?.group == "")
    #expect(RecordKey("1m||".bytes)?.hasStart == false)
    let day = RecordKey("day|session_id+product_id|s%7C1/p%2F2|2020-06-16T00:00:00.000Z".bytes)
    #expect(day?.group == "session_id+product_id")
    #expect(day?.hasStart == true)
    #expect(RecordKey("1m|host_id".bytes) == nil)
    #expect(RecordKey("|a|b".bytes) == nil)
    #expect(RecordKey("1m|a|b|c|d".bytes) == nil)
  }
}
