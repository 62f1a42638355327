import Glibc
import LiveEvents
import Testing

@Suite struct IdentifierTests {
  /// The bytes as a JSON string in which every character is escaped.
  static func escaped(_ text: String) -> String {
    "\""
      + text.utf16.map { unit in
        let hex = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      }.joined() + "\""
  }

  @Test func lengthIsCountedInBytesAfterUnescaping() {
    let cases: [(json: String, bytes: Int)] =
      (1...128).map { (String(repeating: "a", count: $0), $0) } + [
        (String(repeating: "é", count: 64), 128), (String(repeating: "价", count: 42) + "ab", 128),
        (String(repeating: "😀", count: 32), 128), (String(repeating: "\\u00e9", count: 64), 128),
        (String(repeating: "\\ud83d\\ude00", count: 32), 128), (String(repeating: "\\n", count: 128), 128),
        ("\\u0000", 1), (" ", 1), ("a b", 3),
      ]
    for (json, bytes) in cases {
      for key in ["session_id", "region"] {
        let event = decode(Members.viewer.with(key, "\"\(json)\"").json)
        #expect(event.texts[key == "region" ? .region : .sessionID]?.count == bytes, "\(json)")
      }
    }
    for json in [
      "", String(repeating: "a", count: 129), String(repeating: "é", count: 64) + "a",
      String(repeating: "\\u00e9", count: 64) + "\\u0061", String(repeating: "😀", count: 33),
      String(repeating: "\\ud83d\\ude00", count: 32) + "a", String(repeating: "a", count: 60_000),
    ] {
      #expect(decode(Members.viewer.with("region", "\"\(json)\"").json).reason == .badField)
    }
  }

  @Test func escapesMeanWhatTheyStandFor() {
    let json = #""\"\\\/\b\f\n\r\t\u0041\u00e9\u4ef7\ud83d\ude00\uD83D\uDE00""#
    #expect(decode(Members.viewer.with("region", json).json).text(.region) == "\"\\/\u{8}\u{c}\n\r\tAé价😀😀")
    #expect(decode(Members.viewer.with("region", #""a\u0000b""#).json).texts[.region] == [97, 0, 98])
  }

  @Test func plainAndEscapedTextsAreTheSame() {
    var generator = SeededGenerator(seed: 2)
    let alphabet = Array("abcXYZ019-_.:!#~ é价😀")
    var decoder = EventDecoder(policy: .yuan)
    for _ in 0..<2_000 {
      var text = ""
      repeat {
        text.append(alphabet.randomElement(using: &generator)!)
      } while text.utf8.count < 120 && generator.chance(95)
      let plain = decoder.outcome(Array(Members.viewer.with("session_id", "\"\(text)\"").json.utf8))
      let slow = decoder.outcome(Array(Members.viewer.with("session_id", IdentifierTests.escaped(text)).json.utf8))
      #expect(plain == slow)
      #expect(plain.texts[.sessionID] == Array(text.utf8))
      #expect(plain.hashes[.sessionID] == Array(text.utf8).withUnsafeBytes { IdentifierHash.hash($0) })
    }
  }

  @Test func onlyTheFieldsOfThePolicyAreHashed() {
    let some: Set<IdentifierField> = [.sessionID, .viewerID]
    let policy = DecodingPolicy(
      reportingCurrency: CurrencyCode("CNY")!, rates: [:], maxFutureMilliseconds: 0, hashed: some)
    for region in [#""GD""#, #""\u0047D""#, #""a longer text with spaces""#] {
      let event = decode(Members.viewer.with("region", region).json, policy: policy)
      for (field, hash) in event.hashes { #expect((hash != 0) == some.contains(field)) }
    }
  }

  @Test func keysMayBeEscapedAndSpaced() {
    let expected = decode(Members.viewer.json)
    let escaped =
      "{" + Members.viewer.list.map { "\(IdentifierTests.escaped($0.key)):\($0.value)" }.joined(separator: ",") + "}"
    #expect(decode(escaped) == expected)
    var generator = SeededGenerator(seed: 3)
    var decoder = EventDecoder(policy: .yuan)
    for style in 0..<300 {
      var spaces: [String] = ["", " ", "\n  ", "\t", "\r\n"]
      if style % 3 == 0 { spaces = [" "] }
      func space() -> String { spaces.randomElement(using: &generator)! }
      let members = Members.viewer.list.map { member in
        "\(space())\"\(member.key)\"\(style % 3 == 0 ? "" : space()):\(space())\(member.value)"
          + (style % 3 == 0 ? "" : space())
      }
      let json = space() + "{" + members.joined(separator: ",") + "}" + space()
      #expect(decoder.outcome(Array(json.utf8)) == expected, "\(json)")
    }
  }

  @Test func unknownFieldsAreIgnored() {
    let expected = decode(Members.viewer.json)
    var generator = SeededGenerator(seed: 4)
    let keys = [
      "x", "types", "typ", "", "event_id2", "session_i", "Type", "ts\\u0000", "host-id", "category_idx", "价", "a b",
      String(repeating: "k", count: 500), "\\ud83d\\ude00",
    ]
    let values = ["1", "null", "\"x\"", "{\"type\":\"paid\",\"ts\":[{}]}", "[[],{}]", "-1.5e-7", "\"价\\n\"", "true"]
    for _ in 0..<500 {
      var members = Members.viewer
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0...members.list.count, using: &generator)
        members.list.insert(
          (keys.randomElement(using: &generator)!, values.randomElement(using: &generator)!), at: place)
      }
      #expect(decode(members.json) == expected, "\(members.json)")
    }
  }

  /// The payload ends where the memory ends: one byte too far is a crash.
  @Test func nothingIsReadBehindThePayload() throws {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let memory = try #require(mmap(nil, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    defer { munmap(memory, 3 * page) }
    #expect(mprotect(memory, page, PROT_NONE) == 0)
    #expect(mprotect(memory + 2 * page, page, PROT_NONE) == 0)
    var generator = SeededGenerator(seed: 5)
    var decoder = EventDecoder(policy: .yuan)
    func check(_ payload: ArraySlice<UInt8>) {
      let atEnd = UnsafeMutableRawBufferPointer(start: memory + 2 * page - payload.count, count: payload.count)
      atEnd.copyBytes(from: payload)
      let outcome = decoder.outcome(UnsafeRawBufferPointer(atEnd))
      let atStart = UnsafeMutableRawBufferPointer(start: memory + page, count: payload.count)
      atStart.copyBytes(from: payload)
      #expect(decoder.outcome(UnsafeRawBufferPointer(atStart)) == outcome)
      #expect(decoder.outcome(Array(payload)) == outcome)
    }
    for round in 0..<60 {
      var members: Members = round % 2 == 0 ? .purchase : .viewer
      members.list.shuffle(using: &generator)
      if round % 5 == 0 { members = members.with("note", #""\u00e9价😀 \n x""#) }
      let bytes = Array(members.json.utf8)
      for count in 0...bytes.count { check(bytes[..<count]) }
    }
    for text in ["{", "{}", " {} ", "[]", "\"", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":-", "\u{FEFF}"]
    {
      check(Array(text.utf8)[...])
    }
  }
}
