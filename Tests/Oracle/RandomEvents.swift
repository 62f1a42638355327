import LiveEvents
import WindowEngine

/// Writes random logs: mostly events that count, among them late ones, duplicates and whatever can be wrong.
struct RandomEvents {
  private var random: SplitMix64
  private let plan: OraclePlan
  private let crowd: Bool
  private let recordTimestamps: Bool
  private let pools: [IdentifierField: [String]]
  private let purchasePercent: Int
  private let garbagePercent: Int
  private var eventIDs: [String] = []
  private var people = 0

  init(random: SplitMix64, plan: OraclePlan, crowd: Bool, recordTimestamps: Bool) {
    var random = random
    purchasePercent = random.pick(crowd ? [5, 95] : [10, 50, 50, 90])
    garbagePercent = crowd ? 2 : random.pick([0, 5, 10, 30])
    var pools: [IdentifierField: [String]] = [:]
    for field in IdentifierField.allCases {
      let strange = [
        "a|b", "50%", "x/y", "%00", "\u{E9}", "e\u{301}", "\u{4E2D}\u{6587}\u{76F4}\u{64AD}", "\u{1F6D2}", "\"\\",
        "tab\tnew\nline", "nul\u{0}", " ", String(repeating: "z", count: 128), String(repeating: "\u{E9}", count: 64),
        "\u{FF5E}", "\u{10FFFF}",
      ]
      let plain = (1...6).map { "\(field.jsonName.prefix(1))\($0)" }
      pools[field] = (0..<(crowd ? 1 : random.pick([1, 2, 3, 5]))).map { _ in
        random.chance(15) ? random.pick(strange) : random.pick(plain)
      }
    }
    self.pools = pools
    self.random = random
    self.plan = plan
    self.crowd = crowd
    self.recordTimestamps = recordTimestamps
  }

  /// The log of source partition `number`, which begins around `base`.
  mutating func partition(_ number: Int, base: Int64, limit: Int) -> [OracleInput] {
    let isEmpty = !crowd && random.chance(4)
    let count = isEmpty ? 0 : crowd ? limit - Int(random.upTo(100)) : Int(random.upTo(Int64(limit)))
    let time = plan.time
    var clock = base + random.upTo(10 * time.pane)
    let tempo = random.pick(crowd ? [50, 500] : [100, 1_000, 3_000, time.pane, 10_000])
    // A coarse grain puts many events exactly on the edges of panes, gaps, horizons and lateness.
    let grain = random.pick([1, 1, 1, 100, 500, time.pane])
    let isOrdered = random.chance(15)
    var log: [OracleInput] = []
    for index in 0..<count {
      clock += random.upTo(tempo)
      if !crowd && random.chance(2) { clock += random.upTo(random.pick([60_000, 600_000, 3_600_000])) }
      if !crowd && random.upTo(399) == 0 { clock += random.upTo(30 * 3_600_000) }
      var behind: Int64 = 0
      if !isOrdered {
        switch random.upTo(99) {
        case 0..<60: break
        case 60..<88: behind = random.upTo(time.maxOutOfOrderness)
        case 88..<97: behind = random.upTo(time.maxOutOfOrderness + min(time.allowedLateness, 90_000) + time.pane)
        default: behind = random.upTo(2 * (time.maxOutOfOrderness + time.allowedLateness + time.pane))
        }
      }
      // Now and then to the edge of a pane, where one millisecond decides.
      var ts = max(0, clock - behind) / grain * grain
      if random.chance(5) { ts = ts / time.pane * time.pane + (random.chance(50) ? 0 : time.pane - 1) }
      let recordTimestamp = recordTimestamps ? recordTime(near: ts) : nil
      let bytes = line(ts: ts, name: "\(number)-\(index)", hasRecordTime: recordTimestamps)
      log.append(OracleInput(bytes: bytes, recordTimestamp: recordTimestamp))
    }
    return log
  }

  private mutating func recordTime(near ts: Int64) -> Int64 {
    switch random.upTo(19) {
    case 0: max(0, ts - plan.time.maxFuture - random.upTo(3) + 1)
    case 1...4: max(0, ts - random.upTo(plan.time.maxFuture))
    default: ts + random.upTo(5_000)
    }
  }

