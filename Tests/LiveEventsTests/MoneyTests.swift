import Foundation
import LiveEvents
import Testing

@Suite struct MoneyTests {
  func amount(_ amount: String, currency: String? = nil) -> Outcome {
    var members = Members.purchase.without("currency").with("amount", amount)
    if let currency { members = members.with("currency", "\"\(currency)\"") }
    return decode(members.json)
  }

  @Test func amountsAreExactInMinorUnits() {
    let cases: [(String, Int64)] = [
      ("0", 0), ("-0", 0), ("-0.00", 0), ("0.0", 0), ("0.01", 1), ("0.1", 10), ("1", 100), ("1.5", 150),
      ("129.90", 12_990), ("9999999999999.99", 999_999_999_999_999), ("9999999999999", 999_999_999_999_900),
      ("12345678901.23", 1_234_567_890_123), ("123456.78", 12_345_678), ("1234567.8", 123_456_780),
      ("70368744177.65", 7_036_874_417_765), ("0.29", 29), ("1.15", 115), ("12345678", 1_234_567_800),
    ]
    for (text, minor) in cases {
      for json in [text, "\"\(text)\""] {
        let event = amount(json)
        #expect(event.reason == nil && event.amountMinor == minor, "\(json)")
      }
      #expect(amount(IdentifierTests.escaped(text)).amountMinor == minor)
    }
  }

