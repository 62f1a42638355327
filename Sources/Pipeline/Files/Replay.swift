import Foundation
import LiveEvents
import Synchronization
import WindowEngine

/// Replays files of events through the engine, each file one source partition, without Kafka.
public final class Replay: @unchecked Sendable {
  /// What a replay reads and writes.
  public struct Options: Sendable {
    /// Files of one JSON object a line; `-` is standard input.
    public var inputs: [String]
    /// Where final records go; `-` is standard output.
    public var output = "-"
    /// Where rejected events go; `nil` only counts them.
    public var rejects: String?
    /// Threads that decode and count; 0 is one per core, less one. With a single file they only decode, at most four of
    /// them (0: one per core; of a pipe one), and one more counts.
    public var lanes = 0
    /// Whether events whose id was counted before go to the rejects as well.
    public var keepsDuplicates = false

    public init(inputs: [String]) { self.inputs = inputs }
  }

  /// What was read and written.
  public struct Summary: Sendable {
    public var counts = EventCounts()
    public var outputBytes: Int64 = 0
    /// Whether some sum stopped at the limit of Int64.
    public var isSaturated = false
    /// Whether a group had more keys in a pane than `limits.max_keys`.
    public var hasOverflow = false
  }

  private static let maxRollups = 4
  private let plan: EnginePlan
  private let policy: DecodingPolicy
  private let options: Options
  private let readers: [LineReader]
  private let output: FileWriter
  private let rejects: RejectFile?
  private let rejectWriter: FileWriter?
  private let firstError = Mutex<(any Error)?>(nil)
  private let summary = Mutex(Summary())
  /// The watermark of each input, `Int64.max` once it is read to its end: what the lanes go by to stay aligned.
  private let watermarks: [Watermark]
  private let bytesRead = Atomic<Int64>(0)

  private final class Watermark: Sendable {
    let value = Atomic<Int64>(.min)
  }

  /// Opens the files. Throws ``FileError``.
  public init(plan: EnginePlan, policy: DecodingPolicy, options: Options) throws {
    self.plan = plan
    self.policy = policy
    self.options = options
    readers = try options.inputs.map { try LineReader(path: $0) }
    try Self.checkApart(options)
    output = try FileWriter(path: options.output)
    rejectWriter = try options.rejects.map { try FileWriter(path: $0) }
    rejects = rejectWriter.map { RejectFile($0, paths: options.inputs) }
    watermarks = options.inputs.map { _ in Watermark() }
  }

  /// Refuses to write over an input, or twice to one file.
  private static func checkApart(_ options: Options) throws(FileError) {
    func identity(_ path: String) -> [UInt64]? {
      var status = stat()
      guard path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      return [UInt64(status.st_dev), UInt64(status.st_ino)]
    }
    let written = [options.output, options.rejects].compactMap { $0 }
    if written.count == 2 && written[0] == written[1] { throw .sameFile(path: written[0]) }
    for path in written {
      guard let file = identity(path) else { continue }
      if options.inputs.contains(where: { identity($0) == file }) { throw .sameFile(path: path) }
      if written.count == 2, identity(written[0]) == identity(written[1]) { throw .sameFile(path: path) }
    }
  }

  /// Bytes read so far and in all, the latter 0 where it is not known. Any thread may ask.
  public var progress: (read: Int64, total: Int64) {
    let isKnown = readers.allSatisfy { $0.size > 0 }
    return (bytesRead.load(ordering: .relaxed), isKnown ? readers.reduce(0) { $0 + $1.size } : 0)
  }

  /// Reads everything and writes every final record. Throws ``FileError`` or ``StateError``.
  public func run() throws -> Summary {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let laneCount = min(max(1, options.lanes > 0 ? options.lanes : cores - 1), max(1, readers.count))
    // Most windows become final at the end, when the lanes are done and every core is free.
    let shardCount = min(Self.maxRollups, cores)
    let failed: @Sendable (any Error) -> Void = { [self] error in
      firstError.withLock { $0 = $0 ?? error }
    }
    let sink = FileSink(output)
    let rollups = (0..<shardCount).map { shard in
      RollupStage(
        shards: [shard: RollupShard(plan: plan, mode: .once, sources: readers.count)], sink: sink, clock: { 0 },
        failed: failed)
    }
    let inboxes = (0..<laneCount).map { _ in SPSCRing<HandOver>(capacity: HandOverRelay.inboxCapacity) }
    let relay = HandOverRelay(
      inboxes: inboxes, rollups: rollups, owners: Array(0..<shardCount), committed: { [self] in try account($0) },
      failed: failed)
    relay.start()
    for (i, rollup) in rollups.enumerated() { rollup.start(name: "rollup-\(i)") }
    let lanes = (0..<laneCount).map { lane in
      Worker(name: "lane-\(lane)") { [self] in
        do {
          if readers.count == 1 {
            try runSingle(shards: shardCount, into: inboxes[lane])
          } else {
            try runLane(lane, of: laneCount, shards: shardCount, into: inboxes[lane])
          }
        } catch {
          failed(error)
        }
        inboxes[lane].close()
      }
    }
    for lane in lanes { lane.join() }
    relay.join()
    for rollup in rollups { rollup.join() }
    if let error = firstError.withLock({ $0 }) { throw error }
    try output.flush()
    try rejectWriter?.flush()
    var result = summary.withLock { $0 }
    result.outputBytes = output.byteCount
    result.isSaturated = result.isSaturated || rollups.contains { $0.isSaturated }
    return result
  }

