import WindowEngine

extension Configuration {
  /// Canonical text of everything that gives stored state its meaning: two configurations with the same text can
  /// continue each other's state.
  ///
  /// It leaves out what only decides when, where or how fast work is done. The order of windows and groups counts,
  /// because stored state refers to them by position. The spelling does not: `60s` and `1m`, `7.1` and `7.10`, a
  /// group listed for all windows or for each are the same.
  public var planDescription: String {
    var lines = [
      "plan 1",
      "pane \(time.pane)",
      "max_out_of_orderness \(time.maxOutOfOrderness)",
      "allowed_lateness \(time.allowedLateness)",
      "dedupe_horizon \(time.dedupeHorizon)",
      "max_future \(time.maxFuture)",
      "max_keys \(limits.maxKeys)",
      "shards \(shards)",
      "currency \(currency)",
    ]
    for (code, rate) in rates.sorted(by: { $0.key < $1.key }) {
      lines.append("rate \(code) \(RateText.canonical(rate))")
    }
    for window in windows {
      let groups = (window.groups ?? groups).map(\.description).joined(separator: " ")
      lines.append("window \(Self.quoted(window.name)) \(Self.described(window.kind)) groups \(groups)")
    }
    for board in leaderboards {
      lines.append(
        "leaderboard \(Self.quoted(board.name)) window \(Self.quoted(board.window)) group \(board.group)"
          + " by \(board.by.rawValue) size \(board.size)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func described(_ kind: WindowDefinition.Kind) -> String {
    switch kind {
    case .sliding(let size, let slide): "sliding size \(size) slide \(slide)"
    case .cumulative(let step, let timeZone): "cumulative step \(step) timezone \(timeZone)"
    case .session(let gap): "session gap \(gap)"
    }
  }

  /// Names may hold spaces and quotes, so two different plans must not run together into one text.
  private static func quoted(_ name: String) -> String {
    var text = "\""
    for character in name.unicodeScalars {
      if character == "\"" || character == "\\" { text.unicodeScalars.append("\\") }
      text.unicodeScalars.append(character)
    }
    return text + "\""
  }
}
