import CStringIndex
import Testing

/// Each way to index a text against one byte after the other.
@Suite struct StringIndexTests {
  private struct Result: Equatable {
    var copy: [UInt8]
    var stops: [UInt32]
  }

  private func index(_ payload: [UInt8], _ function: lt_index_function) -> Result {
    var copy = [UInt8](repeating: 0xAA, count: payload.count + Int(LT_PADDING))
    var stops = [UInt32](repeating: 0xAAAA_AAAA, count: payload.count + Int(LT_SPARE_STOPS))
    // Of just the right size, so that a sanitizer sees what is read beyond it.
    let exact = UnsafeMutablePointer<UInt8>.allocate(capacity: payload.count)
    defer { exact.deallocate() }
    exact.initialize(from: payload, count: payload.count)
    let count = copy.withUnsafeMutableBufferPointer { copy in
      stops.withUnsafeMutableBufferPointer { stops in
        function(copy.baseAddress!, exact, payload.count, stops.baseAddress!)! - stops.baseAddress!
      }
    }
    return Result(
      copy: Array(copy[..<(payload.count + Int(LT_ZEROS))]), stops: Array(stops[..<(count + Int(LT_LAST_STOPS))]))
  }

  private func expected(_ payload: [UInt8]) -> Result {
    let stops = payload.indices.filter { index in
      payload[index] < 0x20 || payload[index] > 0x7F || payload[index] == 0x22 || payload[index] == 0x5C
    }
    return Result(
      copy: payload + [UInt8](repeating: 0, count: Int(LT_ZEROS)),
      stops: stops.map(UInt32.init) + [UInt32](repeating: UInt32(payload.count), count: Int(LT_LAST_STOPS)))
  }

  private var functions: [lt_index_function] {
    (0...).lazy.map { lt_index_at($0) }.prefix { $0 != nil }.map { $0! }
  }

  @Test func everyByteIsJudgedAtEveryPlaceOfABlock() {
    for function in functions {
      for byte in UInt8.min...UInt8.max {
        var payload = [UInt8](repeating: 0x61, count: 130)
        for place in 0..<130 {
          payload[place] = byte
          #expect(index(payload, function) == expected(payload))
          payload[place] = 0x61
        }
      }
    }
  }

  /// From no stop to nothing but stops, up to the largest payload.
  @Test func everyLengthAndDensity() {
    var generator = SeededGenerator(seed: 21)
    let lengths = Array(1...300) + [4_095, 4_096, 65_535, 65_536]
    for function in functions {
      for length in lengths {
        for quotes in [0, 8, 32, 128, 256] {
          let payload = (0..<length).map { _ in Int(generator.next() & 0xFF) < quotes ? UInt8(0x22) : 0x61 }
          #expect(index(payload, function) == expected(payload))
        }
      }
    }
  }

  @Test func thereIsAlwaysOneThatRunsEverywhere() { #expect(functions.count >= 1) }
}
