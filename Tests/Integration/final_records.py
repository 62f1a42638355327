"""Tests of what the daemon publishes: everything at once, across restarts, and when sources fall silent."""

import json
import pathlib
import signal
import time
from collections import Counter

import events
from outcome import Failed, check
from program import Daemon, Reader, Writer, require, wait_for
from records import Finals, differences, parse
from scenario import (KINDS, SETTLED_SECONDS, bytes_of, configure, finals_of_replay, missing, read_back, shown,
                      take_finals)
from traffic import MIDNIGHT, START, Traffic, instant

OUTPUTS = ("livetally.live", "livetally.metrics", "livetally.leaderboards", "livetally.rejects")


def end_to_end(broker):
    configuration = configure(broker, "end-to-end")
    traffic = Traffic(broker, 20_000, seed=11)
    counted, rejected = traffic.counted()
    expected, _ = finals_of_replay(broker, configuration, bytes_of(traffic.logs))
    wanted = expected.until(traffic.closed)
    day = f"day|||{instant(MIDNIGHT)}"
    gmv = sum(event["amount"] for *_, event in counted if event["type"] == "paid" and event["ts"] >= MIDNIGHT)
    live_totals = {}
    finals = Finals(KINDS)
    writer = Writer(broker)

    def read():
        messages = reader.read()
        take_finals(finals, messages)
        for message in messages:
            if message.topic() == "livetally.live" and message.key() == day.encode():
                live_totals["gmv"] = parse(message.value().decode())["gmv"]

    def is_live_total_right():
        read()
        return live_totals.get("gmv") == gmv

    def is_everything_there():
        read()
        return wanted.keys() <= finals.records.keys()

    with Reader(broker, *OUTPUTS) as reader:
        traffic.send(writer, 0, 1000)
        with Daemon(broker, configuration) as daemon:
            # In steps, so that windows are complete before late events revise them.
            for start in range(1000, traffic.body, 400):
                traffic.send(writer, start, min(start + 400, traffic.body))
                read()
            began = time.monotonic()
            check(f"{broker.name}: client library", broker.library in daemon.library(), daemon.library())
            wait_for(is_live_total_right, SETTLED_SECONDS,
                     lambda: f"the platform's live gmv of the day is {live_totals.get('gmv')}, not {gmv}", daemon)
            check(f"{broker.name}: the platform's live total", True,
                  f"gmv {gmv} of the day, {time.monotonic() - began:.1f} s after the last event")
            traffic.send(writer, traffic.body, None)
            began = time.monotonic()
            wait_for(is_everything_there, SETTLED_SECONDS, lambda: missing(wanted, finals), daemon)
            closing_took = time.monotonic() - began
            stopping_took = daemon.stop()
        take_finals(finals, reader.read_on())
        logs = reader.logs

    held = read_back(broker, traffic.logs)
    expected, file_rejects = finals_of_replay(broker, configuration, held)
    wanted, found = expected.until(traffic.closed), finals.until(traffic.closed)
    differing = differences(wanted, found)
    kinds = Counter("leaderboards" if "leaderboard" in one else KINDS[one["window"]] for one in wanted.values())
    check(f"{broker.name}: final records are those of replay", not differing and len(kinds) == 4,
          f"{len(wanted)} compared ({', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()))}),"
          f" {shown(differing)}; {finals.revised} revisions, {finals.tombstones} tombstones;"
          f" final {closing_took:.1f} s after the closing events, stopped in {stopping_took:.1f} s")
    # Whether a session is out before a late event moves its start depends on when the daemon reads; that it is then
    # withdrawn is proved by the engine's own tests.
    check(f"{broker.name}: late events revised records", finals.revised > 20,
          f"{finals.revised} revisions, {finals.tombstones} tombstones")
    check(f"{broker.name}: keys and flags of final records", not finals.problems,
          "; ".join(finals.problems[:3]) or f"{len(finals.records)} records")

    # The comparison must notice a single event.
    topic, partition, offset, _ = next(one for one in counted if one[3]["type"] == "paid" and one[3]["amount"])
    less = held | {(topic, partition): held[topic, partition][:offset] + held[topic, partition][offset + 1:]}
    without, _ = finals_of_replay(broker, configuration, less)
    missed = differences(without.until(traffic.closed), found)
    check(f"{broker.name}: the comparison sees that one event is missing", bool(missed),
          f"without {topic}-{partition} offset {offset} {len(missed)} records differ")

    check_live(broker, [message for (topic, _), log in logs.items() if topic == "livetally.live" for message in log])
    check_rejects(broker, rejected, held, file_rejects,
                  [message for (topic, _), log in logs.items() if topic == "livetally.rejects" for message in log])