  private func account(_ handOvers: [HandOver]) throws {
    for handOver in handOvers {
      try rejects?.write(handOver.rejects)
      summary.withLock {
        $0.counts.add(handOver.counts)
        if handOver.hasOverflow { $0.hasOverflow = true }
        if handOver.isSaturated { $0.isSaturated = true }
      }
    }
  }

  // MARK: Lanes

  /// Open panes that lead to a hand-over, beyond twice those that the last one left.
  private static let paneSlack = 128
  /// Events that lead to a hand-over.
  private static let handOverEvents = 1 << 16

  private final class Input {
    let reader: LineReader
    let decoder: IntakeDecoder
    let intake: Intake
    var linesSinceHandOver = 0
    var panesLeft = 0
    /// The offset behind the last event that was counted.
    var offset: Int64 = 0
    var isDone = false

    init(reader: LineReader, decoder: IntakeDecoder, intake: Intake) {
      self.reader = reader
      self.decoder = decoder
      self.intake = intake
    }
  }

  private func makeInput(_ source: Int, shards: Int) -> Input {
    Input(
      reader: readers[source], decoder: IntakeDecoder(policy: policy, source: source),
      intake: Intake(
        plan: plan, shards: shards, source: source, mode: .once, keepsDuplicates: options.keepsDuplicates))
  }

  private func runLane(_ lane: Int, of laneCount: Int, shards: Int, into ring: SPSCRing<HandOver>) throws {
    let inputs = stride(from: lane, to: readers.count, by: laneCount).map { makeInput($0, shards: shards) }
    let batch = FileBatch(plan: plan)
    var wait = WaitStrategy()
    while let input = inputs.filter({ !$0.isDone }).min(by: { $0.intake.watermark < $1.intake.watermark }) {
      if firstError.withLock({ $0 != nil }) { return }
      if isAhead(input.intake.watermark) {
        // What is behind the others must reach the rollups, or they would wait for each other.
        if input.linesSinceHandOver > 0 { handOver(input, into: ring) }
        wait.wait()
        continue
      }
      wait.reset()
      try batch.read(from: input.reader)
      batch.decode(with: input.decoder)
      count(batch, of: input)
      watermarks[input.intake.source].value.store(
        input.isDone ? .max : input.intake.watermark, ordering: .releasing)
      handOverIfDue(input, into: ring)
    }
  }

  private func count(_ batch: FileBatch, of input: Input) {
    input.intake.take(batch.events)
    input.offset = batch.endOffset
    input.isDone = batch.isEnd
    input.linesSinceHandOver += batch.block.lineCount
    bytesRead.add(Int64(batch.block.byteCount), ordering: .relaxed)
  }

  /// One input has no other to be aligned with: threads of their own read and decode it, and this one counts.
  private func runSingle(shards: Int, into ring: SPSCRing<HandOver>) throws {
    let input = makeInput(0, shards: shards)
    // A pipe is as fast as who writes to it; threads that wait for their turn to read it would only look whether it comes.
    let wanted = options.lanes > 0 ? options.lanes : ProcessInfo.processInfo.activeProcessorCount
    let threads = input.reader.size > 0 ? min(FileDecoders.maxThreads, wanted) : 1
    let decoders = FileDecoders(input.reader, plan: plan, policy: policy, threads: threads) { [self] error in
      firstError.withLock { $0 = $0 ?? error }
    }
    defer { decoders.stop() }
    var wait = WaitStrategy()
    while !input.isDone {
      if firstError.withLock({ $0 != nil }) { return }
      guard let batch = decoders.next() else {
        wait.wait()
        continue
      }
      wait.reset()
      count(batch, of: input)
      decoders.giveBack(batch)
      handOverIfDue(input, into: ring)
    }
  }

  private func handOverIfDue(_ input: Input, into ring: SPSCRing<HandOver>) {
    if input.isDone || input.intake.mustHandOver || input.linesSinceHandOver >= Self.handOverEvents
      || input.intake.openPanes > 2 * input.panesLeft + Self.paneSlack
    {
      handOver(input, into: ring)
    }
  }

  /// Whether a watermark is too far ahead of the slowest input that has unread lines.
  private func isAhead(_ watermark: Int64) -> Bool {
    if watermark == .min || watermarks.count == 1 { return false }
    for other in watermarks {
      let value = other.value.load(ordering: .acquiring)
      if value < watermark && (value == .min || watermark - value > plan.time.maxSkew) { return true }
    }
    return false
  }

  private func handOver(_ input: Input, into ring: SPSCRing<HandOver>) {
    let handOver = input.intake.handOver(sourceOffset: input.offset, isEnd: input.isDone)
    input.linesSinceHandOver = 0
    input.panesLeft = input.intake.openPanes
    var wait = WaitStrategy()
    while !ring.offer(handOver) { wait.wait() }
  }
}
