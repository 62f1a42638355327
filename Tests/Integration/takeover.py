"""How long the events of a killed instance wait until another one publishes them."""

import json
import re
import time

from confluent_kafka import Consumer, TopicPartition

from flow import send_closing_events
from instances import TRANSACTION_TIMEOUT_SECONDS, Instances
from judgement import judge
from outcome import Failed, check
from outputs import LIVE, Outputs
from program import Writer, require
from sizes import size

GROUP = "takeover"
SURVIVOR, VICTIM = "one", "two"
SESSION_TIMEOUT_SECONDS = 6
MARGIN_SECONDS = 2
MARK_SECONDS = 0.25
KINDS = {"1m": "sliding", "day": "cumulative"}
CONFIGURATION = """
kafka: {{bootstrap.servers: "{servers}", group.id: {group}, session.timeout.ms: 6000}}
time: {{commit_interval: 500ms, idle_timeout: {idle_timeout}, allowed_lateness: 10m}}
windows:
  - {{name: 1m, kind: sliding, size: 1m, slide: 10s, groups: [[session_id]]}}
  - {{name: day, kind: cumulative, size: 1d, step: 10m, groups: [[session_id, product_id]]}}
rejects: {{duplicates: true}}
http: {{listen: ""}}
limits: {{memory: 1GiB}}
{more}
"""
MARK = re.compile(rb"1m\|session_id\|mark-(\w+)-(\d+)-(\d+)")
ASSIGNED = re.compile(r"\bassigned [1-9]\d* partitions")
PART_WORDS = ("gave up", "assigned", "revoked", "lost", "restored", "restoring", "fenced")


class Marks:
    """Events with session ids of their own, sent to every source partition, and when they appear in live records."""

    def __init__(self, broker, outputs):
        self.broker = broker
        self.outputs = outputs
        self.writer = Writer(broker)
        self.sent_at = {}
        self.next_at = 0
        #: Arrival of the first live record of each mark, by (topic, partition, number).
        self.seen_at = {}

    def sources(self):
        return [(topic, partition) for topic, count in self.broker.partitions.items() for partition in range(count)]

    def step(self):
        """Sends the marks that are due and reads what has come."""
        now = time.monotonic()
        if now >= self.next_at:
            self.next_at = now + MARK_SECONDS
            number = len(self.sent_at)
            self.sent_at[number] = now
            timestamp = int(time.time() * 1000)
            for topic, partition in self.sources():
                event = {"type": "enter", "session_id": f"mark-{topic}-{partition}-{number}", "viewer_id": "v",
                         "ts": timestamp}
                self.writer.send(topic, partition, json.dumps(event).encode(), timestamp)
            self.writer.producer.poll(0)
        for message in self.outputs.read(0.02):
            found = message.topic() == LIVE and MARK.match(message.key())
            if found:
                self.seen_at.setdefault((found[1].decode(), int(found[2]), int(found[3])), time.monotonic())

    def first_since(self, start):
        """{source: seconds from `start` to the first live record of a mark that was sent later}."""
        first = {}
        for (topic, partition, number), when in self.seen_at.items():
            if self.sent_at[number] > start:
                first[topic, partition] = min(first.get((topic, partition), when - start), when - start)
        return first


def takeover(broker):
    """Two instances with many open keys; one is killed."""
    keys, join = size("KEYS", 100_000, 100_000), size("JOIN", 4.0, 4.0)
    limit = SESSION_TIMEOUT_SECONDS + join + TRANSACTION_TIMEOUT_SECONDS + MARGIN_SECONDS
    with Outputs(broker, KINDS) as outputs, Instances(
            broker, GROUP, (SURVIVOR, VICTIM), idle_timeout="10m", text=CONFIGURATION) as instances:
        marks = Marks(broker, outputs)
        instances.start(SURVIVOR)
        instances.start(VICTIM)
        send_keys(broker, marks.writer, keys)

        def are_both_at_work():
            marks.step()
            since = time.monotonic() - 3
            return (len(outputs.totals) >= keys and len(marks.first_since(since)) == len(marks.sources())
                    and all(any(ASSIGNED.search(line) for _, line in instances[name].lines)
                            for name in (SURVIVOR, VICTIM)))

        instances.wait_for(are_both_at_work, 120, lambda: (
            f"{len(outputs.totals)} of {keys} keys are published, {len(marks.first_since(time.monotonic() - 3))} of"
            f" {len(marks.sources())} partitions flow, or an instance has no partitions"))

        start = instances.kill(VICTIM)
        waited = waiting_partitions(broker, instances, marks, start)

        def have_all_moved_on():
            marks.step()
            return len(marks.first_since(start)) == len(marks.sources())

        try:
            instances.wait_for(have_all_moved_on, 60, "")
        except Failed:
            pass  # what is missing is told below
        took = {source: seconds for source, seconds in marks.first_since(start).items() if source in waited}
        lines = instances[SURVIVOR].lines_since(start, *PART_WORDS)
        for after, line in lines:
            print(f"     {after:5.1f} s {line[:150]}", flush=True)
        others = [seconds for source, seconds in marks.first_since(start).items() if source not in waited]
        first = min(took.values(), default=None)
        check("takeover: the first record of a killed instance's partitions", took and first <= limit,
              f"{first:.1f} s after SIGKILL with {keys} open keys, at most {limit:.0f} s allowed" if took
              else "none came")
        check("takeover: all its partitions go on", took.keys() == waited,
              f"{len(took)} of {len(waited)}, the last {max(took.values(), default=0):.1f} s after SIGKILL; the others"
              f" waited up to {max(others, default=0):.1f} s")
        marks.writer.flush()
        closed = send_closing_events(broker, int(time.time() * 1000), marks.writer.send)
        marks.writer.flush()
        judge("takeover", instances, outputs, closed, members_are_missed=True)


def send_keys(broker, writer, keys):
    """Events with so many distinct pairs of session and product, all from now."""
    sources = [(topic, partition) for topic, count in broker.partitions.items() for partition in range(count)]
    for number in range(keys):
        session, product = divmod(number, 100)
        topic, partition = sources[session % len(sources)]
        timestamp = int(time.time() * 1000)
        event = {"session_id": f"s{session}", "product_id": f"p{product}", "ts": timestamp}
        if topic == "purchases":
            event |= {"type": "paid", "event_id": f"e{number}", "order_id": f"o{number}",
                      "buyer_id": f"b{number % 999}", "amount": "1.25"}
        else:
            event |= {"type": "click", "viewer_id": f"v{number % 999}"}
        writer.send(topic, partition, json.dumps(event, separators=(",", ":")).encode(), timestamp)
        if number % 1000 == 0:
            writer.producer.poll(0)
    writer.flush()


def waiting_partitions(broker, instances, marks, start):
    """The source partitions whose committed offset stands still after the kill: they were the killed instance's."""
    consumer = Consumer({"bootstrap.servers": broker.servers, "group.id": f"{GROUP}-ingest", "log_level": 3,
                         "enable.auto.commit": False, "isolation.level": "read_uncommitted"})

    def offsets_at(seconds):
        while time.monotonic() < start + seconds:
            marks.step()
            instances.tick()
        return {(one.topic, one.partition): one.offset
                for one in consumer.committed([TopicPartition(*source) for source in marks.sources()], timeout=10)}

    try:
        first, second = offsets_at(0.5), offsets_at(3.5)
    finally:
        consumer.close()
    waiting = {source for source in first if first[source] == second[source]}
    require(0 < len(waiting) < len(first), f"{len(waiting)} of {len(first)} committed offsets stand still after the"
                                           f" kill: {first}, {second}")
    return waiting