def check_live(broker, messages):
    """No key's window goes back in the order of its partition."""
    behind, newest = [], {}
    for message in messages:
        if message.value() is None:
            continue
        record = parse(message.value().decode())
        key = (message.partition(), message.key())
        if record["window_end"] < newest.get(key, "") or record["final"]:
            behind.append(f"{message.key().decode()} to {record['window_end']} after {newest.get(key)}")
        newest[key] = record["window_end"]
    check(f"{broker.name}: live windows never go back", not behind and len(newest) > 100,
          f"{len(messages)} live records of {len(newest)} keys, {shown(behind)}")


def check_rejects(broker, rejected, held, file_rejects, messages):
    """The rejects topic and replay's rejects hold what the oracle does not count, and nothing else."""
    found, from_files = {}, {}
    for message in messages:
        headers = {name: value.decode() for name, value in message.headers()}
        source, offset = (headers["topic"], int(headers["partition"])), int(headers["offset"])
        is_same = message.value() == held[source][offset]
        found[*source, offset] = headers["reason"] if is_same else "other bytes"
    for one in file_rejects:
        topic, partition = pathlib.Path(one["file"]).stem.rsplit("-", 1)
        from_files[topic, int(partition), one["line"] - 1] = one["reason"]
    wrong = [f"{place} is {there.get(place)} {where} and should be {rejected.get(place)}"
             for where, there in (("in the topic", found), ("in replay", from_files))
             for place in sorted(rejected.keys() | there.keys()) if there.get(place) != rejected.get(place)]
    check(f"{broker.name}: rejects are the oracle's, in the topic and in replay", not wrong and len(rejected) > 100,
          f"{dict(Counter(rejected.values()))}, {shown(wrong)}")


