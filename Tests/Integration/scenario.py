"""What the tests share: the configuration, final records of the daemon and of replay, and the outcome of each check."""

from program import Reader, replay, require, wait_for
from records import Finals, parse

SETTLED_SECONDS = 60
KINDS = {"1m": "sliding", "5m": "sliding", "day": "cumulative", "broadcast": "session"}
CONFIGURATION = """
kafka: {{bootstrap.servers: "{servers}", group.id: {group}, session.timeout.ms: 6000}}
rates: {{USD: "7.10"}}
time: {{commit_interval: 100ms, idle_timeout: {idle_timeout}}}
windows:
  - {{name: 1m, kind: sliding, size: 1m, slide: 10s}}
  - {{name: 5m, kind: sliding, size: 5m, slide: 1m, groups: [[], [product_id], [channel, currency]]}}
  - {{name: day, kind: cumulative, size: 1d, step: 1m, timezone: Asia/Shanghai, groups: [[], [host_id], [brand_id]]}}
  - {{name: broadcast, kind: session, gap: 5s, groups: [[session_id], [host_id]]}}
groups: [[], [session_id], [host_id], [channel]]
leaderboards:
  - {{name: top_hosts, window: day, group: [host_id], by: gmv, size: 10}}
  - {{name: busy_sessions, window: 1m, group: [session_id], by: viewers, size: 5}}
rejects: {{duplicates: true}}
lanes: 2
http: {{listen: ""}}
{more}
"""


def configure(broker, group, idle_timeout="30s", more="", servers=None, name=None, text=CONFIGURATION):
    path = broker.directory / f"{name or group}.yaml"
    path.write_text(text.format(servers=servers or broker.servers, group=group, idle_timeout=idle_timeout, more=more))
    return path


def files_of(broker, logs):
    """One file for each source partition, one event a line in offset order; returns their paths."""
    paths = []
    for topic, partitions in broker.partitions.items():
        for partition in range(partitions):
            path = broker.directory / f"{topic}-{partition}.ndjson"
            path.write_bytes(b"".join(raw + b"\n" for raw in logs[topic, partition]))
            paths.append(path)
    return paths


def finals_of_replay(broker, configuration, logs):
    lines, rejects = replay(broker, configuration, files_of(broker, logs))
    finals = Finals(KINDS)
    for line in lines:
        finals.put(parse(line))
    return finals, rejects


def take_finals(finals, messages):
    for message in messages:
        if message.topic() in ("livetally.metrics", "livetally.leaderboards"):
            value = message.value()
            finals.take(message.key().decode(), None if value is None else value.decode())


def bytes_of(logs):
    return {source: [raw for raw, _ in log] for source, log in logs.items()}


def read_back(broker, logs):
    """What the source topics hold, which must be what was produced: {(topic, partition): [bytes]}."""
    count = sum(map(len, logs.values()))
    with Reader(broker, *broker.partitions) as reader:
        def is_read():
            reader.read()
            return reader.count() >= count

        wait_for(is_read, SETTLED_SECONDS, lambda: f"{reader.count()} of {count} events can be read back")
        held = {source: [(message.value(), message.timestamp()[1]) for message in log]
                for source, log in reader.logs.items()}
    require(held == logs, "the source topics do not hold what was produced")
    return bytes_of(held)


def missing(wanted, finals):
    absent = sorted(wanted.keys() - finals.records.keys())
    return f"{len(absent)} of {len(wanted)} final records are missing, e.g. {absent[:3]}"


def shown(found):
    return f"{len(found)} differ, first: " + " / ".join(found[:3]) if found else "none differs"
