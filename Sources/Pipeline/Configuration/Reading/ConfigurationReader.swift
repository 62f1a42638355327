import WindowEngine

/// Reads the settings of a document into a configuration and reports every mistake.
///
/// What it returns is only meaningful if the report is empty: where a value is wrong its default stands.
struct ConfigurationReader {
  let report: MistakeReport
  let purpose: Configuration.Purpose
  /// What holds where nothing is given.
  let defaults: Configuration
  let isKnownCurrency: (String) -> Bool

  func read(_ document: RawSetting) -> Configuration {
    var configuration = defaults
    guard let root = Setting(path: "", raw: document, report: report).section() else { return configuration }
    root.expect(ConfigurationKeys.top)
    KafkaReader(purpose: purpose).read(root, into: &configuration)
    MoneyReader(isKnownCurrency: isKnownCurrency).read(root, into: &configuration)
    let pane = readTime(root["time"], into: &configuration.time)
    PlanReader(pane: pane).read(root, into: &configuration)
    readResources(root, into: &configuration)
    readOutput(root, into: &configuration)
    return configuration
  }

  /// Returns the pane if it is valid, so that what depends on it can be checked.
  private func readTime(_ setting: Setting?, into time: inout TimePolicy) -> Int64? {
    guard let setting else { return time.pane }
    guard let section = setting.section() else { return nil }
    let members = ConfigurationKeys.time
    section.expect(members.map(\.key))
    var pane: Int64? = time.pane
    for (key, member, range) in members {
      guard let value = section[key] else { continue }
      let duration = value.duration(in: range)
      if let duration { time[keyPath: member] = duration }
      if key == "pane" { pane = duration.flatMap { checkedPane($0, value) } }
    }
    return pane
  }

  private func checkedPane(_ pane: Int64, _ setting: Setting) -> Int64? {
    // Then minutes, and with them hours, days and all of today's offsets from UTC, are whole panes.
    if 60_000 % pane == 0 { return pane }
    setting.mistake("\(DurationText.format(pane)) does not divide 60s; 500ms, 1s, 2s and 5s do, for example")
    return nil
  }

  private func readResources(_ root: SettingSection, into configuration: inout Configuration) {
    if let lanes = root["lanes"]?.integer(in: ConfigurationLimits.lanes) { configuration.lanes = lanes }
    if let shards = root["shards"]?.integer(in: ConfigurationLimits.shards) { configuration.shards = shards }
    let instance = root["instance"]?.parsed(as: NameRules.instanceForm) { NameRules.isValidInstance($0) ? $0 : nil }
    if let instance { configuration.instance = instance }
    guard let limits = root["limits"]?.section() else { return }
    limits.expect(ConfigurationKeys.limits)
    if let maxKeys = limits["max_keys"]?.integer(in: ConfigurationLimits.maxKeys) {
      configuration.limits.maxKeys = maxKeys
    }
    if let bytes = limits["memory"]?.size(atLeast: ConfigurationLimits.leastMemoryBytes) {
      configuration.limits.memoryBytes = bytes
    }
  }

  private func readOutput(_ root: SettingSection, into configuration: inout Configuration) {
    if let rejects = root["rejects"]?.section() {
      rejects.expect(ConfigurationKeys.rejects)
      if let duplicates = rejects["duplicates"]?.flag() { configuration.rejects.duplicates = duplicates }
    }
    if let http = root["http"]?.section() {
      http.expect(ConfigurationKeys.http)
      // Empty text turns HTTP off: a valid value that is no endpoint.
      let endpoint = http["listen"]?.parsed(as: "\(EndpointText.form), or \"\" for none") { text in
        text.isEmpty ? .some(Configuration.Endpoint?.none) : EndpointText.parse(text).map(Optional.some)
      }
      if let endpoint { configuration.http = endpoint }
    }
  }
}
