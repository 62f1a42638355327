"""What counts, told a second time: the input contract of Livetally in plain Python, one source partition at a time.

`judge` says whether the bytes of one event are valid; `Partition` adds what depends on the events before: lateness and
duplicates. Only what these tests need is here: two currencies, and no field but the known ones.
"""

import json
import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

PURCHASES = ("placed", "paid", "cancelled", "refunded")
VIEWERS = ("enter", "leave", "heartbeat", "impression", "click", "cart", "like", "comment", "share", "follow", "gift")
COMMON = ("event_id", "session_id", "host_id", "mcn_id", "brand_id", "product_id", "category_id", "channel", "region")
RATES = {"CNY": Decimal(1), "USD": Decimal("7.10")}
MAX_BYTES = 64 * 1024
MAX_DEPTH = 128
MAX_TIME = 253402300799999
PANE = 1000
OUT_OF_ORDERNESS = 5_000
LATENESS = 60_000
DEDUPE_HORIZON = 600_000
MAX_FUTURE = 300_000


class Number(str):
    """A JSON number as it was written."""


class Rejected(Exception):
    """Carries the reason."""


def walk(value, depth=1):
    """Refuses what Python's parser lets pass: deep nesting and lone surrogates."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, (dict, list)):
        if depth > MAX_DEPTH:
            raise ValueError("nested too deep")
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            walk(item, depth + 1)


def not_json(text):
    raise ValueError(text)


def parse(raw):
    try:
        event = json.loads(raw.decode(), parse_int=Number, parse_float=Number, parse_constant=not_json)
        walk(event)
    except (ValueError, RecursionError):
        raise Rejected("malformed_json") from None
    if not isinstance(event, dict):
        raise Rejected("malformed_json")
    return {key: value for key, value in event.items() if value is not None}


def whole(value, least, most):
    if not isinstance(value, Number) or not re.fullmatch(r"-?\d+", value) or not least <= int(value) <= most:
        raise Rejected("bad_field")
    return int(value)


def time_of(value):
    if isinstance(value, Number):
        return whole(value, 0, MAX_TIME)
    try:
        return int(datetime.fromisoformat(value).timestamp() * 1000)
    except (TypeError, ValueError):
        raise Rejected("bad_field") from None


def judge(raw, record_timestamp=None):
    """The event as a dictionary with `ts` in ms and `amount` in CNY, or Rejected."""
    if len(raw) > MAX_BYTES:
        raise Rejected("too_large")
    event = parse(raw)
    kind = event.get("type")
    if kind is None:
        raise Rejected("missing_field")
    if not isinstance(kind, str) or isinstance(kind, Number):
        raise Rejected("bad_field")
    if kind not in PURCHASES + VIEWERS:
        raise Rejected("unknown_type")
    event["ts"] = time_of(event["ts"]) if "ts" in event else record_timestamp
    own = ("order_id", "buyer_id") if kind in PURCHASES else ("viewer_id",)
    required = ("session_id", *own) + (("event_id",) if kind in PURCHASES else ())
    for field in COMMON + own:
        value = event.get(field)
        if value is None:
            if field in required:
                raise Rejected("missing_field")
        elif not isinstance(value, str) or isinstance(value, Number) or not 1 <= len(value.encode()) <= 128:
            raise Rejected("bad_field")
    if kind in PURCHASES:
        whole(event.get("quantity", Number("1")), 1, 1_000_000)
        if "amount" not in event:
            raise Rejected("missing_field")
        amount = event["amount"]
        if not isinstance(amount, str) or not re.fullmatch(r"\d{1,13}(\.\d{1,2})?", amount):
            raise Rejected("bad_field")
        currency = event.get("currency", "CNY")
        if isinstance(currency, Number) or currency not in RATES:
            raise Rejected("bad_field")
        event["amount"] = (Decimal(amount) * RATES[currency]).quantize(Decimal("0.01"), ROUND_HALF_UP)
    elif kind in ("leave", "heartbeat") and "watch_ms" in event:
        whole(event["watch_ms"], 0, 2**63 - 1)
    if record_timestamp is not None and event["ts"] > record_timestamp + MAX_FUTURE:
        raise Rejected("from_future")
    return event


class Partition:
    """Counts the events of one source partition in log order."""

    def __init__(self):
        self.watermark = None
        self.remembered = {}

    def count(self, raw, record_timestamp):
        """The counted event, or Rejected."""
        event = judge(raw, record_timestamp)
        pane_end = (event["ts"] // PANE + 1) * PANE
        if self.watermark is not None and pane_end + LATENESS <= self.watermark:
            raise Rejected("too_late")
        seen = min(event["ts"], record_timestamp) - OUT_OF_ORDERNESS
        self.watermark = seen if self.watermark is None else max(seen, self.watermark)
        if event["type"] in PURCHASES:
            until = self.remembered.get(event["event_id"])
            if until is not None and self.watermark < until:
                raise Rejected("duplicate")
            self.remembered[event["event_id"]] = event["ts"] + DEDUPE_HORIZON
        return event


def count_all(log):
    """The counted events of a partition's [(bytes, record timestamp)], and {offset: reason} of the others."""
    partition, counted, rejected = Partition(), [], {}
    for offset, (raw, timestamp) in enumerate(log):
        try:
            counted.append((offset, partition.count(raw, timestamp)))
        except Rejected as rejection:
            rejected[offset] = str(rejection)
    return counted, rejected
