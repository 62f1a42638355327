import LiveEvents
import Synchronization
import WindowEngine

/// Decodes one file with several threads and gives its events in their order.
///
/// Each thread reads a block of lines, which the others wait for, and decodes it while they go on. Blocks are numbered as
/// they are read; whoever counts them takes them by number.
final class FileDecoders: @unchecked Sendable {
  /// Counting is not much faster than decoding, so more threads would wait for it.
  static let maxThreads = 4
  /// Batches on their way between the threads that decode and the one that counts: fewer, and a thread that finds none
  /// sleeps longer than all of them take.
  private static let batchesUnderWay = 32

  /// Where a decoding thread and the counting one exchange batches.
  private final class Desk: Sendable {
    let decoded: SPSCRing<FileBatch>
    let free: SPSCRing<FileBatch>

    init(capacity: Int) {
      decoded = SPSCRing(capacity: capacity)
      free = SPSCRing(capacity: capacity)
    }
  }

  private let reader: LineReader
  private let policy: DecodingPolicy
  private let failed: @Sendable (any Error) -> Void
  private let desks: [Desk]
  private var threads: [Worker] = []
  /// Whether some thread reads. A file takes so short that a lock, for which the others would sleep, costs more.
  private let isReading = Atomic<Bool>(false)
  /// How many blocks have been read; that of the thread that reads.
  private var blocksRead = 0
  private let isStopping = Atomic<Bool>(false)
  /// The batch at each desk that was taken from the ring before its turn. The counting thread's, as is the next one.
  private var waiting: [FileBatch?]
  private var turn = 0

  /// Starts to read.
  init(
    _ reader: LineReader, plan: EnginePlan, policy: DecodingPolicy, threads count: Int,
    failed: @escaping @Sendable (any Error) -> Void
  ) {
    self.reader = reader
    self.policy = policy
    self.failed = failed
    let batches = Self.batchesUnderWay / count
    desks = (0..<count).map { _ in Desk(capacity: batches) }
    waiting = Array(repeating: nil, count: count)
    for desk in desks {
      for _ in 0..<batches { _ = desk.free.offer(FileBatch(plan: plan)) }
    }
    threads = desks.indices.map { i in
      Worker(name: "decoder-\(i)") { [self] in
        do { try decode(at: desks[i]) } catch { failed(error) }
      }
    }
  }

  /// Ends the threads; one that reads from a silent pipe is waited for.
  func stop() {
    isStopping.store(true, ordering: .releasing)
    for thread in threads { thread.join() }
  }

  private func decode(at desk: Desk) throws {
    let decoder = IntakeDecoder(policy: policy, source: 0)
    var wait = WaitStrategy()
    while !isStopping.load(ordering: .acquiring) {
      guard let batch = desk.free.poll() else {
        wait.wait()
        continue
      }
      wait.reset()
      while isReading.exchange(true, ordering: .acquiring) {
        if isStopping.load(ordering: .acquiring) { return }
        wait.wait()
      }
      wait.reset()
      // When it fails nobody needs to read any more.
      try batch.read(from: reader)
      batch.number = blocksRead
      blocksRead += 1
      isReading.store(false, ordering: .releasing)
      batch.decode(with: decoder)
      let isEnd = batch.isEnd
      // There is room: no more batches exist than the ring holds.
      _ = desk.decoded.offer(batch)
      if isEnd { return }
    }
  }

  /// The batch whose turn it is; `nil` while it is not decoded.
  func next() -> FileBatch? {
    for i in desks.indices {
      if waiting[i] == nil { waiting[i] = desks[i].decoded.poll() }
      guard let batch = waiting[i], batch.number == turn else { continue }
      return batch
    }
    return nil
  }

  /// Takes back the batch that ``next()`` gave last, once it is counted.
  func giveBack(_ batch: FileBatch) {
    guard let i = waiting.firstIndex(where: { $0 === batch }) else { return }
    waiting[i] = nil
    turn += 1
    _ = desks[i].free.offer(batch)
  }
}
