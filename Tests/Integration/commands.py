"""Tests of the commands around the daemon: what it rejects and refuses, and what the others print."""

import json
import os
import re
import select
import subprocess
import time
from collections import Counter

import events
from brokers import free_port
from outcome import Failed, check
from program import Daemon, Reader, Writer, complaint, require, run, wait_for
from scenario import SETTLED_SECONDS, configure, shown

TOPICS = ("purchases", "viewers", "livetally.live", "livetally.metrics", "livetally.leaderboards", "livetally.rejects",
          "livetally.partials", "livetally.checkpoints")


def rejects(broker):
    configuration = configure(broker, "rejects", idle_timeout="1s")
    now = int(time.time() * 1000) // 1000 * 1000
    purchase = {"type": "paid", "event_id": "e1", "session_id": "s1", "order_id": "o1", "buyer_id": "b1",
                "amount": "12.50", "ts": now}
    heartbeat = {"type": "heartbeat", "session_id": "s1", "viewer_id": "v1", "ts": now}
    text = json.dumps
    # (topic, partition, bytes, reason or None), in order of their partition.
    sent = [
        ("purchases", 0, text(purchase).encode(), None),
        ("purchases", 0, text(purchase | {"amount": "99.00"}, indent=1).encode(), "duplicate"),
        ("purchases", 0, b'{"type": "paid", \xff\xfe', "malformed_json"),
        ("purchases", 1, text(purchase | {"event_id": "e2", "amount": None}).encode(), "missing_field"),
        ("purchases", 1, text(purchase | {"event_id": "e3", "quantity": 0}).encode(), "bad_field"),
        ("purchases", 2, text(purchase | {"type": "lent"}).encode() + b" \t", "unknown_type"),
        ("viewers", 0, text(heartbeat | {"note": "x" * 65_536}).encode(), "too_large"),
        ("viewers", 0, text(heartbeat | {"ts": now + 300_001}).encode(), "from_future"),
        ("viewers", 0, text(heartbeat | {"ts": now + 300_000}).encode(), None),
        ("viewers", 1, text(heartbeat).encode(), None),
        ("viewers", 1, text(heartbeat | {"ts": now - 64_999}).encode(), None),
        ("viewers", 1, text(heartbeat | {"ts": now - 66_001}).encode(), "too_late"),
    ]
    writer = Writer(broker)
    places = [writer.send(topic, partition, raw, now) for topic, partition, raw, _ in sent]
    writer.flush()
    wanted = {(topic, str(partition), str(writer.offsets[place])): (reason, raw)
              for (topic, partition, raw, reason), place in zip(sent, places) if reason}
    with Reader(broker, "livetally.rejects") as reader:
        with Daemon(broker, configuration) as daemon:
            def are_all_there():
                reader.read()
                return reader.count() >= len(wanted)

            try:
                wait_for(are_all_there, 20, "", daemon)
            except Failed:
                pass  # what is missing is told below
            reader.read_on()
            daemon.stop()
        found, problems = {}, []
        for message in (one for log in reader.logs.values() for one in log):
            names = [name for name, _ in message.headers()]
            headers = {name: value.decode() for name, value in message.headers()}
            if sorted(names) != ["detail", "offset", "partition", "reason", "topic"] or not headers["detail"]:
                problems.append(f"headers {headers}")
            place = headers["topic"], headers["partition"], headers["offset"]
            if place in found:
                problems.append(f"{place} is there twice")
            found[place] = (headers["reason"], message.value())
        problems += [f"{place} is {found.get(place, ('absent',))[0]}, should be {wanted.get(place, ('absent',))[0]}"
                     for place in sorted(wanted.keys() | found.keys()) if wanted.get(place) != found.get(place)]
        check(f"{broker.name}: one reject of each reason", not problems and len(wanted) == 8,
              "bytes and headers of " + ", ".join(sorted(reason for reason, _ in wanted.values()))
              + (f"; {shown(problems)}" if problems else ""))


def bad_situations(broker):
    def complains(what, arguments, code, texts, lines=1, seconds=20):
        began = time.monotonic()
        ended = run(broker, *arguments, seconds=seconds + 20)
        took = time.monotonic() - began
        said = complaint(ended)
        wrong = [f"it ended with {ended.returncode}"] if ended.returncode != code else []
        wrong += [f"it does not say {text!r}" for text in texts if not any(text in line for line in said)]
        wrong += [f"{len(said)} lines, not {lines}"] if len(said) != lines else []
        wrong += [f"it took {took:.1f} s"] if took > seconds else []
        check(f"{broker.name}: {what} ends with {code}", not wrong,
              f"{'; '.join(wrong + [''])}{took:.1f} s; {' | '.join(said)[:600]}")

    if not broker.creates_topics:
        path = configure(broker, "missing-topic", more="topics: {purchases: no.such.topic}")
        complains("a missing source topic", ["run", "--config", path], 69, ["no.such.topic"])
    path = configure(broker, "unreachable", servers=f"127.0.0.1:{free_port()}")
    complains("a broker that does not answer", ["run", "--config", path], 69, [])
    path = configure(broker, "mistakes", more="shard: 4\ntopics: {purchase: p}\nlimits: {memory: much}")
    complains("a configuration with three mistakes", ["run", "--config", path], 78,
              ['shard: unknown key; did you mean "shards"?', "topics.purchase", "limits.memory"], lines=3)
    path = configure(broker, "property")
    path.write_text(path.read_text().replace("session.timeout.ms", "session.timeout.mss"))
    complains("an unknown client property", ["run", "--config", path], 78, ["session.timeout.mss"])
    complains("a configuration that is not there", ["run", "--config", broker.directory / "none.yaml"], 78,
              ["none.yaml"])


