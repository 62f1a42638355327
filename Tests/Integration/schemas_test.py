"""The JSON Schemas of docs/reference/schemas against the engine, and the examples of the documentation against them.

    python Tests/Integration/schemas_test.py

What `livetally generate` makes must be valid, and so must all that `livetally replay` makes of it. Events that the
engine rejects must be invalid, but for those of which the table below says that a schema cannot tell; odd events that it
counts must be valid. LIVETALLY is the program to test (default .build/release/livetally). It ends with 1 when
anything fails.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
from collections import Counter

import environment
import suite

if __name__ == "__main__":
    environment.enter("jsonschema")

from outcome import check, finish

ROOT = environment.ROOT
SCHEMAS = ROOT / "docs/reference/schemas"
PAGES = ("reference/events.md", "reference/metrics.md", "tutorial.md")
EVENTS = 20_000
PURCHASES = {"placed", "paid", "cancelled", "refunded"}
CONFIGURATION = """
currency: CNY
rates: {USD: "7.10", JPY: "0.066", KWD: "23.1", CLF: "280"}
windows:
  - {name: 1m, kind: sliding, size: 1m, slide: 20s}
  - {name: day, kind: cumulative, size: 1d, step: 1m, timezone: Asia/Shanghai}
  - {name: broadcast, kind: session, gap: 1m, groups: [[session_id]]}
groups: [[], [host_id], [session_id, product_id], [currency]]
leaderboards:
  - {name: by_money, window: day, group: [host_id], by: net_gmv, size: 5}
  - {name: by_count, window: 1m, group: [host_id], by: viewers, size: 1000}
  - {name: by_quotient, window: 1m, group: ["session_id", "product_id"], by: conversion_rate, size: 3}
"""

PURCHASE = {"type": "paid", "event_id": "e", "session_id": "s", "order_id": "o", "buyer_id": "b", "amount": "12.50",
            "ts": 1592308800000}
VIEWER = {"type": "heartbeat", "session_id": "s", "viewer_id": "v", "watch_ms": 1000, "ts": 1592308800000}


def without(event, field):
    return {key: value for key, value in event.items() if key != field}


def text(event):
    return json.dumps(event).encode()


def put(event, field, raw):
    """The event's text with a value exactly as it is written here."""
    return text(event | {field: "@"}).replace(b'"@"', raw.encode())


