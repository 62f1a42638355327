"""Generated events that a thread produces to the source topics at a steady rate, while a test does other things."""

import json
import re
import threading
import time
import zlib
from collections import Counter

from confluent_kafka import Producer

from program import require, run
from traffic import DAY, START, instant
from events import OUT_OF_ORDERNESS

#: Event time that the events span, s; it begins 500 s before midnight in Shanghai.
SPAN_SECONDS = 2000
SLICE_SECONDS = 0.01
TIME = re.compile(rb'"ts":(\d{13})\b')
SESSION = re.compile(rb'"session_id":"([^"]*)"')


class Flow:
    """Events in the order of their arrival, by session on source partitions; stamped with the newest time so far.

    `produced` is how many are on their way. Use it in a `with` statement.
    """

    def __init__(self, broker, events, seed, sessions=40):
        self.broker = broker
        self.events = events
        self.path = broker.directory / "generated.ndjson"
        made = run(broker, "generate", "--output", self.path, "--events", str(events), "--seed", str(seed), "--rate",
                   str(events / SPAN_SECONDS), "--start", str(START), "--sessions", str(sessions), "--late", "0.03",
                   "--duplicates", "0.03", "--garbage", "0.003", "--too-late", "0.001", "--foreign", "0.05",
                   seconds=300)
        require(made.returncode == 0, f"livetally generate ended with {made.returncode}: {made.stderr}")
        self.newest = START
        self.latest_allowed = START + (SPAN_SECONDS + 60) * 1000
        self.produced = 0
        self.counts = Counter()
        self.failures = []
        self.is_stopped = False
        self.lines = open(self.path, "rb")
        self.producer = Producer({"bootstrap.servers": broker.servers, "linger.ms": 5, "log_level": 3,
                                  "max.in.flight.requests.per.connection": 1,
                                  "queue.buffering.max.messages": 1_000_000})
        self.thread = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_stopped = True
        if self.thread:
            self.thread.join()
        self.lines.close()
        self.producer.purge()  # what a broken off test had not sent would keep the client asking for its broker
        self.producer.flush(1)
        self.producer = None

    def start(self, rate):
        """Produces what is left at so many events a second."""
        self.thread = threading.Thread(target=self.pace, args=(rate,), daemon=True)
        self.thread.start()

    def is_running(self):
        return self.thread is not None and self.thread.is_alive()

    def pace(self, rate):
        began, before = time.monotonic(), self.produced
        try:
            while not self.is_stopped and self.produced < self.events:
                due = before + int((time.monotonic() - began) * rate)
                self.send(min(due, self.events) - self.produced)
                self.producer.poll(0)
                time.sleep(SLICE_SECONDS)
        except Exception as failure:  # it belongs to the thread that waits for the end
            self.failures.append(repr(failure))

    def send(self, count):
        """Produces the next events now."""
        for _ in range(count):
            raw = self.lines.readline().rstrip(b"\n")
            found = TIME.search(raw)
            if found and START <= int(found[1]) <= self.latest_allowed:
                self.newest = max(self.newest, int(found[1]))
            session = SESSION.search(raw)
            key = session[1] if session else b""
            topic = "purchases" if b'"order_id"' in raw else "viewers"
            self.put(topic, zlib.crc32(key) % self.broker.partitions[topic], raw, self.newest, key)
            self.produced += 1

    def put(self, topic, partition, raw, timestamp, key=None):
        self.counts[topic, partition] += 1
        while True:
            try:
                self.producer.produce(topic, raw, key, partition, on_delivery=self.delivered, timestamp=timestamp)
                return
            except BufferError:
                self.producer.poll(0.1)

    def delivered(self, error, message):
        if error:
            self.failures.append(f"{message.topic()} [{message.partition()}]: {error}")

    def close(self):
        """Closing events, which complete all windows so far; returns the watermark of every partition after them."""
        if self.thread:
            self.thread.join()
        require(self.produced == self.events or self.failures, "the flow was not finished")
        closed = send_closing_events(self.broker, self.newest, self.put)
        left = self.producer.flush(60)
        require(left == 0 and not self.failures, f"the client cannot produce: {left} left, {self.failures[:3]}")
        return closed


def send_closing_events(broker, newest, put):
    """One event in each source partition, two days after everything else."""
    closing_at = newest + 2 * DAY
    for topic, partitions in broker.partitions.items():
        for partition in range(partitions):
            event = {"type": "heartbeat", "session_id": f"closing-{topic}-{partition}", "viewer_id": "closing",
                     "ts": closing_at}
            put(topic, partition, json.dumps(event).encode(), closing_at)
    return instant(closing_at - OUT_OF_ORDERNESS)
