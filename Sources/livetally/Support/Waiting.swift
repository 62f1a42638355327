import Foundation

/// Runs asynchronous work from a thread that may block.
func waiting<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) throws -> Result {
  let box = ResultBox<Result>()
  let semaphore = DispatchSemaphore(value: 0)
  Task {
    do { box.result = .success(try await body()) } catch { box.result = .failure(error) }
    semaphore.signal()
  }
  semaphore.wait()
  return try box.result!.get()
}

private final class ResultBox<Value>: @unchecked Sendable {
  var result: Result<Value, any Error>?
}