# (what, bytes, reason): a schema must reject them too.
BROKEN = [
    ("no object", b'["paid"]', "malformed_json"),
    ("no type", text(without(PURCHASE, "type")), "missing_field"),
    ("type is null", text(PURCHASE | {"type": None}), "missing_field"),
    ("type is a number", text(PURCHASE | {"type": 7}), "bad_field"),
    ("unknown type", text(PURCHASE | {"type": "teleport"}), "unknown_type"),
    ("type in capitals", text(PURCHASE | {"type": "PAID"}), "unknown_type"),
    *[(f"purchase without {field}", text(without(PURCHASE, field)), "missing_field")
      for field in ("event_id", "session_id", "order_id", "buyer_id", "amount")],
    *[(f"{field} is null", text(PURCHASE | {field: None}), "missing_field")
      for field in ("event_id", "session_id", "order_id", "buyer_id", "amount")],
    *[(f"viewer event without {field}", text(without(VIEWER, field)), "missing_field")
      for field in ("session_id", "viewer_id")],
    *[(f"{field} is a number", text(PURCHASE | {field: 7}), "bad_field")
      for field in ("event_id", "session_id", "host_id", "mcn_id", "brand_id", "product_id", "category_id", "channel",
                    "region", "order_id", "buyer_id")],
    ("viewer_id is a number", text(VIEWER | {"viewer_id": 7}), "bad_field"),
    ("event_id of a viewer event is a number", text(VIEWER | {"event_id": 7}), "bad_field"),
    ("empty host_id", text(PURCHASE | {"host_id": ""}), "bad_field"),
    ("session_id of 129 characters", text(VIEWER | {"session_id": "s" * 129}), "bad_field"),
    ("quantity is 0", text(PURCHASE | {"quantity": 0}), "bad_field"),
    ("quantity is 1000001", text(PURCHASE | {"quantity": 1_000_001}), "bad_field"),
    ("quantity is a string", text(PURCHASE | {"quantity": "1"}), "bad_field"),
    ("quantity is 1.5", text(PURCHASE | {"quantity": 1.5}), "bad_field"),
    ("negative amount", text(PURCHASE | {"amount": -19.9}), "bad_field"),
    ("negative amount as a string", text(PURCHASE | {"amount": "-0.01"}), "bad_field"),
    ("amount of 10^13", text(PURCHASE | {"amount": 10**13}), "bad_field"),
    ("amount of 10^13 as a string", text(PURCHASE | {"amount": "10000000000000"}), "bad_field"),
    ("amount is true", text(PURCHASE | {"amount": True}), "bad_field"),
    *[(f'amount is "{amount}"', text(PURCHASE | {"amount": amount}), "bad_field")
      for amount in ("", "+1", "007", ".5", "1.", " 1", "1e3", "1,5", "1.00001")],
    ("three decimals in USD", text(PURCHASE | {"currency": "USD", "amount": "1.005"}), "bad_field"),
    ("a decimal in JPY", text(PURCHASE | {"currency": "JPY", "amount": "1.0"}), "bad_field"),
    ("four decimals in KWD", text(PURCHASE | {"currency": "KWD", "amount": "1.0005"}), "bad_field"),
    ("currency in small letters", text(PURCHASE | {"currency": "usd"}), "bad_field"),
    ("currency is no code", text(PURCHASE | {"currency": "ABC"}), "bad_field"),
    ("currency is gold", text(PURCHASE | {"currency": "XAU"}), "bad_field"),
    ("watch_ms is negative", text(VIEWER | {"watch_ms": -1}), "bad_field"),
    ("watch_ms is 2^63", text(VIEWER | {"watch_ms": 2**63}), "bad_field"),
    ("watch_ms is a string", text(VIEWER | {"watch_ms": "1"}), "bad_field"),
    ("ts is negative", text(VIEWER | {"ts": -1}), "bad_field"),
    ("ts after 9999", text(VIEWER | {"ts": 253402300800000}), "bad_field"),
    ("ts has a fraction", text(VIEWER | {"ts": 1592308800000.5}), "bad_field"),
    ("ts is true", text(VIEWER | {"ts": True}), "bad_field"),
    *[(f'ts is "{ts}"', text(VIEWER | {"ts": ts}), "bad_field")
      for ts in ("yesterday", "2020-06-16", "2020-06-16T12:00:00", "2020-06-16 12:00:00Z", "2020-13-01T12:00:00Z",
                 "2020-06-16T24:00:00Z", "2020-06-16T12:00:60Z", "2020-06-16T12:00:00.Z", "2020-06-16T12:00:00+0800",
                 "2020-06-16T12:00:00.1234567890Z", "1592308800000", "1968-06-16T12:00:00Z")],
]
# What no schema tells: it depends on how a value is written, on other values, or on what happened before.
BEYOND = [
    ("more than 65 536 bytes", text(VIEWER | {"note": "x" * 65_536}), "too_large"),
    ("nested deeper than 128", text(VIEWER).replace(b"{", b'{"note":' + b"[" * 128 + b"]" * 128 + b",", 1),
     "malformed_json"),
    ("lone surrogate", put(VIEWER, "session_id", r'"\ud83d"'), "malformed_json"),
    ("byte order mark", b"\xef\xbb\xbf" + text(VIEWER), "malformed_json"),
    ("identifier of more than 128 bytes in fewer characters", text(VIEWER | {"session_id": "直" * 43}), "bad_field"),
    ("integer with a zero fraction", put(PURCHASE, "quantity", "2.0"), "bad_field"),
    ("ts with an exponent", put(VIEWER, "ts", "1.5923088e12"), "bad_field"),
    ("amount with an exponent", put(PURCHASE, "amount", "1.25e1"), "bad_field"),
    ("number with too many decimals", put(PURCHASE, "amount", "12.505"), "bad_field"),
    ("string with too many decimals for the configured currency", text(PURCHASE | {"amount": "12.505"}), "bad_field"),
    ("currency without a rate", text(PURCHASE | {"currency": "EUR"}), "bad_field"),
    ("30 February", text(VIEWER | {"ts": "2020-02-30T12:00:00Z"}), "bad_field"),
    ("no ts in a file", text(without(VIEWER, "ts")), "missing_field"),
]
# Odd, and counted; the oldest first, so that none is too late.
ODD = [
    ("1969 in the west, 1970 in UTC", text(VIEWER | {"ts": "1969-12-31T23:00:00-02:00"})),
    ("unknown fields and nulls", text(PURCHASE | {"note": [{}], "host_id": None, "quantity": None, "currency": None})),
    ("identifiers of 1 and 128 bytes", text(VIEWER | {"session_id": "s" * 128, "viewer_id": "v"})),
    ("largest amount", put(PURCHASE | {"event_id": "1"}, "amount", "9999999999999.99")),
    ("largest amount as a string", text(PURCHASE | {"event_id": "2", "amount": "9999999999999.99"})),
    ("amount of 0", text(PURCHASE | {"event_id": "3", "amount": 0})),
    ("amount of -0.00 as a string", text(PURCHASE | {"event_id": "4", "amount": "-0.00"})),
    ("whole JPY", text(PURCHASE | {"event_id": "5", "amount": "100", "currency": "JPY"})),
    ("three decimals in KWD", text(PURCHASE | {"event_id": "6", "amount": "1.005", "currency": "KWD"})),
    ("four decimals in CLF", text(PURCHASE | {"event_id": "7", "amount": "1.0005", "currency": "CLF"})),
    ("quantity of 1000000", text(PURCHASE | {"event_id": "8", "quantity": 1_000_000})),
    ("a click's watch_ms, amount and quantity, which are not looked at",
     text(VIEWER | {"type": "click", "watch_ms": -1, "amount": "much", "quantity": 0, "currency": "gold"})),
    ("largest watch_ms", text(VIEWER | {"watch_ms": 2**63 - 1})),
    ("small letters and nine decimals in ts", text(VIEWER | {"ts": "2020-06-16t12:00:00.123456789z"})),
    ("ts with an offset", text(VIEWER | {"ts": "2020-06-16T20:00:00+08:00"})),
]