def idle_partitions(broker):
    """Windows close without closing events: partitions that are silent, and one that never had an event."""
    configuration = configure(broker, "idle", idle_timeout="1s")
    traffic = Traffic(broker, 2000, seed=13)
    for partition in range(broker.partitions["purchases"]):
        traffic.logs["purchases", partition].pop()  # the closing events are not sent here
    for partition in range(broker.partitions["viewers"]):
        traffic.logs["viewers", partition].pop()
    traffic.logs["purchases", 0].clear()
    counted, _ = traffic.counted()
    newest = max(event["ts"] for *_, event in counted)
    closed = instant((newest // events.PANE + 1) * events.PANE)
    expected, _ = finals_of_replay(broker, configuration, bytes_of(traffic.logs))
    wanted = expected.until(closed)
    writer = Writer(broker)
    for (topic, partition), log in traffic.logs.items():
        for raw, timestamp in log:
            writer.send(topic, partition, raw, timestamp)
    writer.flush()
    finals = Finals(KINDS)

    def is_everything_there():
        take_finals(finals, reader.read())
        return wanted.keys() <= finals.records.keys()

    with Reader(broker, "livetally.metrics", "livetally.leaderboards") as reader:
        with Daemon(broker, configuration) as daemon:
            wait_for(is_everything_there, SETTLED_SECONDS, lambda: missing(wanted, finals), daemon)
            daemon.stop()
        take_finals(finals, reader.read_on())
    differing = differences(wanted, finals.records)
    check(f"{broker.name}: idle partitions hold nothing back", not differing,
          f"{len(wanted)} records to {closed} compared with replay, {shown(differing)}")


def restart(broker):
    configuration = configure(broker, "restart")
    traffic = Traffic(broker, 6000, seed=12)
    expected, _ = finals_of_replay(broker, configuration, bytes_of(traffic.logs))
    wanted = expected.until(traffic.closed)
    finals = Finals(KINDS)
    writer = Writer(broker)
    with Reader(broker, "livetally.metrics", "livetally.leaderboards") as reader:
        def has(count):
            def reached():
                take_finals(finals, reader.read())
                return reader.count() >= count
            return reached

        traffic.send(writer, 0, traffic.body // 2)
        with Daemon(broker, configuration, "run-1") as daemon:
            wait_for(has(100), SETTLED_SECONDS, lambda: f"{reader.count()} final records", daemon)
            daemon.process.send_signal(signal.SIGKILL)
            daemon.process.wait()
        take_finals(finals, reader.read_on())
        before = reader.count()
        traffic.send(writer, traffic.body // 2, None)

        def is_everything_there():
            take_finals(finals, reader.read())
            return wanted.keys() <= finals.records.keys()

        began = time.monotonic()
        with Daemon(broker, configuration, "run-2") as daemon:
            wait_for(has(before + 1), SETTLED_SECONDS, "no final record after the restart", daemon)
            first = time.monotonic() - began
            wait_for(is_everything_there, SETTLED_SECONDS, lambda: missing(wanted, finals), daemon)
            take_finals(finals, reader.read_on())
            daemon.kill()
        one = differences(wanted, finals.until(traffic.closed))
        check(f"{broker.name}: killed midway and started again", not one,
              f"{before} records before, {len(wanted)} compared with replay, {shown(one)};"
              f" the first one {first:.1f} s after the start")

        # A broker that keeps no offsets of transactions makes it publish everything again, with the same content.
        before = reader.count()
        with Daemon(broker, configuration, "run-3") as daemon:
            wait_for(lambda: "shards" in daemon.said(), SETTLED_SECONDS, "no shard was assigned", daemon)
            if not broker.keeps_offsets:
                wait_for(has(before + len(wanted)), SETTLED_SECONDS,
                         lambda: f"{reader.count() - before} records after the second restart", daemon)
            take_finals(finals, reader.read_on())
            daemon.stop()
        take_finals(finals, reader.read_on())
        again = reader.count() - before
        two = differences(wanted, finals.until(traffic.closed))
        check(f"{broker.name}: killed when all was published and started again",
              not two and (again == 0 or not broker.keeps_offsets), f"{again} records published again, {shown(two)}")


def changed_plan(broker):
    """Other windows and groups after a restart: the log is computed anew from its beginning, nothing is mixed."""
    before = configure(broker, "changed")
    traffic = Traffic(broker, 3000, seed=14)
    writer = Writer(broker)
    with Reader(broker, "livetally.metrics", "livetally.leaderboards") as reader:
        traffic.send(writer, 0, traffic.body // 2)
        with Daemon(broker, before, "run-1") as daemon:
            wait_for(lambda: reader.read() and reader.count() > 100, SETTLED_SECONDS, "no final records", daemon)
            daemon.stop()
        reader.read_on()
    changed = broker.directory / "changed-2.yaml"
    text = before.read_text()
    for old, new in (("slide: 10s", "slide: 20s"), ("[[session_id], [host_id]]", "[[session_id], [channel]]"),
                     ("size: 5}", "size: 3}")):
        require(old in text, f"{old} is not in the configuration")
        text = text.replace(old, new)
    changed.write_text(text)
    expected, _ = finals_of_replay(broker, changed, bytes_of(traffic.logs))
    wanted = expected.until(traffic.closed)
    traffic.send(writer, traffic.body // 2, None)
    finals = Finals(KINDS)

    def is_everything_there():
        for message in reader.read():
            if message.offset() >= ends.get((message.topic(), message.partition()), 0):
                take_finals(finals, [message])
        return wanted.keys() <= finals.records.keys()

    ends = {place: len(log) and log[-1].offset() + 1 for place, log in reader.logs.items()}
    with Reader(broker, "livetally.metrics", "livetally.leaderboards") as reader:
        with Daemon(broker, changed, "run-2") as daemon:
            wait_for(is_everything_there, SETTLED_SECONDS, lambda: missing(wanted, finals), daemon)
            said = daemon.said()
            daemon.stop()
    differing = differences(wanted, finals.until(traffic.closed))
    check(f"{broker.name}: other windows and groups are computed anew", not differing and "computed anew" in said,
          f"{len(wanted)} records compared with replay, {shown(differing)}")


def changes_while_down(broker):
    """What was published before a restart and would not be published after it is withdrawn or set to zero."""
    configuration = configure(broker, "down", idle_timeout="1s")
    writer = Writer(broker)

    def send(session, seconds, record_seconds):
        event = {"type": "enter", "session_id": session, "viewer_id": "v", "ts": START + seconds * 1000}
        writer.send("viewers", 0, json.dumps(event).encode(), START + record_seconds * 1000)
        writer.flush()

    def read_until(wanted):
        """Reads until the condition holds of the last value of each key."""
        def reached():
            for message in reader.read():
                value = message.value()
                last[message.topic(), message.key().decode()] = value and parse(value.decode())
            return wanted(last)

        try:
            wait_for(reached, SETTLED_SECONDS, "")
        except Failed:
            return False
        return True

    first = ("livetally.metrics", f"broadcast|session_id|a|{instant(START)}")
    moved = ("livetally.metrics", f"broadcast|session_id|a|{instant(START - 3000)}")
    live = ("livetally.live", "1m|session_id|a")
    last = {}
    send("a", 0, 0)
    send("b", 30, 30)
    with Reader(broker, "livetally.metrics", "livetally.live") as reader:
        with Daemon(broker, configuration, "run-1"):
            read_until(lambda last: last.get(first) and last.get(live))
        send("a", -3, 30)
        send("b", 200, 200)
        with Daemon(broker, configuration, "run-2") as daemon:
            is_moved = read_until(lambda last: last.get(moved))
            is_withdrawn = read_until(lambda last: last.get(first, 0) is None)
            is_zero = read_until(lambda last: last.get(live, {}).get("views") == 0)
            daemon.stop()
    check(f"{broker.name}: a session that moved while the daemon was down is withdrawn", is_moved and is_withdrawn,
          f"{first[1]} {'is withdrawn' if is_withdrawn else 'is still there'}")
    check(f"{broker.name}: a live window that emptied while the daemon was down falls to zero", is_zero,
          f"{live[1]} has views {last.get(live, {}).get('views')} to {last.get(live, {}).get('window_end')}")
