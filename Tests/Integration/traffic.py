"""Generated events on their way to the source topics."""

import json
import re
import time
import zlib
from collections import defaultdict

import events
from program import require, run

# Event time begins 500 s before midnight in Shanghai, so that 20 000 events lie on two days.
START = 1_592_322_700_000
MIDNIGHT = 1_592_323_200_000
RATE = 20
DAY = 86_400_000


def instant(milliseconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000)) + f".{milliseconds % 1000:03}Z"


class Traffic:
    """Generated events on their way to source partitions, in the order of arrival."""

    def __init__(self, broker, count, seed):
        path = broker.directory / "generated.ndjson"
        made = run(broker, "generate", "--output", path, "--events", str(count), "--seed", str(seed), "--rate",
                   str(RATE), "--start", str(START), "--sessions", "40", "--late", "0.05", "--duplicates", "0.1",
                   "--garbage", "0.01", "--too-late", "0.003", "--foreign", "0.05")
        require(made.returncode == 0, f"livetally generate ended with {made.returncode}: {made.stderr}")
        self.sent = []
        self.logs = defaultdict(list)
        newest = START
        for raw in path.read_bytes().splitlines():
            time_found = re.search(rb'"ts":(\d{13})\b', raw)
            if time_found and START <= int(time_found[1]) <= START + count / RATE * 1000 + 60_000:
                newest = max(newest, int(time_found[1]))
            session = re.search(rb'"session_id":"([^"]*)"', raw)
            topic = "purchases" if b'"order_id"' in raw else "viewers"
            key = session[1] if session else b""
            self.add(topic, zlib.crc32(key) % broker.partitions[topic], raw, newest, key)
        # Long after everything else, in every partition: whatever came before is complete then.
        self.newest = newest
        self.closing_at = newest + 2 * DAY
        self.body = len(self.sent)
        for topic, partitions in broker.partitions.items():
            for partition in range(partitions):
                event = {"type": "heartbeat", "session_id": f"closing-{topic}-{partition}", "viewer_id": "closing",
                         "ts": self.closing_at}
                self.add(topic, partition, json.dumps(event).encode(), self.closing_at, b"closing")
        #: The watermark of every partition in the end.
        self.closed = instant(self.closing_at - events.OUT_OF_ORDERNESS)

    def add(self, topic, partition, raw, timestamp, key):
        self.sent.append((topic, partition, raw, timestamp, key))
        self.logs[topic, partition].append((raw, timestamp))

    def send(self, writer, start, end):
        for topic, partition, raw, timestamp, key in self.sent[start:end]:
            writer.send(topic, partition, raw, timestamp, key)
        writer.flush()

    def counted(self):
        """Counted events and {(topic, partition, offset): reason}, by the oracle."""
        counted, rejected = [], {}
        for (topic, partition), log in self.logs.items():
            events_here, rejected_here = events.count_all(log)
            counted += [(topic, partition, offset, event) for offset, event in events_here]
            rejected |= {(topic, partition, offset): reason for offset, reason in rejected_here.items()}
        return counted, rejected
