// Invariant that makes this file safe: `count <= capacity`, the first `count` elements are initialized, and elements
// are trivial values, so that moving them is copying bytes and dropping them is forgetting them.

/// A growing array of trivial values without reference counts or exclusivity checks.
@usableFromInline
struct Storage<Element: BitwiseCopyable>: ~Copyable {
  @usableFromInline private(set) var base: UnsafeMutablePointer<Element>
  @usableFromInline private(set) var count = 0
  private var capacity: Int

  init(capacity: Int = 16) {
    self.capacity = max(capacity, 1)
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  var byteCount: Int { capacity * MemoryLayout<Element>.stride }

  @inline(__always)
  subscript(index: Int) -> Element {
    unsafeAddress { UnsafePointer(base + index) }
    nonmutating unsafeMutableAddress { base + index }
  }

  /// Appends and returns the position.
  @discardableResult @inline(__always)
  mutating func append(_ element: Element) -> Int {
    reserve(1)
    (base + count).initialize(to: element)
    count += 1
    return count - 1
  }

  /// Appends a run of elements and returns the position of the first.
  @discardableResult @inline(__always)
  mutating func append(contentsOf elements: UnsafeBufferPointer<Element>) -> Int {
    reserve(elements.count)
    if let source = elements.baseAddress { (base + count).initialize(from: source, count: elements.count) }
    count += elements.count
    return count - elements.count
  }

  /// Appends `more` elements and returns where they are, to be initialized at once.
  @inline(__always)
  mutating func append(uninitialized more: Int) -> UnsafeMutablePointer<Element> {
    reserve(more)
    count += more
    return base + (count - more)
  }

  /// Appends what `write` puts into room for `limit` elements and returns the position of the first.
  @inline(__always)
  mutating func append(upTo limit: Int, _ write: (UnsafeMutablePointer<Element>) -> Int) -> Int {
    reserve(limit)
    let position = count
    count += write(base + count)
    return position
  }

  /// Appends the same element `times` times and returns the position of the first.
  @discardableResult
  mutating func append(repeating element: Element, count times: Int) -> Int {
    reserve(times)
    (base + count).initialize(repeating: element, count: times)
    count += times
    return count - times
  }

  /// Forgets all elements and keeps the memory.
  mutating func removeAll() { count = 0 }

  /// Forgets the elements from `newCount` on.
  mutating func truncate(to newCount: Int) { count = newCount }

  @inline(__always)
  private mutating func reserve(_ more: Int) {
    if count + more > capacity { grow(more) }
  }

  @inline(never)
  private mutating func grow(_ more: Int) {
    capacity = max(capacity * 2, count + more)
    let bigger = LargeMemory.allocate(capacity, of: Element.self)
    bigger.moveInitialize(from: base, count: count)
    base.deallocate()
    base = bigger
  }
}
