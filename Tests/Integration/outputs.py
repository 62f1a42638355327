"""What the daemon wrote, read with read_committed while a test runs and judged when it is over."""

import re
import time
from collections import Counter, defaultdict

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from outcome import Failed
from program import QUIET_SECONDS
from records import Finals
from scenario import KINDS
from transactions import unseen

LIVE, METRICS, LEADERBOARDS, REJECTS = (
    "livetally.live", "livetally.metrics", "livetally.leaderboards", "livetally.rejects")
NOT_FINAL = b'"final":false'
TOTAL = re.compile(rb'"window_end":"([^"]+)".*?"gmv":(-?\d+)\.(\d\d)\b')


class Outputs:
    """Reads the output topics; use it in a `with` statement.

    Tansu shows aborted records to all readers, so what is needed to judge again without them is kept: final records as
    they were, and of live ones the totals of cumulative windows.
    """

    def __init__(self, broker, kinds=None):
        self.broker = broker
        self.kinds = kinds or KINDS
        self.cumulative = tuple(f"{name}|".encode() for name, kind in self.kinds.items() if kind == "cumulative")
        self.consumer = Consumer({"bootstrap.servers": broker.servers, "group.id": "integration-tests",
                                  "enable.auto.commit": False, "isolation.level": "read_committed",
                                  "fetch.wait.max.ms": 100, "log_level": 3})
        self.assigned = set()
        self.topics = set()
        self.counts = Counter()
        self.last_at = time.monotonic()
        self.finals = Finals(self.kinds)
        self.kept = []
        #: (partition, offset, window end, gmv in minor units), by key.
        self.totals = defaultdict(list)
        #: (partition, offset, source topic, source partition, source offset, reason)
        self.rejected = []
        self.skipped = None
        self.assigned_at = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.consumer.close()

    def assign(self):
        """Takes the partitions that there are; output topics come later."""
        self.assigned_at = time.monotonic()
        known = self.consumer.list_topics(timeout=10).topics
        new = [(topic, partition) for topic in (LIVE, METRICS, LEADERBOARDS, REJECTS) if topic in known
               for partition in known[topic].partitions if (topic, partition) not in self.assigned]
        if new:
            self.consumer.incremental_assign([TopicPartition(*one, OFFSET_BEGINNING) for one in new])
            self.assigned |= set(new)
            self.topics = {topic for topic, _ in self.assigned}

    def read(self, seconds=0.1):
        """Takes what there is within so many seconds; returns the new messages."""
        if len(self.topics) < 4 and time.monotonic() > self.assigned_at + 0.5:
            self.assign()
        if not self.assigned:
            time.sleep(seconds)
            return []
        messages = self.consumer.consume(5000, seconds)
        for message in messages:
            if message.error():
                raise Failed(f"the client cannot read: {message.error()}")
            self.take(message)
        if messages:
            self.last_at = time.monotonic()
        return messages

    def take(self, message):
        topic, key, value = message.topic(), message.key(), message.value()
        self.counts[topic] += 1
        if topic == LIVE:
            if key.startswith(self.cumulative) and value is not None:
                found = TOTAL.search(value)
                self.totals[key].append((message.partition(), message.offset(), found[1], int(found[2] + found[3])))
        elif topic == REJECTS:
            headers = {name: text.decode() for name, text in message.headers()}
            self.rejected.append((message.partition(), message.offset(), headers["topic"], int(headers["partition"]),
                                  int(headers["offset"]), headers["reason"]))
        elif value is None or NOT_FINAL not in value:
            self.kept.append((topic, message.partition(), message.offset(), key, value, message.timestamp()[1]))
            self.finals.take(key.decode(), None if value is None else value.decode())

    def count(self):
        return sum(self.counts.values())

    def read_on(self):
        """Reads until nothing has come for a while."""
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < QUIET_SECONDS:
            if self.read():
                quiet_since = time.monotonic()

    def leave_out_aborted(self):
        """Forgets the records of aborted transactions; to be called when all is read and nobody writes any more."""
        self.skipped = {}
        for topic, partition in sorted(self.assigned):
            for ranges in unseen(self.broker, topic, partition):
                for offset in (offset for one in ranges for offset in one):
                    self.skipped.setdefault((topic, partition), set()).add(offset)
        self.finals = Finals(self.kinds)
        for topic, partition, offset, key, value, _ in self.kept:
            if not self.is_skipped(topic, partition, offset):
                self.finals.take(key.decode(), None if value is None else value.decode())
        self.rejected = [one for one in self.rejected if not self.is_skipped(REJECTS, *one[:2])]

    def is_skipped(self, topic, partition, offset):
        return self.skipped is not None and offset in self.skipped.get((topic, partition), ())

    def skipped_count(self):
        return sum(map(len, (self.skipped or {}).values()))

    def dips(self, with_aborted=False):
        """A sentence for each live record of a cumulative window whose total or end is before the one before it."""
        found = []
        for key, totals in self.totals.items():
            last = None
            for partition, offset, end, gmv in totals:
                if not with_aborted and self.is_skipped(LIVE, partition, offset):
                    continue
                if last and (end < last[0] or gmv < last[1]):
                    found.append(f"{key.decode()} falls from {last[1]} to {last[0].decode()} to {gmv} to"
                                 f" {end.decode()} at {LIVE} [{partition}] {offset}")
                last = end, gmv
        return found

    def live_totals(self):
        """The last gmv in minor units of each key of a cumulative window."""
        last = {}
        for key, totals in self.totals.items():
            for partition, offset, _, gmv in totals:
                if not self.is_skipped(LIVE, partition, offset):
                    last[key.decode()] = gmv
        return last