  private mutating func line(ts: Int64, name: String, hasRecordTime: Bool) -> [UInt8] {
    var event = RandomEvent(members: [])
    let isPurchase = random.chance(purchasePercent)
    let type = random.pick(EventType.allCases.filter { $0.isPurchase == isPurchase })
    event.set("type", string(random.chance(isPurchase ? 40 : 20) ? (isPurchase ? "paid" : "enter") : type.jsonName))
    if !(hasRecordTime && random.chance(20)) { event.set("ts", timestamp(ts)) }
    if isPurchase || random.chance(30) { event.set("event_id", string(eventID(name))) }
    for field in [IdentifierField.hostID, .mcnID, .brandID, .productID, .categoryID, .channel, .region]
    where random.chance(80) {
      event.set(field.jsonName, string(random.pick(pools[field]!)))
    }
    event.set("session_id", string(random.pick(pools[.sessionID]!)))
    if isPurchase {
      event.set("order_id", string("o\(random.upTo(9))"))
      event.set("buyer_id", string(person("b")))
      if random.chance(50) { event.set("quantity", "\(random.pick([1, 2, 3, 7, 1_000_000]))") }
      setAmount(&event)
    } else {
      event.set("viewer_id", string(person("v")))
      let watched = random.upTo(399) == 0 ? Int64.max : random.upTo(60_000)
      if random.chance(60) { event.set("watch_ms", "\(watched)") }
    }
    addNoise(&event, isPurchase: isPurchase)
    if random.chance(garbagePercent) {
      var spoiler = Garbage(random: random)
      let bytes = spoiler.spoil(event, isPurchase: isPurchase)
      random = spoiler.random
      return bytes
    }
    return event.written(&random)
  }

  private mutating func eventID(_ name: String) -> String {
    if !eventIDs.isEmpty {
      if random.chance(8) { return eventIDs[max(0, eventIDs.count - 1 - Int(random.upTo(4)))] }
      if random.chance(6) { return random.pick(eventIDs) }
    }
    eventIDs.append("e\(name)")
    return "e\(name)"
  }

  private mutating func person(_ prefix: String) -> String {
    guard crowd else { return prefix + "\(random.upTo(12))" }
    people += 1
    return prefix + "\(random.chance(90) ? people : Int(random.upTo(Int64(people))))"
  }

  private mutating func setAmount(_ event: inout RandomEvent) {
    let codes = [plan.currency] + plan.rates.keys.sorted()
    let code = random.pick(codes)
    if code != plan.currency || random.chance(40) { event.set("currency", string(code)) }
    let digits = Int(random.upTo(Int64(Currencies.minorDigits(code))))
    let whole =
      random.chance(2) ? 9_999_999_999_999 : random.pick([0, 1, 5, random.upTo(500), random.upTo(99_999)])
    var text = "\(whole)"
    if digits > 0 { text += "." + (0..<digits).map { _ in "\(random.upTo(9))" }.joined() }
    if random.chance(2) {
      text = random.pick(["-0", "0"])
      if digits > 0 { text += "." + String(repeating: "0", count: digits) }
    }
    event.set("amount", random.chance(50) ? text : "\"\(text)\"")
  }

  /// `ts` in one of its spellings.
  private mutating func timestamp(_ ts: Int64) -> String {
    if random.chance(60) { return "\(ts)" }
    let minutes = ts >= 86_400_000 ? random.pick([0, 0, 480, -300, 345, -210, 1_439, -1_439]) : 0
    var text = Array(CalendarText.iso(ts + Int64(minutes) * 60_000))
    text.removeLast(5)
    var fraction = CalendarText.padded(ts % 1_000, 3)
    while fraction.hasSuffix("0") && random.chance(70) { fraction.removeLast() }
    if fraction.count == 3 { fraction += (0..<random.upTo(6)).map { _ in "\(random.upTo(9))" }.joined() }
    if !fraction.isEmpty { text += "." + fraction }
    if random.chance(20) { text[10] = "t" }
    let size = Int64(abs(minutes))
    let offset = CalendarText.padded(size / 60, 2) + ":" + CalendarText.padded(size % 60, 2)
    text += minutes == 0 ? random.pick(["Z", "z", "+00:00", "-00:00"]) : (minutes < 0 ? "-" : "+") + offset
    return string(String(text))
  }

