import FlyingFox
import Foundation

/// The page's files, compiled into the program.
struct WebAssets: Sendable {
  private struct Asset: Sendable {
    var type: String
    var body: Data
    var tag: String
  }

  private let assets: [String: Asset]

  init() {
    let script = "text/javascript; charset=utf-8"
    assets = [
      "/": Self.asset("text/html; charset=utf-8", PackageResources.index_html),
      "/style.css": Self.asset("text/css; charset=utf-8", PackageResources.style_css),
      "/icon.svg": Self.asset("image/svg+xml", PackageResources.icon_svg),
      "/app.js": Self.asset(script, PackageResources.app_js),
      "/chart.js": Self.asset(script, PackageResources.chart_js),
      "/controls.js": Self.asset(script, PackageResources.controls_js),
      "/feed.js": Self.asset(script, PackageResources.feed_js),
      "/figures.js": Self.asset(script, PackageResources.figures_js),
      "/format.js": Self.asset(script, PackageResources.format_js),
      "/labels.js": Self.asset(script, PackageResources.labels_js),
      "/route.js": Self.asset(script, PackageResources.route_js),
      "/search.js": Self.asset(script, PackageResources.search_js),
      "/table.js": Self.asset(script, PackageResources.table_js),
    ]
  }

  /// The paths that are served.
  var names: [String] { assets.keys.sorted() }

  /// The bytes of all files together.
  var totalBytes: Int { assets.values.reduce(0) { $0 + $1.body.count } }

  /// Nil where there is no such file.
  func response(to request: HTTPRequest) -> HTTPResponse? {
    guard let asset = assets[request.path] else { return nil }
    var headers = Responses.headers(type: asset.type)
    headers[.cacheControl] = "no-cache"
    headers[.eTag] = asset.tag
    headers[HTTPHeader("Content-Security-Policy")] = "default-src 'self'; base-uri 'none'; frame-ancestors 'self'"
    if request.headers[.ifNoneMatch] == asset.tag { return HTTPResponse(statusCode: .notModified, headers: headers) }
    return HTTPResponse(statusCode: .ok, headers: headers, body: asset.body)
  }

  private static func asset(_ type: String, _ bytes: [UInt8]) -> Asset {
    // FNV-1a, 64 bits: tells versions of a file apart, which is all an entity tag has to do.
    let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return Asset(type: type, body: Data(bytes), tag: "\"\(String(hash, radix: 16))\"")
  }
}
