/// An active ISO 4217 currency that has minor units.
///
/// ```swift
/// CurrencyCode("CNY")?.minorDigits  // 2
/// CurrencyCode("XAU")               // nil: gold has no minor unit
/// ```
public struct CurrencyCode: Hashable, Sendable {
  /// The three letters, the first in bits 16...23: what ``Event/currency`` holds. Never 0.
  public let packed: UInt32
  /// Decimal digits of the minor unit, 0...4: one major unit is 10^`minorDigits` minor units.
  public let minorDigits: Int

  /// Nil unless `text` is the upper-case code of a currency in ISO 4217's list of current ones, with a minor unit.
  public init?(_ text: String) {
    guard let packed = CurrencyCode.pack(text.utf8), let digits = CurrencyCode.minorDigits[packed] else { return nil }
    self.packed = packed
    minorDigits = digits
  }

  /// The three letters.
  public var text: String {
    String(decoding: [UInt8(packed >> 16), UInt8(packed >> 8 & 0xFF), UInt8(packed & 0xFF)], as: UTF8.self)
  }

  private static func pack(_ letters: some Collection<UInt8>) -> UInt32? {
    guard letters.count == 3 else { return nil }
    return letters.reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static let minorDigits: [UInt32: Int] = {
    var table: [UInt32: Int] = [:]
    for (digits, codes) in codesByMinorDigits {
      for code in codes.split(separator: " ") { table[pack(code.utf8)!] = digits }
    }
    return table
  }()

  /// ISO 4217 list one and funds codes, as of 2026: without the codes of metals, tests and accounting units whose
  /// minor unit is "N.A.", and without ANG, BGN, CUC, HRK, SLL and ZWL, which are withdrawn.
  private static let codesByMinorDigits: [(digits: Int, codes: String)] = [
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (
      2,
      """
      AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW \
      CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF \
      IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK \
      MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP \
      SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG \
      YER ZAR ZMW ZWG
      """
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
  ]
}
