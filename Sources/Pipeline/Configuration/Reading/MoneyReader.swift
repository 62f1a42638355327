/// Reads the reporting currency and the rates of others.
struct MoneyReader {
  let isKnownCurrency: (String) -> Bool

  func read(_ root: SettingSection, into configuration: inout Configuration) {
    var reporting: String? = configuration.currency
    if let setting = root["currency"] {
      reporting = currency(setting)
      configuration.currency = reporting ?? configuration.currency
    }
    guard let rates = root["rates"]?.section("currency codes and rates") else { return }
    rates.expect(
      rates.setting.raw.entries.map(\.key).filter(isKnownCurrency), others: { problem("\"\($0)\"", code: $0) })
    for (code, value) in rates.all {
      if code == reporting { value.mistake("\(code) is the reporting currency, whose rate is 1; remove it") }
      if let rate = value.parsed(as: RateText.form, { RateText.isValid($0) ? $0 : nil }) {
        configuration.rates[code] = rate
      }
    }
  }

  private func currency(_ setting: Setting) -> String? {
    guard let text = setting.text() else { return nil }
    if isKnownCurrency(text.value) { return text.value }
    setting.mistake(problem(text.shown, code: text.value))
    return nil
  }

  private func problem(_ shown: String, code: String) -> String {
    let upper = code.uppercased()
    let hint = isKnownCurrency(upper) ? "; did you mean \"\(upper)\"?" : " such as CNY"
    return "\(shown) is not the code of a currency (ISO 4217)\(hint)"
  }
}
