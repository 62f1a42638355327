"""Which records of a log belong to aborted transactions, told from the record batches themselves.

A reader with read_committed should not see aborted records, but Tansu shows them. Every batch names its producer and
the producer's epoch, and the control batch that ends a transaction says whether it was committed; so one pass over the
headers is enough. What a producer wrote before its id was registered again, and never ended, is aborted in Kafka; in
Tansu it would pass for part of the next transaction. Formats: the Kafka protocol guide, Fetch (version 4) and
RecordBatch (magic 2).
"""

import socket
import struct

FETCH, FETCH_VERSION = 1, 4
BATCH_BYTES = 4 << 20
#: From baseOffset to the number of records.
HEADER = struct.Struct(">qiibIhiqqqhii")
IS_TRANSACTIONAL, IS_CONTROL = 0x10, 0x20
ABORT, COMMIT = 0, 1


class Connection:
    """A connection to the only broker; use it in a `with` statement."""

    def __init__(self, broker):
        self.socket = socket.create_connection(("127.0.0.1", broker.port), 30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def receive(self, size):
        parts = []
        while size:
            part = self.socket.recv(min(size, 1 << 20))
            if not part:
                raise OSError("the broker closed the connection")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def fetch(self, topic, partition, offset):
        """The batches from `offset` on, as bytes, and the offset behind the last record."""
        name = topic.encode()
        body = struct.pack(">iiiib", -1, 100, 1, BATCH_BYTES, 0) + struct.pack(">ih", 1, len(name)) + name
        body += struct.pack(">iiqi", 1, partition, offset, BATCH_BYTES)
        request = struct.pack(">hhih", FETCH, FETCH_VERSION, 1, -1) + body
        self.socket.sendall(struct.pack(">i", len(request)) + request)
        answer = self.receive(struct.unpack(">i", self.receive(4))[0])
        at = 4 + 4 + 4  # correlation, throttle time, one topic
        at += 2 + struct.unpack_from(">h", answer, at)[0] + 4 + 4  # name, one partition, its number
        error, high_watermark, _, aborted = struct.unpack_from(">hqqi", answer, at)
        at += 22 + 16 * max(aborted, 0)
        if error:
            raise OSError(f"{topic} [{partition}] cannot be fetched: error {error}")
        size = struct.unpack_from(">i", answer, at)[0]
        return answer[at + 4:at + 4 + max(size, 0)], high_watermark


def batches(data):
    """(first and last offset, (producer, epoch), is transactional, ABORT or COMMIT or None) of each whole batch."""
    at = 0
    while at + HEADER.size <= len(data):
        base, length, _, _, _, attributes, last, _, _, producer, epoch, _, _ = HEADER.unpack_from(data, at)
        if at + 12 + length > len(data):
            return
        ending = None
        if attributes & IS_CONTROL:
            # A record's length, attributes, time and offset deltas and key length are one byte each here; the key
            # holds a version and the type.
            ending = struct.unpack_from(">h", data, at + HEADER.size + 5 + 2)[0]
        yield base, base + last, (producer, epoch), bool(attributes & IS_TRANSACTIONAL), ending
        at += 12 + length


def unseen(broker, topic, partition):
    """The ranges of offsets of aborted and of unfinished transactions in a partition: (aborted, unfinished)."""
    aborted, open_ranges, offset = [], {}, 0
    with Connection(broker) as connection:
        while True:
            data, end = connection.fetch(topic, partition, offset)
            if offset >= end:
                break
            before = offset
            for first, last, producer, is_transactional, ending in batches(data):
                offset = last + 1
                if ending is not None:
                    ranges = open_ranges.pop(producer, [])
                    if ending == ABORT:
                        aborted += ranges
                elif is_transactional:
                    open_ranges.setdefault(producer, []).append(range(first, last + 1))
            if offset == before:
                raise OSError(f"{topic} [{partition}] holds no whole batch at {offset}")
    return aborted, [one for ranges in open_ranges.values() for one in ranges]
