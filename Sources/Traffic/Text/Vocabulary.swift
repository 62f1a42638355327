/// The words that occur in events.
enum Vocabulary {
  static let channels = ["kuaishou", "taobao", "douyin", "jd", "tiktok", "pinduoduo", "xiaohongshu", "weixin"]

  /// The channel of a host, from a number 0..<100: most hosts are on the first few.
  static func weightedChannel(_ percent: Int) -> Int {
    let bounds = [34, 56, 76, 84, 90, 94, 97, 100]
    return bounds.firstIndex { percent < $0 } ?? 0
  }

  /// 32 places, so that five bits choose one; populous provinces are there more than once.
  static let regions = [
    "guangdong", "guangdong", "guangdong", "shandong", "shandong", "henan", "henan", "jiangsu", "jiangsu", "sichuan",
    "sichuan", "hebei", "hunan", "zhejiang", "zhejiang", "anhui", "hubei", "guangxi", "yunnan", "jiangxi", "liaoning",
    "fujian", "shaanxi", "guizhou", "shanxi", "chongqing", "heilongjiang", "xinjiang", "shanghai", "beijing", "gansu",
    "jilin",
  ]

  /// JSON string contents, with escapes and characters outside ASCII as clients send them.
  static let comments = [
    "666", "多少钱", "还有货吗", "好看", "主播上链接", "已拍", "发货快吗", "first time here", "L码有吗\\uff1f", "再来一次\\n谢谢",
    "\\\"爆款\\\"", "❤️", "买买买", "different colour?", "拍了两件", "什么时候发货",
  ]

  static let gifts = ["rose", "rocket", "lollipop", "sports car"]
}
