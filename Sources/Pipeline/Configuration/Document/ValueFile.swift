import Foundation

/// A file that holds one value, such as a mounted secret.
public enum ValueFile {
  /// Why a file does not give a value.
  public struct Fault: Error {
    /// E.g. `cannot read /run/secrets/x: No such file or directory`.
    public let problem: String
  }

  /// The text of the file at `path`, without one line break at its end.
  public static func read(_ path: String) throws(Fault) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw fault(path) }
    defer { close(descriptor) }
    let limit = ConfigurationLimits.valueFileBytes
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var count = 0
    while count <= limit {
      let got = bytes.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress! + count, limit + 1 - count) }
      if got < 0 {
        if errno == EINTR { continue }
        throw fault(path)
      }
      if got == 0 { break }
      count += got
    }
    guard count <= limit else { throw Fault(problem: "\(path) is larger than \(SizeText.format(Int64(limit)))") }
    guard var text = String(validating: bytes[..<count], as: UTF8.self) else {
      throw Fault(problem: "\(path) is not UTF-8 text")
    }
    // A carriage return and a line feed are one character.
    if text.last == "\n" || text.last == "\r\n" { text.removeLast() }
    return text
  }

  private static func fault(_ path: String) -> Fault {
    Fault(problem: "cannot read \(path.isEmpty ? "a file without a name" : path): \(String(cString: strerror(errno)))")
  }
}
