// Invariant that makes this file safe: what is allocated here is plain memory, which `deallocate` takes back.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Memory for large tables that are read at random.
enum LargeMemory {
  /// The size of a huge page. One entry of the processor's address translation cache stands for it, where small pages
  /// take 512, of which the cache has only a few times as many.
  static let hugePage = 2 << 20

  /// Room for elements that are not initialized. From the size of a huge page on, the kernel is asked for huge pages; it
  /// gives small ones where it has no others.
  static func allocate<Element: BitwiseCopyable>(_ count: Int, of: Element.Type) -> UnsafeMutablePointer<Element> {
    let bytes = count * MemoryLayout<Element>.stride
    if bytes < hugePage { return .allocate(capacity: count) }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: hugePage)
    #if os(Linux)
      madvise(memory, bytes, MADV_HUGEPAGE)
    #endif
    return memory.bindMemory(to: Element.self, capacity: count)
  }
}
