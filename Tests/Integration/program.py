"""Runs the program under test, and reads and writes the topics with an independent client."""

import json
import re
import subprocess
import time
from collections import defaultdict

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from outcome import Failed

LOG_LINE = re.compile(r"\d{4}-\d\d-\d\dT\S+ (trace|debug|info|notice|warning|error|critical) ")
QUIET_SECONDS = 1.5


def require(condition, text):
    if not condition:
        raise Failed(text)


def wait_for(condition, seconds, what, running=None):
    """Asks again and again until the condition holds; gives up when `running`, a daemon, has ended."""
    deadline = time.monotonic() + seconds
    while not condition():
        if running is not None and running.process.poll() is not None:
            raise Failed(f"livetally run ended with {running.process.returncode}: {running.said()}")
        if time.monotonic() > deadline:
            raise Failed(f"{what() if callable(what) else what} (waited {seconds} s)")


class Daemon:
    """`livetally run`; use it in a `with` statement."""

    def __init__(self, broker, configuration, name="run"):
        self.log = broker.directory / f"{name}.log"
        self.broker = broker
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([broker.program, "run", "--config", configuration], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env=broker.environment())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()

    def said(self):
        return self.log.read_text(errors="replace").strip()[-1500:]

    def library(self):
        """The librdkafka that the process has loaded."""
        with open(f"/proc/{self.process.pid}/maps", encoding="utf-8") as maps:
            paths = {line.split()[-1] for line in maps if "librdkafka" in line}
        return ", ".join(sorted(paths))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=10):
        """SIGTERM; the exit must be in order. Returns how long it took."""
        began = time.monotonic()
        self.process.terminate()
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"livetally run did not end within {seconds} s of SIGTERM: {self.said()}") from None
        require(code == 0, f"livetally run ended with {code} after SIGTERM: {self.said()}")
        return time.monotonic() - began


class Reader:
    """Collects what is in topics, from the beginning on: `logs` is {(topic, partition): [message]}."""

    def __init__(self, broker, *topics):
        self.consumer = Consumer({"bootstrap.servers": broker.servers, "group.id": "integration-tests",
                                  "enable.auto.commit": False, "fetch.wait.max.ms": 100,
                                  "log_level": 3})
        self.topics = topics
        self.assigned = set()
        self.logs = defaultdict(list)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.consumer.close()

    def assign(self):
        """Takes the partitions that there are; output topics may come later."""
        known = self.consumer.list_topics(timeout=10).topics
        new = [TopicPartition(topic, partition, OFFSET_BEGINNING) for topic in self.topics if topic in known
               for partition in known[topic].partitions if (topic, partition) not in self.assigned]
        if new:
            self.consumer.incremental_assign(new)
            self.assigned |= {(one.topic, one.partition) for one in new}

    def read(self, seconds=0.2):
        """Takes what there is within so many seconds; returns the new messages."""
        if {topic for topic, _ in self.assigned} != set(self.topics):
            self.assign()
            if not self.assigned:
                time.sleep(seconds)
                return []
        messages = []
        for message in self.consumer.consume(5000, seconds):
            if message.error():
                raise Failed(f"the client cannot read: {message.error()}")
            self.logs[message.topic(), message.partition()].append(message)
            messages.append(message)
        return messages

    def read_on(self):
        """Reads until nothing has come for a while."""
        messages, quiet_since = [], time.monotonic()
        while time.monotonic() - quiet_since < QUIET_SECONDS:
            new = self.read()
            if new:
                messages += new
                quiet_since = time.monotonic()
        return messages

    def count(self):
        return sum(map(len, self.logs.values()))


class Writer:
    """Produces to chosen partitions with chosen time stamps, in order."""

    def __init__(self, broker):
        self.producer = Producer({"bootstrap.servers": broker.servers, "linger.ms": 5, "log_level": 3,
                                  "max.in.flight.requests.per.connection": 1})
        self.failures = []
        self.offsets = {}

    def send(self, topic, partition, value, timestamp, key=None):
        """Returns a number under which `offsets` holds the offset after ``flush``."""
        number = len(self.offsets)
        self.offsets[number] = None

        def delivered(error, message):
            if error:
                self.failures.append(f"{topic} [{partition}]: {error}")
            else:
                self.offsets[number] = message.offset()

        while True:
            try:
                self.producer.produce(topic, value, key, partition, on_delivery=delivered, timestamp=timestamp)
                return number
            except BufferError:
                self.producer.poll(0.1)

    def flush(self):
        left = self.producer.flush(30)
        require(left == 0 and not self.failures, f"the client cannot produce: {left} left, {self.failures[:3]}")


def run(broker, *arguments, seconds=60, environment=None):
    """Runs a command of the program to its end."""
    try:
        return subprocess.run([broker.program, *arguments], capture_output=True, text=True, timeout=seconds,
                              stdin=subprocess.DEVNULL, env=broker.environment() | (environment or {}))
    except subprocess.TimeoutExpired:
        raise Failed(f"livetally {' '.join(map(str, arguments))} did not end within {seconds} s") from None


def replay(broker, configuration, files, seconds=60):
    """The lines that `livetally replay` makes of the files: records and rejects."""
    output, rejects = broker.directory / "replay.ndjson", broker.directory / "replay-rejects.ndjson"
    ended = run(broker, "replay", "--config", configuration, "--output", output, "--rejects", rejects, *files,
                seconds=seconds)
    require(ended.returncode == 0, f"livetally replay ended with {ended.returncode}: {ended.stderr}")
    return output.read_text().splitlines(), [json.loads(line) for line in rejects.read_text().splitlines()]


def complaint(ended):
    """The lines on standard error that are no log lines."""
    return [line for line in ended.stderr.splitlines() if line.strip() and not LOG_LINE.match(line)]