  /// What must make no difference: nulls, fields of the other kind, unknown fields, repeated keys.
  private mutating func addNoise(_ event: inout RandomEvent, isPurchase: Bool) {
    if random.chance(10) {
      let absent = ["brand_id", "region", "quantity", "currency", "watch_ms"].filter { !event.has($0) }
      if !absent.isEmpty { event.set(random.pick(absent), "null") }
    }
    if random.chance(10) {
      let name = random.pick(
        isPurchase ? ["viewer_id", "watch_ms"] : ["amount", "buyer_id", "quantity", "currency", "order_id"])
      event.set(name, random.pick(["5", "\"\"", "[]", "true", "\"no\""]))
    }
    if random.chance(15) {
      let deep = String(repeating: "[", count: 127) + String(repeating: "]", count: 127)
      let values = [
        "1", "-0.5e+10", "1E400", "[1,{\"type\":\"paid\"},[]]", "{\"ts\": null}", "\"\\ud83c\\udf89\"", "\"\\/\"", deep,
        "true", "false", "null", "{}", "\"\u{7F}\u{FEFF}\"",
      ]
      event.set(random.pick(["extra", "Type", "ts2", "", "\\u0000", "\u{E9}"]), random.pick(values))
    }
    if random.chance(8), let victim = event.members.randomElement(using: &random) {
      event.shadowed.append((victim.name, random.pick(["1", "\"?\"", "null", "{}", "-1"])))
    }
  }

  private mutating func string(_ text: String) -> String { RandomEvent.string(text, &random) }
}

/// The text of an event before it is written: names and JSON values.
struct RandomEvent {
  var members: [(name: String, value: String)]
  /// Written before all others, so that the later ones of the same name hold.
  var shadowed: [(name: String, value: String)] = []

  init(members: [(name: String, value: String)]) { self.members = members }

  func has(_ name: String) -> Bool { members.contains { $0.name == name } }

  mutating func remove(_ name: String) {
    members.removeAll { $0.name == name }
    shadowed.removeAll { $0.name == name }
  }

  mutating func set(_ name: String, _ value: String) {
    remove(name)
    members.append((name, value))
  }

  /// One line without line feeds, in some order and spacing.
  func written(_ random: inout SplitMix64) -> [UInt8] {
    let ordered = shadowed + (random.chance(50) ? members.shuffled(using: &random) : members)
    let isSpaced = random.chance(30)
    func space() -> String { isSpaced ? random.pick(["", " ", "  ", "\t", "\r", " \t "]) : "" }
    var text = space() + "{" + space()
    for (index, member) in ordered.enumerated() {
      if index > 0 { text += "," + space() }
      var name = "\"\(member.name)\""
      if random.chance(2), let first = member.name.utf8.first, first >= 0x61 {
        name = "\"\\u00" + String(first, radix: 16) + member.name.dropFirst() + "\""
      }
      text += name + space() + ":" + space() + member.value + space()
    }
    return Array((text + "}" + space()).utf8)
  }

  /// `text` as a JSON string, some of it escaped though it need not be.
  static func string(_ text: String, _ random: inout SplitMix64) -> String {
    let isEscaped = random.chance(12)
    var result = "\""
    for unit in text.unicodeScalars {
      switch unit {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += random.chance(50) ? "\\t" : "\\u0009"
      case "/" where isEscaped: result += "\\/"
      default:
        if unit.value < 0x20 || (isEscaped && random.chance(60)) {
          for code in String(unit).utf16 {
            let hex = String(code, radix: 16, uppercase: random.chance(50))
            result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
          }
        } else {
          result.unicodeScalars.append(unit)
        }
      }
    }
    return result + "\""
  }
}