def load():
    """{name: validator}, without fields that the schemas do not name."""
    from jsonschema import Draft202012Validator

    validators, problems = {}, []
    for path in sorted(SCHEMAS.glob("*.schema.json")):
        name = path.name.split(".")[0]
        schema = json.loads(path.read_text())
        Draft202012Validator.check_schema(schema)
        validators[name] = Draft202012Validator(schema)
        problems += [f"{name}: {error.message}" for example in schema["examples"]
                     for error in validators[name].iter_errors(example)]
        if name in ("metric", "leaderboard"):
            validators[name] = Draft202012Validator(schema | {"additionalProperties": False})
    check("four schemas, each with valid examples", len(validators) == 4 and not problems, "; ".join(problems))
    return validators


def kind(value):
    if "leaderboard" in value:
        return "leaderboard"
    if "window" in value:
        return "metric"
    return "purchase" if value.get("type") in PURCHASES else "viewer"


def is_event(validators, raw):
    """Whether the bytes are an event by either schema."""
    try:
        value = json.loads(raw)
    except ValueError:
        return False
    return validators["purchase"].is_valid(value) or validators["viewer"].is_valid(value)


def examples(validators):
    problems, count = [], 0
    for page in PAGES:
        content = (ROOT / "docs" / page).read_text()
        objects = [block.replace("\n", "") for block in re.findall(r"^```json\n(.*?)^```$", content, re.M | re.S)]
        objects += re.findall(r'^\{"type".*\}$', content, re.M)
        for example in {one for one in objects if "..." not in one}:
            count += 1
            value = json.loads(example)
            problems += [f"{page}: {error.message}" for error in validators[kind(value)].iter_errors(value)]
    check("examples of the documentation", count >= 15 and not problems, f"{count} of them; {'; '.join(problems)}")


