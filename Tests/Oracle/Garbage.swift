/// Breaks a valid event in one of the ways that the contract rejects, or nearly so.
struct Garbage {
  var random: SplitMix64

  mutating func spoil(_ event: RandomEvent, isPurchase: Bool) -> [UInt8] {
    var event = event
    switch random.upTo(19) {
    case 0 where random.chance(10): return sized(event)
    case 0...5: return malformed(event)
    case 6: spoilType(&event)
    case 7...9: spoilTimestamp(&event)
    case 10...13: spoilIdentifier(&event, isPurchase: isPurchase)
    case 14: event.set("quantity", random.pick(["0", "1000001", "-1", "1.0", "1e1", "\"1\"", "true", "[]"]))
    case 15...16: spoilAmount(&event)
    case 17: event.set("currency", random.pick(["\"cny\"", "\"XXX\"", "\"CHF\"", "\"\"", "5", "\"CNY \"", "{}"]))
    case 18:
      event.set("type", random.pick(["\"leave\"", "\"heartbeat\""]))
      event.set("watch_ms", random.pick(["-1", "1.5", "\"5\"", "9223372036854775808", "1e3", "true", "-0"]))
    default:
      // Two mistakes: the first in the order of the checks gives the reason.
      spoilTimestamp(&event)
      spoilIdentifier(&event, isPurchase: isPurchase)
    }
    return event.written(&random)
  }

  /// Just as large as an event may be, or one byte larger.
  private mutating func sized(_ event: RandomEvent) -> [UInt8] {
    let bytes = event.written(&random)
    let size = EventReading.maxBytes + (random.chance(50) ? 1 : 0)
    return bytes + [UInt8](repeating: 0x20, count: max(0, size - bytes.count))
  }

  private mutating func malformed(_ event: RandomEvent) -> [UInt8] {
    let bytes = event.written(&random)
    let text = String(decoding: bytes, as: UTF8.self)
    switch random.upTo(6) {
    case 0: return Array(bytes.prefix(max(1, Int(random.upTo(Int64(bytes.count - 1)))))) + [0x2C]
    case 1: return [0xEF, 0xBB, 0xBF] + bytes
    case 2: return bytes + Array(random.pick(["x", "{}", ",", "\u{0}", "\u{A0}", "//"]).utf8)
    case 3:
      let roots = ["[]", "null", "1", "\"paid\"", "true", "{", "}", "[\(text)]", "nul", "{'type':1}", "\u{FEFF}", "-"]
      return Array(random.pick(roots).utf8)
    case 4:
      let sequences: [[UInt8]] = [
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0x80],
        [0xF0, 0x80, 0x80, 0x80],
        [0xF4, 0x90, 0x80, 0x80], [0x01], [0x09], [0x1F], [0xE0, 0x9F, 0xBF],
      ]
      return with(Array("\"".utf8) + random.pick(sequences) + Array("\"".utf8), bytes)
    default:
      let deep = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
      let values = [
        "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800x\"", "\"\\x41\"", "\"\\u12g4\"", "\"\\u123",
        "\"open",
        "01", "-01", "+1", ".5", "1.", "1.e5", "1e", "1e+", "-", "NaN", "Infinity", "tru", "True", "[1,]", "{\"a\":1,}",
        "{\"a\"}", "{a:1}", "{1:1}", "[1 2]", "/**/1", "", "1,", deep, "0x10", "\"a\"\"b\"", "{\"\\ud800\":1}",
        "\\u0031",
      ]
      return with(Array(random.pick(values).utf8), bytes)
    }
  }

  /// The event with one more member, whose value is `value`.
  private mutating func with(_ value: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
    let start = bytes.firstIndex(of: UInt8(ascii: "{"))! + 1
    let name = random.pick(["\"extra\":", "\"ts\":", "\"event_id\":"])
    return bytes[..<start] + Array(name.utf8) + value + Array(",".utf8) + bytes[start...]
  }

  private mutating func spoilType(_ event: inout RandomEvent) {
    switch random.upTo(3) {
    case 0: event.remove("type")
    case 1: event.set("type", random.pick(["null", "1", "true", "[\"paid\"]", "{}"]))
    default:
      event.set("type", random.pick(["\"Paid\"", "\"\"", "\"paid \"", "\"purchase\"", "\"view\"", "\"enter\\u0000\""]))
    }
  }

  private mutating func spoilTimestamp(_ event: inout RandomEvent) {
    if random.chance(15) { return event.remove("ts") }
    let values = [
      "null", "-1", "1592308800000.0", "1.5923088e12", "253402300800000", "99999999999999999999", "true", "[]", "\"\"",
      "\"1592308800000\"", "\"2020-06-16\"", "\"2020-06-16T12:00:00\"", "\"2020-06-16 12:00:00Z\"",
      "\"2020-06-16T24:00:00Z\"", "\"2020-06-16T23:59:60Z\"", "\"2020-06-16T12:60:00Z\"", "\"2021-02-29T00:00:00Z\"",
      "\"2020-13-01T00:00:00Z\"", "\"2020-00-01T00:00:00Z\"", "\"2020-06-00T00:00:00Z\"", "\"2020-06-31T00:00:00Z\"",
      "\"2020-06-16T12:00:00.Z\"", "\"2020-06-16T12:00:00.0123456789Z\"", "\"2020-06-16T12:00:00,5Z\"",
      "\"2020-06-16T12:00:00+0800\"", "\"2020-06-16T12:00:00+24:00\"", "\"2020-06-16T12:00:00+08:60\"",
      "\"2020-06-16T12:00Z\"", "\"20-06-16T12:00:00Z\"", "\"2020-6-16T12:00:00Z\"", "\"2020-06-16T12:00:00ZZ\"",
      "\" 2020-06-16T12:00:00Z\"", "\"1969-12-31T23:59:59.999Z\"", "\"0000-01-01T00:00:00Z\"",
      "\"1900-02-29T00:00:00Z\"", "\"9999-12-31T23:59:59-00:01\"", "\"1970-01-01T00:00:00+00:01\"",
    ]
    event.set("ts", random.pick(values))
  }

  private mutating func spoilIdentifier(_ event: inout RandomEvent, isPurchase: Bool) {
    let required = isPurchase ? ["event_id", "session_id", "order_id", "buyer_id"] : ["session_id", "viewer_id"]
    let optional = ["event_id", "host_id", "mcn_id", "brand_id", "product_id", "category_id", "channel", "region"]
    if random.chance(40) {
      let name = random.pick(required)
      if random.chance(50) { event.remove(name) } else { event.set(name, "null") }
      return
    }
    let long = String(repeating: "x", count: 129)
    let wide = String(repeating: "\u{E9}", count: 64) + "x"
    let values = ["\"\"", "1", "true", "[]", "{}", "\"\(long)\"", "\"\(wide)\"", "\"\\u4e2d\(long.dropLast(3))\""]
    event.set(random.pick(required + optional), random.pick(values))
  }

  private mutating func spoilAmount(_ event: inout RandomEvent) {
    if random.chance(15) { return event.remove("amount") }
    let values = [
      "null", "-1", "-0.01", "1e2", "1E2", "0e0", "\"1e2\"", "\"\"", "\" 1\"", "\"1 \"", "10000000000000", "1.00000",
      "0.00000", "\"+1\"", "\"01\"", "\".5\"", "\"1.\"", "\"abc\"", "true", "[1]", "\"1,5\"", "\"-\"",
      "\"10000000000000.00\"",
      "99999999999999999999999", "\"NaN\"",
    ]
    event.set("amount", random.pick(values))
  }
}
