import Foundation

/// Records as the engine writes them, with the fields a test cares about.
func liveRecord(
  window: String = "1m", start: String = "2020-06-16T12:00:00.000Z", end: String = "2020-06-16T12:01:00.000Z",
  group: [String] = [], key: [String] = [], gmv: String = "310000.00", orders: Int = 1021, buyers: Int = 998,
  viewers: Int = 35120, online: Int = 28000, conversion: String = "0.028417"
) -> [UInt8] {
  let fields = group.map { "\"\($0)\"" }.joined(separator: ",")
  let values = zip(group, key).map { "\"\($0)\":\"\($1)\"" }.joined(separator: ",")
  return Array(
    """
    {"window":"\(window)","window_start":"\(start)","window_end":"\(end)",\
    "group":[\(fields)],"key":{\(values)},"final":false,"revision":0,"currency":"CNY",\
    "gmv":\(gmv),"orders":\(orders),"buyers":\(buyers),"viewers":\(viewers),"online":\(online),\
    "conversion_rate":\(conversion)}
    """.utf8)
}

func object(_ json: [UInt8]?) throws -> [String: Any] {
  let object = try JSONSerialization.jsonObject(with: Data(json ?? []))
  return object as? [String: Any] ?? [:]
}

extension String {
  var bytes: [UInt8] { Array(utf8) }
}
