import Testing

@testable import Pipeline

@Suite struct DurationTextTests {
  @Test(arguments: [
    ("0", 0), ("0s", 0), ("500ms", 500), ("10s", 10_000), ("1m", 60_000), ("2h", 7_200_000), ("1d", 86_400_000),
    ("1h30m", 5_400_000), ("1d2h3m4s5ms", 93_784_005), ("1m500ms", 60_500), ("007s", 7_000),
    ("9223372036854775807ms", Int64.max),
  ])
  func readsDurations(text: String, milliseconds: Int64) {
    #expect(DurationText.parse(text) == milliseconds)
  }

  @Test(arguments: [
    "", "1", "00", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "s", "1S", "1min", "1sec", "1w", "1us", "30m1h", "1m1m",
    "1ms1s", "1s1", "1h-30m", "9223372036854775808ms", "106751991168d", "106751991167d8h", "٣s", "1e3s", "PT1S",
  ])
  func refusesOtherTexts(text: String) {
    #expect(DurationText.parse(text) == nil)
  }

  @Test(arguments: [
    (0, "0s"), (1, "1ms"), (1_500, "1s500ms"), (60_000, "1m"), (5_400_000, "1h30m"), (86_400_000, "1d"),
  ])
  func writesDurations(milliseconds: Int64, text: String) {
    #expect(DurationText.format(milliseconds) == text)
  }
}

@Suite struct SizeTextTests {
  @Test(arguments: [
    ("0", 0), ("1048576", 1_048_576), ("5B", 5), ("1KiB", 1_024), ("512MiB", 536_870_912), ("2GiB", 2_147_483_648),
    ("1TiB", 1_099_511_627_776), ("1kB", 1_000), ("1KB", 1_000), ("3MB", 3_000_000), ("2GB", 2_000_000_000),
    ("1TB", 1_000_000_000_000), ("9223372036854775807", Int64.max),
  ])
  func readsSizes(text: String, bytes: Int64) {
    #expect(SizeText.parse(text) == bytes)
  }

  @Test(arguments: [
    "", "-1", "1.5GiB", "GiB", "1 GiB", "1gib", "1Gi", "1G", "9223372036854775808", "9007199254740992KiB", "0x10",
  ])
  func refusesOtherTexts(text: String) {
    #expect(SizeText.parse(text) == nil)
  }

  @Test(arguments: [(67_108_864, "64MiB"), (1_000, "1000"), (1_536, "1536"), (2_147_483_648, "2GiB"), (1_024, "1KiB")])
  func writesSizes(bytes: Int64, text: String) {
    #expect(SizeText.format(bytes) == text)
  }
}

@Suite struct RateTextTests {
  @Test(arguments: [
    "1", "7.10", "0.0463", "123456789012345", "12345.6789012345", "0.000000000000000123", "0.000123456789012345",
    "100.000000000000",
  ])
  func takesExactDecimals(text: String) {
    #expect(RateText.isValid(text))
  }

  @Test(arguments: [
    "", "0", "0.0", "-1", "+1", ".5", "5.", "1e3", "1E-3", "1,5", "007", "1_000", "1.2.3", " 1", "1234567890123456",
    "1.234567890123456", "0.0001234567890123456", "0.0000000000000000001", "100.0000000000000", "NaN", "٣",
  ])
  func refusesOtherTexts(text: String) {
    #expect(!RateText.isValid(text))
  }

  @Test(arguments: [("7.10", "7.1"), ("7.00", "7"), ("70", "70"), ("0.50", "0.5"), ("7.1", "7.1")])
  func oneNumberHasOneCanonicalText(text: String, canonical: String) {
    #expect(RateText.canonical(text) == canonical)
  }
}

@Suite struct NearestNameTests {
  @Test(arguments: [
    ("slid", "slide"), ("silde", "slide"), ("Slide", "slide"), ("slidee", "slide"), ("sizes", "size"),
    ("max_lateness", nil), ("xyzzy", nil), ("group", "groups"), ("", nil),
  ])
  func suggestsWhatWasMeant(text: String, expected: String?) {
    #expect(NearestName.of(text, among: ["name", "kind", "groups", "size", "slide"]) == expected)
  }

  @Test(arguments: [
    ("", "", 0), ("", "ab", 2), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("kitten", "sitting", 3),
    ("ab", "ba", 1), ("ca", "abc", 3),
  ])
  func countsEdits(one: String, other: String, distance: Int) {
    #expect(NearestName.edits(Array(one.unicodeScalars), Array(other.unicodeScalars)) == distance)
  }

  @Test func theNearestWinsAndOfEqualsTheFirst() {
    #expect(NearestName.of("pane", among: ["pan", "panes", "pane"]) == "pane")
    #expect(NearestName.of("panx", among: ["pane", "pans"]) == "pane")
  }

  @Test func whereNoNameIsNearAllAreListed() {
    #expect(NearestName.hint(for: "xyzzy", among: ["size", "slide"]) == "; allowed: size, slide")
    #expect(NearestName.hint(for: "slid", among: ["size", "slide"]) == "; did you mean \"slide\"?")
  }
}

@Suite struct TimeZoneNameTests {
  @Test(arguments: [
    "UTC", "GMT", "Asia/Shanghai", "Asia/Kolkata", "Asia/Calcutta", "America/Argentina/Buenos_Aires", "Etc/GMT-14",
    "US/Pacific", "Africa/Monrovia",
  ])
  func takesIANANames(name: String) {
    #expect(TimeZoneName.isKnown(name))
  }

  @Test(arguments: [
    "", "asia/shanghai", "Mars/Base", "GMT+8", "GMT+0530", "UTC+8", "CST", "PST", " UTC", "Z", "+08:00",
  ])
  func refusesAbbreviationsAndOffsets(name: String) {
    #expect(!TimeZoneName.isKnown(name))
  }

  @Test func findsOffsetsThatCutPanes() {
    // Monrovia was 44 min 30 s behind UTC until January 1972: 2670 s = 30 s x 89.
    #expect(TimeZoneName.offset(of: "Africa/Monrovia", notMultipleOf: 60_000) == -2_670_000)
    #expect(TimeZoneName.offset(of: "Africa/Monrovia", notMultipleOf: 20_000) == -2_670_000)
    #expect(TimeZoneName.offset(of: "Africa/Monrovia", notMultipleOf: 30_000) == nil)
    #expect(TimeZoneName.offset(of: "Africa/Monrovia", notMultipleOf: 1_000) == nil)
    // 2670 / 0.8 = 3337.5.
    #expect(TimeZoneName.offset(of: "Africa/Monrovia", notMultipleOf: 800) == -2_670_000)
    #expect(TimeZoneName.offset(of: "Asia/Kathmandu", notMultipleOf: 60_000) == nil)
  }
}

@Suite struct EndpointTextTests {
  @Test(arguments: [
    ("127.0.0.1:8080", "127.0.0.1", 8080), ("0.0.0.0:0", "0.0.0.0", 0), ("[::1]:65535", "::1", 65535),
    ("[::]:80", "::", 80), ("localhost:9", "localhost", 9),
  ])
  func readsAddresses(text: String, host: String, port: UInt16) {
    #expect(EndpointText.parse(text) == Configuration.Endpoint(host: host, port: port))
  }

  @Test(arguments: [
    "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "::1:8080",
    "[::1]", "[127.0.0.1]:80", "[]:80", "300.0.0.1:80", "http://127.0.0.1:80", "example.com:80", "127.0.0.1:80 ",
  ])
  func refusesOtherTexts(text: String) {
    #expect(EndpointText.parse(text) == nil)
  }
}
