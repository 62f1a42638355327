/// Which texts can be names in Kafka.
enum NameRules {
  /// What is allowed for windows and leaderboards, for messages.
  static let form =
    "\(ConfigurationLimits.nameBytes.lowerBound)...\(ConfigurationLimits.nameBytes.upperBound) bytes "
    + "without | and control characters"

  /// Whether `name` can name a window or leaderboard: `|` separates it from what follows in a record's key.
  static func isValid(_ name: String) -> Bool {
    ConfigurationLimits.nameBytes.contains(name.utf8.count) && !name.unicodeScalars.contains("|")
      && !hasControlCharacters(name)
  }

  /// The name that a window or leaderboard gives itself, if it is valid and not yet in `names`.
  static func uniqueName(_ section: SettingSection, of what: String, among names: inout Set<String>) -> String? {
    guard let setting = section.required("name", "required; a \(what) has a name"),
      let name = setting.parsed(as: "a name of \(form)", { isValid($0) ? $0 : nil })
    else { return nil }
    if !names.insert(name).inserted { setting.mistake("\"\(name)\" is the name of another \(what) already") }
    return name
  }

  /// What is allowed for the instance, for messages.
  static let instanceForm =
    "a name of at most \(ConfigurationLimits.instanceBytes.upperBound) bytes without control characters"

  /// Whether `name` can be part of a transactional id; empty stands for the host's name.
  static func isValidInstance(_ name: String) -> Bool {
    ConfigurationLimits.instanceBytes.contains(name.utf8.count) && !hasControlCharacters(name)
  }

  private static func hasControlCharacters(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0.properties.generalCategory == .control }
  }

  /// What is allowed for topics, for messages.
  static let topicForm = "a topic name: 1...249 of a-z A-Z 0-9 . _ -, not . or .."

  /// Whether Kafka allows a topic of that name (`org.apache.kafka.common.internals.Topic.validate`).
  static func isValidTopic(_ name: String) -> Bool {
    ConfigurationLimits.topicNameBytes.contains(name.utf8.count) && name != "." && name != ".."
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
