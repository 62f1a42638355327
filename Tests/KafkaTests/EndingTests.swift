import Foundation
import Kafka
import Testing

@Suite struct EndingTests {
  /// `exit` takes OpenSSL down, which threads of clients still use.
  @Test func processWithClientsEndsWithoutCleanup() async {
    await #expect(processExitsWith: .exitCode(3)) {
      // OpenSSL registers what takes it down as this is registered: before the first client is there.
      atexit { _exit(EXIT_FAILURE) }
      let bench = try Bench()
      try bench.producer().produce(topic: bench.topic, partition: 0, key: nil, value: [1])
      exit(3)
    }
  }

  @Test func whatWasPrintedIsNotLost() async throws {
    let result = try await #require(processExitsWith: .success, observing: [\.standardOutputContent]) {
      _ = try Bench()
      print("a line that waits in a buffer")
      exit(EXIT_SUCCESS)
    }
    #expect(String(decoding: result.standardOutputContent, as: UTF8.self).contains("a line that waits in a buffer"))
  }
}