def run(program, *arguments):
    ended = subprocess.run([program, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if ended.returncode != 0:
        sys.exit(f"livetally {' '.join(map(str, arguments))} ended with {ended.returncode}: {ended.stderr}")


def generated(validators, program, directory):
    """Generated events and what replay makes of them."""
    made = directory / "events.ndjson"
    run(program, "generate", "--events", str(EVENTS), "--rate", "100", "--sessions", "20", "--garbage", "0",
        "--foreign", "0.1", "--output", made)
    types, problems = Counter(), []
    for line in made.read_bytes().splitlines():
        event = json.loads(line)
        types[event["type"]] += 1
        problems += [error.message for error in validators[kind(event)].iter_errors(event)]
    check("generated events are valid", sum(types.values()) == EVENTS and len(types) == 15 and not problems,
          f"{sum(types.values())} events of {len(types)} types; {'; '.join(problems[:3])}")

    for name, more in (("all keys", ""), ("one key for each group", "limits: {max_keys: 1}\n")):
        configuration, output = directory / "windows.yaml", directory / "metrics.ndjson"
        configuration.write_text(CONFIGURATION + more)
        run(program, "replay", "--config", configuration, "--output", output, made)
        kinds, others, problems = Counter(), 0, []
        for line in output.read_bytes().splitlines():
            record = json.loads(line)
            kinds[kind(record), record["window"]] += 1
            others += b'"other":true' in line
            problems += [f"{error.json_path}: {error.message}"
                         for error in validators[kind(record)].iter_errors(record)]
            if set(record.get("key", record["group"])) != set(record["group"]):
                problems.append(f"{record['key']} is no key of {record['group']}")
        wanted = {("metric", "1m"), ("metric", "day"), ("metric", "broadcast"), ("leaderboard", "1m"),
                  ("leaderboard", "day")}
        is_right = set(kinds) == wanted and not problems and bool(others) == bool(more)
        check(f"replayed records are valid, {name}", is_right,
              f"{sum(kinds.values())} records, {others} of overflow keys; {'; '.join(problems[:3])}")


def judged(program, directory, cases):
    """The engine's reason for each case, None where it is counted."""
    configuration, path, rejects = (directory / name for name in ("cases.yaml", "cases.ndjson", "rejects.ndjson"))
    configuration.write_text(CONFIGURATION + "rejects: {duplicates: true}\n")
    path.write_bytes(b"".join(raw + b"\n" for raw in cases))
    run(program, "replay", "--config", configuration, "--output", directory / "case-metrics.ndjson",
        "--rejects", rejects, path)
    reasons = {one["line"]: one["reason"] for one in map(json.loads, rejects.read_text().splitlines())}
    return [reasons.get(number + 1) for number in range(len(cases))]


def tables(validators, program, directory):
    for title, cases, is_valid in (("rejected by engine and schema", BROKEN, False),
                                   ("rejected by the engine, beyond a schema", BEYOND, True),
                                   ("odd, and counted", [(*case, None) for case in ODD], True)):
        reasons = judged(program, directory, [raw for _, raw, _ in cases])
        problems = []
        for (name, raw, reason), found in zip(cases, reasons):
            if found != reason:
                problems.append(f"{name}: the engine says {found}, not {reason}")
            if is_event(validators, raw) != is_valid:
                problems.append(f"{name}: the schema says {'invalid' if is_valid else 'valid'}")
        check(title, not problems, f"{len(cases)} events; {'; '.join(problems)}")


def main():
    path = suite.program()
    validators = load()
    examples(validators)
    with tempfile.TemporaryDirectory(prefix="schemas-", dir=ROOT / ".build") as temporary:
        generated(validators, path, pathlib.Path(temporary))
        tables(validators, path, pathlib.Path(temporary))
    finish()


if __name__ == "__main__":
    main()
