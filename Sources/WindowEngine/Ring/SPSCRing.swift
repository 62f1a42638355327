// Invariant that makes this file safe: exactly one thread calls the producing methods and exactly one the consuming
// ones. Slots [head, tail) are initialized and belong to the consumer, all others are uninitialized and belong to the
// producer; `tail` is published after a slot is initialized, `head` after a slot is moved out of.

import Synchronization

/// A bounded queue from one thread to one other without locks.
///
/// Each side caches the other's position and looks again only when it must, so a side that runs ahead touches no
/// shared memory but its own position. (Lamport's ring; the caching is from Thompson et al., LMAX Disruptor, 2011.)
public final class SPSCRing<Element>: @unchecked Sendable {
  /// Positions are 128 bytes apart, since processors fetch cache lines in pairs.
  @usableFromInline
  struct PaddedPosition: ~Copyable {
    @usableFromInline let value = Atomic<Int>(0)
    private let padding: InlineArray<15, Int> = .init(repeating: 0)
    @usableFromInline init() {}
  }

  private let slots: UnsafeMutablePointer<Element>
  private let mask: Int
  /// The next position to take, written by the consumer.
  private let head = PaddedPosition()
  /// The next position to fill, written by the producer.
  private let tail = PaddedPosition()
  private let closed = Atomic<Bool>(false)
  /// The producer's last look at `head`.
  private var headSeenByProducer = 0
  private let padding: InlineArray<16, Int> = .init(repeating: 0)
  /// The consumer's last look at `tail`.
  private var tailSeenByConsumer = 0

  /// A ring of at least `capacity` elements, rounded up to a power of two.
  public init(capacity: Int) {
    var size = 2
    while size < capacity { size *= 2 }
    slots = .allocate(capacity: size)
    mask = size - 1
  }

  deinit {
    var position = head.value.load(ordering: .acquiring)
    let end = tail.value.load(ordering: .acquiring)
    while position < end {
      (slots + (position & mask)).deinitialize(count: 1)
      position += 1
    }
    slots.deallocate()
  }

  /// How many elements the ring holds at most.
  public var capacity: Int { mask + 1 }
  /// How many elements are in it, as seen by any thread at some recent moment.
  public var depth: Int { max(0, tail.value.load(ordering: .relaxed) - head.value.load(ordering: .relaxed)) }

  // MARK: Producer

  /// Adds an element; `false` if the ring is full.
  public func offer(_ element: Element) -> Bool {
    let position = tail.value.load(ordering: .relaxed)
    if position - headSeenByProducer > mask {
      headSeenByProducer = head.value.load(ordering: .acquiring)
      if position - headSeenByProducer > mask { return false }
    }
    (slots + (position & mask)).initialize(to: element)
    tail.value.store(position + 1, ordering: .releasing)
    return true
  }

  /// Says that nothing more will be added.
  public func close() { closed.store(true, ordering: .releasing) }

  // MARK: Consumer

  /// Takes the oldest element, or `nil` if there is none.
  public func poll() -> Element? {
    let position = head.value.load(ordering: .relaxed)
    if position == tailSeenByConsumer {
      tailSeenByConsumer = tail.value.load(ordering: .acquiring)
      if position == tailSeenByConsumer { return nil }
    }
    let element = (slots + (position & mask)).move()
    head.value.store(position + 1, ordering: .releasing)
    return element
  }

  /// Whether the producer has closed the ring and everything has been taken.
  public var isDrained: Bool {
    closed.load(ordering: .acquiring)
      && head.value.load(ordering: .relaxed) == tail.value.load(ordering: .acquiring)
  }
}
