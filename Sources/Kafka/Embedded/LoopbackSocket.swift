import Glibc

/// A failed system call.
struct SystemError: Error, CustomStringConvertible {
  var call: String
  var number: Int32

  init(_ call: String) {
    self.call = call
    number = errno
  }

  var description: String { "\(call): \(String(cString: strerror(number)))" }
}

/// TCP sockets on 127.0.0.1, as bare descriptors that the caller closes.
enum LoopbackSocket {
  static func listening(on port: UInt16) throws(SystemError) -> Int32 {
    let descriptor = try open()
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout.size(ofValue: yes)))
    guard withAddress(port, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 16) == 0 else {
      let error = SystemError("listen on 127.0.0.1:\(port)")
      close(descriptor)
      throw error
    }
    return descriptor
  }

  static func connected(to port: UInt16) throws(SystemError) -> Int32 {
    let descriptor = try open()
    guard withAddress(port, { connect(descriptor, $0, $1) }) == 0 else {
      let error = SystemError("connect to 127.0.0.1:\(port)")
      close(descriptor)
      throw error
    }
    return descriptor
  }

  static func port(of descriptor: Int32) -> UInt16 {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout.size(ofValue: address))
    _ = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    return UInt16(bigEndian: address.sin_port)
  }

  private static func open() throws(SystemError) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw SystemError("socket") }
    return descriptor
  }

  private static func withAddress(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }
}