  @Test func amountsBeyondTheLimitsAreBad() {
    let both = [
      "12.500", "0.001", "-1", "-0.01", "1e2", "1E2", "1.0e0", "0e0", "10000000000000", "10000000000000.00",
      "99999999999999999999", "0.000000000000000000000000000000000000001", "-0.001",
    ]
    for text in both {
      #expect(amount(text).reason == .badField, "\(text)")
      #expect(amount("\"\(text)\"").reason == .badField, "\(text)")
    }
    for text in [
      "", " ", " 1", "1 ", "+1", "01", "00", "-01", ".5", "5.", "1.", "-", "1,5", "1.2.3", "0x10", "１", "1_000", "null",
      "NaN", "Infinity", "1\\u0000", "12345678901234567890123456789012345678901234567890",
    ] {
      #expect(amount("\"\(text)\"").reason == .badField, "\(text)")
    }
    for value in ["true", "{}", "[1]"] { #expect(amount(value).reason == .badField) }
    for malformed in ["01", "+1", ".5", "5.", "-", "1.e1"] { #expect(amount(malformed).reason == .malformedJSON) }
  }

  @Test func fractionDigitsAreThoseOfTheCurrency() {
    let cases: [(currency: String, digits: Int)] = [("JPY", 0), ("USD", 2), ("CNY", 2), ("KWD", 3), ("CLF", 4)]
    for (currency, digits) in cases {
      for count in 0...5 {
        let text = "7" + (count == 0 ? "" : "." + String(repeating: "0", count: count))
        #expect((amount("\"\(text)\"", currency: currency).reason == nil) == (count <= digits), "\(currency) \(text)")
      }
    }
  }

  @Test func currencyIsTheEventsOwn() {
    #expect(amount("1", currency: "USD").currency == 0x55_5344)
    #expect(amount("1").currency == 0x43_4E59)
    #expect(decode(Members.purchase.with("currency", "null").json).currency == 0x43_4E59)
    #expect(decode(Members.purchase.with("currency", #""\u0055S\u0044""#).json).currency == 0x55_5344)
    for bad in ["", "usd", "Usd", "US", "USDD", "XXX", "XAU", "EUR", "U D", "ABC", "DEM", "\\u0000\\u0000\\u0000", "价"]
    {
      #expect(amount("1", currency: bad).reason == .badField, "\(bad)")
    }
    for bad in ["840", "true", "[\"USD\"]"] {
      #expect(decode(Members.purchase.with("currency", bad).json).reason == .badField)
    }
    #expect(decode(Members.purchase.with("currency", #""\"x""#).json).reason == .badField)
  }

  @Test func ratesRoundHalfAwayFromZero() {
    func converted(_ amount: String, _ currency: String, _ rate: String, to reporting: String = "CNY") -> Int64 {
      let policy = DecodingPolicy(
        reportingCurrency: CurrencyCode(reporting)!, rates: [CurrencyCode(currency)!: ConversionRate(rate)!],
        maxFutureMilliseconds: 0, hashed: [])
      let members = Members.purchase.with("amount", amount).with("currency", "\"\(currency)\"")
      return decode(members.json, policy: policy).amountMinor
    }
    #expect(converted("1", "USD", "7.10") == 710)
    #expect(converted("0.01", "USD", "0.5") == 1)  // 0.5 fen
    #expect(converted("0.01", "USD", "0.49999") == 0)
    #expect(converted("0.03", "USD", "0.5") == 2)  // 1.5 fen
    #expect(converted("1", "JPY", "0.0463") == 5)  // 4.63 fen
    #expect(converted("1.001", "KWD", "23.3") == 2332)  // 2332.33 fen
    #expect(converted("0.01", "USD", "150", to: "JPY") == 2)  // 1.5 yen
    #expect(converted("0.0001", "CLF", "1", to: "JPY") == 0)
    #expect(converted("0.5000", "CLF", "1", to: "JPY") == 1)
    #expect(converted("1", "JPY", "1", to: "CLF") == 10_000)
    #expect(converted("9999999999999", "USD", "0.000000000000000000000000000000000000000001") == 0)
  }

  @Test func amountsBeyondInt64StopAtTheLimitAndAreCounted() {
    let policy = DecodingPolicy(
      reportingCurrency: CurrencyCode("CNY")!,
      rates: [
        CurrencyCode("USD")!: ConversionRate("92233720.3685477")!,
        CurrencyCode("EUR")!: ConversionRate("999999999999999")!,
      ], maxFutureMilliseconds: 0, hashed: [])
    var decoder = EventDecoder(policy: policy)
    func minor(_ amount: String, _ currency: String) -> Int64 {
      let members = Members.purchase.with("amount", amount).with("currency", "\"\(currency)\"")
      return decoder.outcome(Array(members.json.utf8)).amountMinor
    }
    #expect(minor("1000000000", "USD") == 9_223_372_036_854_770_000)
    #expect(decoder.saturated == 0)
    #expect(minor("1000000001", "USD") == .max)
    #expect(decoder.saturated == 1)
    #expect(minor("9999999999999.99", "EUR") == .max)
    #expect(minor("1", "EUR") == 99_999_999_999_999_900)
    #expect(decoder.saturated == 2)
  }

  /// 20 000 conversions against Foundation's Decimal, which has 38 digits and rounds `.plain`: half away from zero.
  @Test func conversionAgreesWithDecimalArithmetic() {
    var generator = SeededGenerator(seed: 9)
    let currencies = ["JPY", "USD", "EUR", "KWD", "CLF", "CNY"].map { CurrencyCode($0)! }
    func digits(_ range: ClosedRange<Int>) -> String {
      let count = Int.random(in: range, using: &generator)
      return String((0..<count).map { _ in Character(String(Int.random(in: 0...9, using: &generator))) })
    }
    func whole(_ text: String) -> String {
      let trimmed = text.drop { $0 == "0" }
      return trimmed.isEmpty ? "0" : String(trimmed)
    }
    for _ in 0..<200 {
      let reporting = currencies.randomElement(using: &generator)!
      let source = currencies.filter { $0 != reporting }.randomElement(using: &generator)!
      var rateText = "0"
      while ConversionRate(rateText) == nil {
        let fraction = digits(0...9)
        rateText = whole(digits(1...6)) + (fraction.isEmpty ? "" : "." + fraction)
      }
      let policy = DecodingPolicy(
        reportingCurrency: reporting, rates: [source: ConversionRate(rateText)!], maxFutureMilliseconds: 0, hashed: [])
      var decoder = EventDecoder(policy: policy)
      for _ in 0..<100 {
        let fraction = digits(0...source.minorDigits)
        let text = whole(digits(1...13)) + (fraction.isEmpty ? "" : "." + fraction)
        let members = Members.purchase.with("amount", "\"\(text)\"").with("currency", "\"\(source.text)\"")
        var exact =
          Decimal(string: text)! * Decimal(string: rateText)! * pow(Decimal(10), reporting.minorDigits)
        var rounded = Decimal()
        NSDecimalRound(&rounded, &exact, 0, .plain)
        let expected = rounded > Decimal(Int64.max) ? Int64.max : Int64("\(rounded)")!
        #expect(decoder.outcome(Array(members.json.utf8)).amountMinor == expected, "\(text) x \(rateText)")
      }
    }
  }

  @Test func currencyCodes() {
    #expect(CurrencyCode("CNY")?.minorDigits == 2)
    #expect(CurrencyCode("JPY")?.minorDigits == 0)
    #expect(CurrencyCode("KWD")?.minorDigits == 3)
    #expect(CurrencyCode("UYW")?.minorDigits == 4)
    #expect(CurrencyCode("XAF")?.minorDigits == 0)
    for text in ["", "CN", "CNYX", "cny", "XXX", "XTS", "XAU", "XDR", "DEM", "HRK", "ZZZ", "价", "12A"] {
      #expect(CurrencyCode(text) == nil, "\(text)")
    }
    let code = CurrencyCode("USD")!
    #expect(code.text == "USD" && code.packed == 0x55_5344)
    let letters = (UInt8(ascii: "A")...UInt8(ascii: "Z")).map { String(UnicodeScalar($0)) }
    var active = 0
    for first in letters {
      for second in letters {
        for third in letters where CurrencyCode(first + second + third) != nil { active += 1 }
      }
    }
    // 180-odd codes of ISO 4217, less the dozen without minor units.
    #expect((160...172).contains(active), "\(active)")
  }

  @Test func ratesAreExactDecimals() {
    for good in ["1", "7.10", "0.0463", "0.000000000000001", "123456789012345", "999999999999.999", "10", "100.001"] {
      #expect(ConversionRate(good) != nil, "\(good)")
    }
    for bad in [
      "", "0", "0.0", "0.00", "-1", "+1", "1e2", ".5", "5.", "01", "00.1", "1..2", "1.2.3", " 1", "1 ", "abc", "7,1",
      "1234567890123456", "1.234567890123456", "１",
    ] {
      #expect(ConversionRate(bad) == nil, "\(bad)")
    }
  }
}
