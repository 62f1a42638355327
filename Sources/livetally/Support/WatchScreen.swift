import Dashboard
import Foundation

/// Draws the watched metrics again and again: on the whole terminal, with keys, or as lines where there is none.
struct WatchScreen {
  /// How often lines are printed at most, seconds.
  private static let lineInterval = 2.0
  /// How often news is drawn at most; what a key asks for is drawn at once.
  private static let frameInterval = 0.5

  private var model: WatchModel
  private let terminal: TerminalScreen?
  private var keys = KeyDecoder()
  private var lastDrawn = Date.distantPast
  private var hasNews = true
  private var mustDraw = false

  /// Takes the terminal where standard output is one.
  init(_ model: WatchModel) {
    self.model = model
    terminal = TerminalScreen()
  }

  /// Whether it has the whole terminal, so that nothing else may write to it.
  var isFullScreen: Bool { terminal != nil }

  mutating func accept(key: [UInt8], value: [UInt8]?) {
    model.accept(key: key, value: value)
    hasNews = true
  }

  /// Says what is wrong, or nothing any more.
  mutating func notice(_ text: String) {
    if terminal == nil {
      if !text.isEmpty { Failure.write("livetally: \(text)\n") }
    } else if model.notice != text {
      model.notice = text
      mustDraw = true
    }
  }

  /// Obeys the keys that were pressed; returns whether one asks to quit.
  mutating func obey() -> Bool {
    guard let terminal, let bytes = terminal.read(), !bytes.isEmpty else { return false }
    var pressed = keys.keys(in: bytes)
    if bytes.last == 0x1B {
      let rest = terminal.readRest()
      pressed += rest.isEmpty ? keys.flush() : keys.keys(in: rest)
    }
    for key in pressed {
      mustDraw = true
      if model.press(key) == .quit { return true }
    }
    return false
  }

  /// Draws if there is something new and the last drawing is old enough, or something is asked for.
  mutating func refresh() {
    guard let terminal else {
      guard hasNews, Date().timeIntervalSince(lastDrawn) >= Self.lineInterval else { return }
      drawn()
      return Output.write(model.plainLines().map { $0 + "\n" }.joined())
    }
    let mustDraw = terminal.takeResized() || mustDraw
    guard mustDraw || (hasNews && Date().timeIntervalSince(lastDrawn) >= Self.frameInterval) else { return }
    drawn()
    let (width, height) = terminal.size
    Output.write(model.frame(width: width, height: height))
  }

  /// Gives the terminal back.
  func close() { terminal?.close() }

  private mutating func drawn() {
    lastDrawn = Date()
    hasNews = false
    mustDraw = false
  }
}
