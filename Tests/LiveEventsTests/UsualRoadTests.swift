import LiveEvents
import Testing

/// What could be mistaken where members are not read byte by byte, in each style, after events of that style.
@Suite struct UsualRoadTests {
  private static let styles: [(colon: String, comma: String)] = [(":", ","), (": ", ", "), (": ", ","), (":", " , ")]

  private func outcomes(_ members: Members) -> [Outcome] {
    UsualRoadTests.styles.map { style in
      func text(_ members: Members) -> [UInt8] {
        let text = members.list.map { "\"\($0.key)\"\(style.colon)\($0.value)" }.joined(separator: style.comma)
        return Array("{\(text)}".utf8)
      }
      var decoder = EventDecoder(policy: .yuan)
      for _ in 0..<3 { #expect(decoder.outcome(text(.viewer)).reason == nil) }
      return decoder.outcome(text(members))
    }
  }

  private func expect(_ members: Members, _ expected: Outcome, _ comment: Comment) {
    for outcome in outcomes(members) { #expect(outcome == expected, comment) }
  }

  @Test func keyOfTextWithAnotherValueIsNotUnknown() {
    for key in ["mcn_id", "region", "session_id", "type", "viewer_id", "event_id"] {
      for value in ["1", "12345", "true", "[]", "1.5"] {
        expect(Members.viewer.with(key, value), Outcome(reason: .badField), "\(key) \(value)")
      }
    }
  }

  @Test func unknownMembersChangeNothing() {
    let plain = decode(Members.viewer.json)
    let values = [
      "1", "0", "-1", "1.5", "1e3", "true", "null", #""""#, #""a""#, #""a,b""#, #"",""#, #""a\"b""#, #""拍了两件""#, "[]",
      #"["a","b"]"#,
      #"{"region":"x","mcn_id":1}"#, "1234567890123456789", #""\#(String(repeating: "x", count: 300))""#,
    ]
    for value in values {
      for place in [0, 1, 5, Members.viewer.list.count] {
        for key in ["x", "region2", "regio", "mcn_idx", "type ", "品牌"] {
          var members = Members.viewer
          members.list.insert((key, value), at: place)
          expect(members, plain, "\(key) \(value) at \(place)")
        }
      }
    }
  }

  @Test func unknownMembersMustBeJSON() {
    for member in [
      #""x":01"#, #""x":1a"#, #""x":"a"b"#, #""x":"a""b""#, #""x""#, #""x":"#, #""x" 1"#, #""x":"a":"b""#, #""x":1 2"#,
      #""x":"a",5"#, #""x":5,5"#, #""region":"x":5"#, #""region":"x"y"#, #""ts":1,5"#,
    ] {
      for place in [0, 5, 12] {
        let parts = Members.viewer.list.map { "\"\($0.key)\":\($0.value)" }
        let text = "{" + (parts[..<place] + [member] + parts[place...]).joined(separator: ",") + "}"
        #expect(decode(text).reason == .malformedJSON, "\(text)")
      }
    }
  }

  @Test func textsOfEveryLengthKeepTheirBytesAndHash() {
    for length in 1...128 {
      let text = String((0..<length).map { Character(Unicode.Scalar(UInt8(0x61 + $0 % 26))) })
      for outcome in outcomes(Members.viewer.with("region", "\"\(text)\"")) {
        #expect(outcome.texts[.region] == Array(text.utf8))
        #expect(outcome.hashes[.region] == IdentifierHashTests.hash(text.utf8))
      }
    }
    expect(
      Members.viewer.with("region", "\"\(String(repeating: "a", count: 129))\""), Outcome(reason: .badField), "129")
  }
}
