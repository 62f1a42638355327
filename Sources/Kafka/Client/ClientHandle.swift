import CLibrdkafka
import Foundation
import Logging
import Synchronization

/// Owns one `rd_kafka_t`. Whatever holds memory of the client (queues, batches) retains this object, so that the client
/// is destroyed after all of them.
///
/// Thread rule: librdkafka's own functions may be called from any thread; the inbox belongs to the owner thread.
final class ClientHandle: @unchecked Sendable {
  let pointer: OpaquePointer
  let inbox: ClientInbox
  private let isTransactional: Bool

  enum Role {
    case consumer
    case producer
    case admin
  }

  init(
    _ role: Role, properties: ClientProperties, defaults: [String: String] = [:], fixed: [String: String] = [:],
    logger: Logger
  ) throws(KafkaError) {
    let operation = "create a Kafka client"
    let configuration: OpaquePointer
    do {
      configuration = try properties.makeConfiguration(defaults: defaults, fixed: fixed)
    } catch {
      throw KafkaError(code: RD_KAFKA_RESP_ERR__INVALID_ARG, operation: operation, detail: error.description)
    }
    inbox = ClientInbox(logger: logger)
    inbox.connect(to: configuration)
    switch role {
    case .consumer: inbox.connectConsumer(to: configuration)
    case .producer: inbox.connectProducer(to: configuration)
    case .admin: break
    }
    var text = [CChar](repeating: 0, count: 512)
    let type = role == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
    guard let pointer = rd_kafka_new(type, configuration, &text, text.count) else {
      rd_kafka_conf_destroy(configuration)  // rd_kafka_new takes it over only when it succeeds
      let detail = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      throw KafkaError(code: RD_KAFKA_RESP_ERR__INVALID_ARG, operation: operation, detail: detail)
    }
    self.pointer = pointer
    ProcessEnd.register
    isTransactional = role == .producer && properties["transactional.id"] != nil
  }

  deinit {
    // A consumer that wanted to leave its group in an orderly way has done so in close(). The end of librdkafka's threads
    // is not waited for here: after a broker stood still it can take minutes.
    let client = EndingClient(pointer: pointer, inbox: inbox)
    let isTransactional = isTransactional
    if isTransactional { EndingProducers.ending.add(1, ordering: .relaxed) }
    Thread.detachNewThread {
      client.destroy()
      if isTransactional { EndingProducers.ending.subtract(1, ordering: .releasing) }
    }
  }
}

/// The end of a process that has had clients.
///
/// `exit` takes OpenSSL down, which threads of librdkafka use until they have ended: those of clients that are in use or
/// that are still ending would end the process with SIGSEGV. Nothing that `exit` does from there on is needed.
private enum ProcessEnd {
  /// What was registered last is called first, and librdkafka has set OpenSSL up once there is a client.
  static let register: Void = {
    _ = on_exit(
      { status, _ in
        fflush(nil)
        _exit(status)
      }, nil)
  }()
}

/// A client that nobody uses any more; its inbox stays for as long as callbacks may come.
private struct EndingClient: @unchecked Sendable {
  let pointer: OpaquePointer
  let inbox: ClientInbox

  func destroy() {
    rd_kafka_destroy_flags(pointer, Int32(RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE))
    withExtendedLifetime(inbox) {}
  }
}

/// The transactional producers of this process that nobody uses any more and that have not ended yet.
///
/// Until one has ended it may still register its `transactional.id` once more, and so fence the producer that took its
/// place.
public enum EndingProducers {
  fileprivate static let ending = Atomic<Int>(0)

  /// How many there are. Any thread.
  public static var count: Int { ending.load(ordering: .acquiring) }
}

extension KafkaError {
  /// The error that made `client` unusable, or nil while it is usable.
  static func fatal(of client: OpaquePointer) -> KafkaError? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
      text.initialize(repeating: 0)
      let code = rd_kafka_fatal_error(client, text.baseAddress, text.count)
      guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
      let kind = KafkaErrorKind(code: code)
      return KafkaError(
        code: code, kind: kind == .fenced ? .fenced : .fatal, operation: "keep the client running",
        detail: String(cString: text.baseAddress!))
    }
  }
}

/// Seconds and parts of them as librdkafka's `int` milliseconds; negative waits for ever.
func librdkafkaTimeout(_ milliseconds: Int) -> Int32 {
  milliseconds < 0 ? -1 : Int32(clamping: milliseconds)
}
