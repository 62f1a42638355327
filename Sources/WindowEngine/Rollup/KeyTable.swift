// Invariant that makes this file safe: a used slot owns `text`, which holds the key's text, its JSON and its Kafka form
// one behind the other; a slot is freed only when no window uses it any more.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
/// The keys of one group that a shard knows, each with a small number that stays while some window uses the key.
struct KeyTable: ~Copyable {
  /// A key in its three forms.
  struct Text {
    /// Length bytes and values, see ``KeyText``; empty for the overflow key and for the platform.
    let raw: UnsafeRawBufferPointer
    /// `"key":{"host_id":"h042"}`.
    let json: UnsafeRawBufferPointer
    /// The values joined by `/`, percent-encoded.
    let kafka: UnsafeRawBufferPointer
    let isOverflow: Bool
  }

  private struct Slot {
    var hash: UInt64
    var text: UnsafeMutableRawPointer
    var rawLength: Int32
    var jsonLength: Int32
    var kafkaLength: Int32
    var isOverflow: Bool
    /// How many windows hold state of this key.
    var uses: Int32
  }

  private var index = IndexTable(capacity: 64)
  private var slots: [Slot] = []
  private var free: [Int] = []
  private let fields: [GroupField]

  init(fields: [GroupField]) { self.fields = fields }

  deinit {
    for slot in slots where slot.uses >= 0 { slot.text.deallocate() }
  }

  /// How many keys there are.
  var count: Int { slots.count - free.count }
  /// One more than the largest slot.
  var slotCount: Int { slots.count }

  /// The slot of a key, which is added if it is new.
  mutating func slot(_ hash: UInt64, isOverflow: Bool, text: UnsafeRawBufferPointer) -> Int {
    let found = slots.withUnsafeBufferPointer { slots in
      index.find(hash) { slot in
        slots[slot].hash == hash && slots[slot].isOverflow == isOverflow && Int(slots[slot].rawLength) == text.count
          && (text.isEmpty || memcmp(slots[slot].text, text.baseAddress!, text.count) == 0)
      }
    }
    return found ?? add(hash, isOverflow: isOverflow, text: text)
  }

  /// The forms of a key; valid while a window uses it.
  func text(_ slot: Int) -> Text {
    let entry = slots[slot]
    let raw = UnsafeRawBufferPointer(start: entry.text, count: Int(entry.rawLength))
    let json = UnsafeRawBufferPointer(start: entry.text + raw.count, count: Int(entry.jsonLength))
    return Text(
      raw: raw, json: json,
      kafka: UnsafeRawBufferPointer(start: entry.text + raw.count + json.count, count: Int(entry.kafkaLength)),
      isOverflow: entry.isOverflow)
  }

  /// Whether a slot holds a key.
  func isUsed(_ slot: Int) -> Bool { slots[slot].uses >= 0 }

  func hash(_ slot: Int) -> UInt64 { slots[slot].hash }

  mutating func retain(_ slot: Int) { slots[slot].uses += 1 }

  /// Ends one use; a key that nobody uses is forgotten.
  mutating func release(_ slot: Int) {
    slots[slot].uses -= 1
    assert(slots[slot].uses >= 0, "a key was released more often than retained")
    if slots[slot].uses == 0 {
      slots.withUnsafeBufferPointer { slots in
        index.remove(slots[slot].hash, position: slot) { slots[$0].hash }
      }
      slots[slot].text.deallocate()
      slots[slot].uses = -1
      free.append(slot)
    }
  }

  private mutating func add(_ hash: UInt64, isOverflow: Bool, text: UnsafeRawBufferPointer) -> Int {
    let (json, kafka) = encode(isOverflow: isOverflow, text: text)
    let copy = UnsafeMutableRawPointer.allocate(byteCount: text.count + json.count + kafka.count, alignment: 1)
    if let source = text.baseAddress { copy.copyMemory(from: source, byteCount: text.count) }
    (json + kafka).withUnsafeBytes {
      (copy + text.count).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
    }
    let entry = Slot(
      hash: hash, text: copy, rawLength: Int32(text.count), jsonLength: Int32(json.count),
      kafkaLength: Int32(kafka.count), isOverflow: isOverflow, uses: 0)
    let slot: Int
    if let reused = free.popLast() {
      slot = reused
      slots[slot] = entry
    } else {
      slot = slots.count
      slots.append(entry)
    }
    slots.withUnsafeBufferPointer { slots in index.insert(hash, position: slot) { slots[$0].hash } }
    return slot
  }

  private func encode(isOverflow: Bool, text: UnsafeRawBufferPointer) -> (json: [UInt8], kafka: [UInt8]) {
    var json = Array("\"key\":{".utf8)
    var kafka: [UInt8] = []
    let values = isOverflow ? [] : KeyText.values(text)
    for (i, field) in fields.enumerated() {
      if i > 0 {
        json.append(UInt8(ascii: ","))
        kafka.append(UInt8(ascii: "/"))
      }
      json += Array("\"\(field.name)\":".utf8)
      if isOverflow {
        json += Array("null".utf8)
        kafka += Array("%00".utf8)
      } else {
        json += JSONText.quoted(values[i])
        kafka += Self.percentEncoded(values[i])
      }
    }
    json.append(UInt8(ascii: "}"))
    return (json, kafka)
  }

  private static func percentEncoded(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var text: [UInt8] = []
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "|"): text += Array("%7C".utf8)
      case UInt8(ascii: "/"): text += Array("%2F".utf8)
      case UInt8(ascii: "%"): text += Array("%25".utf8)
      default: text.append(byte)
      }
    }
    return text
  }
}