def commands(broker):
    configuration = configure(broker, "commands", idle_timeout="1s")
    count = 3000
    made = run(broker, "generate", "--bootstrap-servers", broker.servers, "--events", str(count), "--unpaced",
               "--rate", "100", "--sessions", "20")
    require(made.returncode == 0, f"livetally generate ended with {made.returncode}: {made.stderr}")
    with Reader(broker, *broker.partitions) as sources:
        def is_read():
            sources.read()
            return sources.count() >= count

        wait_for(is_read, SETTLED_SECONDS, lambda: f"{sources.count()} of {count} events can be read")
        sources.read_on()
        valid = sum(not isinstance(judged(message), str) for log in sources.logs.values() for message in log)
        check(f"{broker.name}: generate into the broker",
              sources.count() == count and valid > 0.99 * count and "made 3 000 events" in made.stderr,
              f"{sources.count()} of {count} events are there, {valid} are valid")

    if not broker.keeps_offsets:  # the embedded one refuses TLS at once, the other after ten seconds
        check_properties(broker)
    with Daemon(broker, configuration) as daemon:
        with Reader(broker, "livetally.live") as live:
            wait_for(live.read, SETTLED_SECONDS, "no live record", daemon)
        check_watch(broker)
        checked = run(broker, "check", "--config", configuration)
        absent = [topic for topic in TOPICS
                  if not re.search(rf"^(ok|note) +{re.escape(topic)}: ", checked.stdout, re.MULTILINE)]
        check(f"{broker.name}: check of a good cluster", checked.returncode == 0 and not absent,
              f"ended with {checked.returncode}, absent: {absent or 'none'};"
              f" {Counter(line.split()[0] for line in checked.stdout.splitlines())} {checked.stderr.strip()[:300]}")
        stop_under_way(broker, daemon)


def check_properties(broker):
    """A client that is told to speak TLS does not get through to a broker that does not; an unknown property is named."""
    protocol = broker.directory / "protocol"
    protocol.write_text("SSL\n")
    generate = "generate", "--bootstrap-servers", broker.servers, "--events", "1"
    watch = "watch", "--bootstrap-servers", broker.servers
    wrong = []
    for code, said, command in [
        (69, "SSL", (*generate, "-X", f"security.protocol=@{protocol}")),
        (69, "SSL", (*watch, "-X", "security.protocol=SSL")),
        (78, 'No such configuration property: "no.such.property"', (*generate, "--property", "no.such.property=1")),
        (64, "--property takes name=value", (*generate, "-X", "sasl.password")),
        (64, "--property takes name=value", (*watch, "-X", "=1")),
        (64, "cannot read /nowhere", (*generate, "-X", "sasl.password=@/nowhere")),
        (64, "--property does not take transactional.id", (*generate, "-X", "transactional.id=1")),
        (64, "--property goes with --bootstrap-servers", ("generate", "--output", "-", "-X", "linger.ms=1")),
    ]:
        done = run(broker, *command)
        if done.returncode != code or said not in done.stderr:
            wrong.append(f"{' '.join(command[-2:])} ended with {done.returncode}: {done.stderr.strip()[:200]}")
    check(f"{broker.name}: properties of the client on the command line", not wrong, "; ".join(wrong))


def check_watch(broker):
    began, printed = time.monotonic(), b""
    watching = subprocess.Popen([broker.program, "watch", "--bootstrap-servers", broker.servers],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=broker.environment())
    try:
        # What it reads first need not be the shortest window, which it shows from then on.
        while not (line := re.search(rb"^.* window=1m .*gmv=[\d.]+ .*viewers=[1-9].*$", printed, re.MULTILINE)):
            left = began + 10 - time.monotonic()
            if left <= 0 or not select.select([watching.stdout], [], [], left)[0]:
                break
            more = os.read(watching.stdout.fileno(), 1 << 16)
            if not more:
                break
            printed += more
        took = time.monotonic() - began
    finally:
        watching.terminate()
    _, said = watching.communicate(timeout=10)
    check(f"{broker.name}: watch prints lines", line is not None and watching.returncode == 0,
          f"after {took:.1f} s, ended with {watching.returncode}:"
          f" {line[0].decode() if line else (printed[:300], said[:300])}")


def stop_under_way(broker, daemon):
    """SIGTERM while events keep coming."""
    generating = subprocess.Popen([broker.program, "generate", "--bootstrap-servers", broker.servers, "--rate", "2000"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=broker.environment())
    try:
        time.sleep(1.5)
        took = daemon.stop()
        is_generating = generating.poll() is None
    finally:
        generating.terminate()
    code = generating.wait(10)
    check(f"{broker.name}: SIGTERM while events come", is_generating and took < 5 and code == 0,
          f"run ended with 0 in {took:.1f} s, generate with {code}")


def judged(message):
    try:
        return events.judge(message.value(), message.timestamp()[1])
    except events.Rejected as rejection:
        return str(rejection)
