extension TrafficGenerator {
  /// Something a viewer of some broadcast does of their own accord at about `now`.
  mutating func spontaneousDraft(at now: Int64) -> EventDraft {
    let index = stage.sample(&random)
    let type =
      switch stage.broadcasts[index].mood {
      case .calm: behaviour.calm.sample(&random)
      case .wave: behaviour.wave.sample(&random)
      case .flashSale: behaviour.flashSale.sample(&random)
      }
    return draft(type, inBroadcast: index, at: now)
  }

  /// A draft that nothing follows from, of `type` if that is given.
  mutating func rawMaterial(_ type: TrafficEventType?, at now: Int64) -> EventDraft {
    let index = stage.sample(&random)
    switch type ?? (random.below(10) == 0 ? .placed : .impression) {
    case .placed:
      var seen = draft(.impression, inBroadcast: index, at: now)
      seen.product = stage.broadcasts[index].featured
      return order(from: seen, eventTime: seen.eventTime)
    case let other:
      var raw = draft(other, inBroadcast: index, at: now)
      raw.type = other
      return raw
    }
  }

  private mutating func draft(_ wanted: TrafficEventType, inBroadcast index: Int, at now: Int64) -> EventDraft {
    var draft = EventDraft(
      eventTime: now, type: wanted, session: stage.broadcasts[index].session, host: stage.broadcasts[index].host,
      viewer: 0)
    draft.eventTime -= drawDelivery(for: &draft)
    let clock = UInt32(truncatingIfNeeded: now - options.start)
    // Where nobody is left to act, somebody comes; where there is no room to come, somebody goes.
    if stage.broadcasts[index].audience.isEmpty || (wanted == .leave && stage.broadcasts[index].audience.isThin) {
      draft.type = .enter
    } else if wanted == .enter, stage.broadcasts[index].audience.isFull {
      draft.type = .leave
    }
    switch draft.type {
    case .enter:
      draft.viewer = Viewers.pick(options.viewers, random: &random)
      stage.enter(draft.viewer, broadcast: index, at: clock)
    case .leave:
      let seat = stage.leave(broadcast: index, at: clock, &random)
      draft.viewer = seat.viewer
      draft.watchMilliseconds = min(seat.watched, UInt32(Behaviour.longestWatchReport))
    case .heartbeat:
      let seat = stage.report(broadcast: index, at: clock)
      draft.viewer = seat.viewer
      draft.watchMilliseconds = min(seat.watched, UInt32(Behaviour.longestWatchReport))
    case .impression:
      draft.viewer = stage.someone(broadcast: index, &random)
      draft.product = stage.broadcasts[index].shownProduct(behaviour, catalog: catalog, random: &random)
      if stage.broadcasts[index].mood == .flashSale { draft.traits.insert(.flashSale) }
    default:
      draft.viewer = stage.someone(broadcast: index, &random)
      draft.choice = UInt8(truncatingIfNeeded: random.next())
    }
    return draft
  }

  /// Plans what `draft` leads to: the next step on the way from seeing a product to paying for it, or back.
  @inline(__always)
  mutating func planConsequences(of draft: EventDraft, at now: Int64) {
    switch draft.type {
    case .impression: planClick(after: draft, at: now)
    case .click: planCart(after: draft, at: now)
    case .cart: planOrder(after: draft, at: now)
    case .placed: planPayment(after: draft, at: now)
    case .paid: planRefund(after: draft, at: now)
    default: break
    }
  }

  private mutating func planClick(after seen: EventDraft, at now: Int64) {
    let inFlashSale = seen.traits.contains(.flashSale)
    guard inFlashSale || random.happens(behaviour.clickAfterImpression) else { return }
    let delay = (inFlashSale ? behaviour.flashReaction : behaviour.impressionToClick).sample(&random)
    follow(seen, with: .click, after: delay, at: now)
  }

  private mutating func planCart(after click: EventDraft, at now: Int64) {
    if click.traits.contains(.flashSale) {
      follow(click, with: .cart, after: behaviour.flashReaction.sample(&random), at: now)
    } else if random.happens(behaviour.cartAfterClick) {
      follow(click, with: .cart, after: behaviour.clickToCart.sample(&random), at: now)
    } else if random.happens(behaviour.orderAfterClick) {
      planOrder(from: click, after: behaviour.cartToOrder.sample(&random), at: now)
    }
  }

  private mutating func planOrder(after cart: EventDraft, at now: Int64) {
    if cart.traits.contains(.flashSale) {
      planOrder(from: cart, after: behaviour.flashReaction.sample(&random), at: now)
    } else if random.happens(behaviour.orderAfterCart) {
      planOrder(from: cart, after: behaviour.cartToOrder.sample(&random), at: now)
    }
  }

  private mutating func planOrder(from cause: EventDraft, after delay: Int64, at now: Int64) {
    follow(order(from: cause, eventTime: cause.eventTime), with: .placed, after: delay, at: now)
  }

  private mutating func planPayment(after placed: EventDraft, at now: Int64) {
    if random.happens(behaviour.paidAfterOrder) {
      follow(placed, with: .paid, after: behaviour.orderToPayment.sample(&random), at: now)
    } else {
      follow(placed, with: .cancelled, after: behaviour.orderToCancellation.sample(&random), at: now)
    }
  }

  private mutating func planRefund(after paid: EventDraft, at now: Int64) {
    guard random.happens(behaviour.refundAfterPaid) else { return }
    var refund = paid
    if !random.happens(Behaviour.fullRefund) {
      refund.amountMinor = 1 + UInt32(random.below(Int(paid.amountMinor)))
    }
    follow(refund, with: .refunded, after: behaviour.paymentToRefund.sample(&random), at: now)
  }

  /// A new order for the product of `cause`.
  private mutating func order(from cause: EventDraft, eventTime: Int64) -> EventDraft {
    var order = cause
    orders += 1
    order.order = orders
    order.type = .placed
    order.eventTime = eventTime
    order.quantity = random.happens(behaviour.oneUnit) ? 1 : UInt8(2 + random.below(4) * random.below(2))
    order.amountMinor = UInt32(order.quantity) * catalog.products[Int(cause.product)].priceMinor
    if order.traits.contains(.flashSale) { order.amountMinor /= Behaviour.flashSaleDiscount }
    if drawForeign() {
      order.traits.insert(.foreign)
      order.amountMinor /= Behaviour.yuanPerDollar
    }
    return order
  }

  /// Plans an event of `type` that happens `delay` milliseconds after `cause`, and arrives some time after that.
  private mutating func follow(_ cause: EventDraft, with type: TrafficEventType, after delay: Int64, at now: Int64) {
    var next = cause
    next.type = type
    next.traits.formIntersection(.inherited)
    // What follows from an event that was long under way goes on from the present.
    next.eventTime = max(cause.eventTime, now - Behaviour.longestDelivery) + delay
    let underWay = drawDelivery(for: &next)
    plan(next, due: next.eventTime + underWay)
  }
}
