import Foundation
import Testing

@testable import WindowEngine

@Suite struct SPSCRingTests {
  @Test func holdsItsCapacityAndNoMore() {
    let ring = SPSCRing<Int>(capacity: 5)
    #expect(ring.capacity == 8)
    for i in 0..<8 { #expect(ring.offer(i)) }
    #expect(!ring.offer(8))
    #expect(ring.depth == 8)
    #expect(ring.poll() == 0)
    #expect(ring.offer(8))
    #expect((1...8).allSatisfy { ring.poll() == $0 })
    #expect(ring.poll() == nil)
    #expect(!ring.isDrained)
    ring.close()
    #expect(ring.isDrained)
  }

  @Test func nothingIsLostOrReorderedBetweenTwoThreads() {
    let ring = SPSCRing<Int>(capacity: 64)
    let count = 1_000_000
    Thread.detachNewThread {
      for i in 0..<count { while !ring.offer(i) { sched_yield() } }
      ring.close()
    }
    var next = 0
    while !ring.isDrained {
      while let value = ring.poll() {
        if value != next { Issue.record("\(value) came instead of \(next)") }
        next += 1
      }
      sched_yield()
    }
    #expect(next == count)
  }

  @Test func whatIsLeftInsideIsReleased() {
    final class Token {}
    weak var token: Token?
    do {
      let ring = SPSCRing<Token>(capacity: 4)
      let strong = Token()
      token = strong
      _ = ring.offer(strong)
    }
    #expect(token == nil)
  }
}
