import Foundation
import Glibc

/// Passes TCP connections on from a fixed port of 127.0.0.1 to another one, until it goes away.
final class LoopbackRelay: Sendable {
  /// The port that clients connect to.
  let port: UInt16
  private let stop: Wakeup

  /// Listens on `port`; 0 picks a free one.
  init(from port: UInt16, to target: UInt16) throws(SystemError) {
    let listener = try LoopbackSocket.listening(on: port)
    self.port = LoopbackSocket.port(of: listener)
    let stop = Wakeup()
    self.stop = stop
    let thread = Thread {
      var loop = RelayLoop(listener: listener, target: target, stop: stop)
      loop.run()
    }
    thread.name = "livetally-relay"
    thread.start()
  }

  deinit {
    stop.signal()
  }
}

/// The relay's thread: sleeps in poll(2) until some connection has bytes, then moves them.
private struct RelayLoop {
  let listener: Int32
  let target: UInt16
  let stop: Wakeup
  /// What arrives on one descriptor goes to the other.
  private var peers: [Int32: Int32] = [:]

  init(listener: Int32, target: UInt16, stop: Wakeup) {
    self.listener = listener
    self.target = target
    self.stop = stop
  }

  mutating func run() {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let ready = poll([listener, stop.descriptor] + peers.keys)
      if ready.contains(stop.descriptor) { break }
      for descriptor in ready {
        if descriptor == listener {
          accept()
        } else if let peer = peers[descriptor], !move(from: descriptor, to: peer, &buffer) {
          hangUp(descriptor, peer)
        }
      }
    }
    for descriptor in peers.keys { close(descriptor) }
    close(listener)
  }

  private func poll(_ descriptors: [Int32]) -> [Int32] {
    var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard Glibc.poll(&entries, nfds_t(entries.count), -1) > 0 else { return [] }
    return entries.filter { $0.revents != 0 }.map(\.fd)
  }

  private mutating func accept() {
    let client = Glibc.accept(listener, nil, nil)
    guard client >= 0 else { return }
    guard let broker = try? LoopbackSocket.connected(to: target) else {
      close(client)
      return
    }
    peers[client] = broker
    peers[broker] = client
  }

  private func move(from source: Int32, to target: Int32, _ buffer: inout [UInt8]) -> Bool {
    let length = recv(source, &buffer, buffer.count, 0)
    var sent = 0
    while sent < length {
      let count = buffer.withUnsafeBytes {
        send(target, $0.baseAddress! + sent, length - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return length > 0
  }

  private mutating func hangUp(_ one: Int32, _ other: Int32) {
    for descriptor in [one, other] {
      peers[descriptor] = nil
      close(descriptor)
    }
  }
}
