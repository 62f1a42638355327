import Foundation

/// A second, slow reading of the input contract, written from its text alone: the reason with which an event without
/// a record timestamp is rejected, or `nil` for a valid one.
func rejectReason(_ bytes: Data) -> String? {
  if bytes.count > 65_536 { return "too_large" }
  if bytes.starts(with: [0xef, 0xbb, 0xbf]) || greatestDepth(bytes) > 128 { return "malformed_json" }
  guard let event = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any] else { return "malformed_json" }
  guard let type = event["type"] else { return "missing_field" }
  guard let type = type as? String else { return "bad_field" }
  let isPurchase = ["placed", "paid", "cancelled", "refunded"].contains(type)
  let viewerTypes = [
    "enter", "leave", "heartbeat", "impression", "click", "cart", "like", "comment", "share", "follow", "gift",
  ]
  guard isPurchase || viewerTypes.contains(type) else { return "unknown_type" }
  if let time = event["ts"] {
    guard let time = time as? Int64, 0...253_402_300_799_999 ~= time else { return "bad_field" }
  }
  return identifierFault(event, isPurchase: isPurchase) ?? numberFault(event, in: bytes, isPurchase: isPurchase)
}

private func identifierFault(_ event: [String: Any], isPurchase: Bool) -> String? {
  let optional = ["host_id", "mcn_id", "brand_id", "product_id", "category_id", "channel", "region"]
  let front = isPurchase ? ["event_id", "session_id"] : ["session_id"]
  let back = isPurchase ? ["order_id", "buyer_id"] : ["viewer_id"]
  for key in front + optional + back {
    guard let value = event[key] else {
      if optional.contains(key) { continue }
      return "missing_field"
    }
    guard let text = value as? String, 1...128 ~= text.utf8.count else { return "bad_field" }
  }
  return nil
}

private func numberFault(_ event: [String: Any], in bytes: Data, isPurchase: Bool) -> String? {
  if isPurchase {
    if let quantity = rawValue("quantity", in: bytes) {
      guard let units = Int(quantity), 1...1_000_000 ~= units else { return "bad_field" }
    }
    guard let amount = rawValue("amount", in: bytes) else { return "missing_field" }
    guard amount.wholeMatch(of: /[0-9]{1,13}(\.[0-9]{1,2})?/) != nil else { return "bad_field" }
    if let currency = event["currency"] as? String {
      guard currency.wholeMatch(of: /[A-Z]{3}/) != nil else { return "bad_field" }
    }
  } else if let watched = event["watch_ms"] {
    guard let watched = watched as? Int64, watched >= 0 else { return "bad_field" }
  }
  return nil
}

/// The text of a number as it stands in the event.
func rawValue(_ key: String, in bytes: Data) -> String? {
  let text = String(decoding: bytes, as: UTF8.self)
  guard let start = text.range(of: "\"\(key)\":")?.upperBound else { return nil }
  return String(text[start...].prefix { $0 != "," && $0 != "}" })
}

private func greatestDepth(_ bytes: Data) -> Int {
  var (depth, greatest, inString, escaped) = (0, 0, false, false)
  for byte in bytes {
    if escaped {
      escaped = false
    } else if inString {
      if byte == UInt8(ascii: "\\") { escaped = true }
      if byte == UInt8(ascii: "\"") { inString = false }
    } else if byte == UInt8(ascii: "\"") {
      inString = true
    } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
      depth += 1
      greatest = max(greatest, depth)
    } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
      depth -= 1
    }
  }
  return greatest
}
