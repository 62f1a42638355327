"""Whether what the daemon wrote is what `livetally replay` makes of the same source partitions."""

import re
import time
from collections import Counter, defaultdict

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from events import MAX_FUTURE
from outcome import Failed, check
from program import replay, require
from records import Finals, differences, parse
from scenario import missing, shown
from traffic import instant

REPLAY_SECONDS = 600
#: So long nothing may come while records are missing.
PATIENCE_SECONDS = 60
#: Of so many records that differ the histories are kept.
HISTORIES = 20
TIME = re.compile(rb'"ts":(\d{13})\b')
EVENT_ID = re.compile(rb'"event_id":"([^"]*)"')


class Dump:
    """The source topics as files, one for each partition, and one line for each event in offset order.

    An event from the future is an empty line, since a file has no record timestamps to tell it by.
    """

    def __init__(self, broker):
        self.broker = broker
        self.counts = Counter()
        self.from_future = {}
        self.paths = {(topic, partition): broker.directory / f"{topic}-{partition}.ndjson"
                      for topic, partitions in broker.partitions.items() for partition in range(partitions)}
        self.read()

    def read(self):
        consumer = Consumer({"bootstrap.servers": self.broker.servers, "group.id": "dump", "enable.auto.commit": False,
                             "enable.partition.eof": True, "log_level": 3})
        files = {source: open(path, "wb") for source, path in self.paths.items()}
        unfinished = set(self.paths)
        try:
            consumer.assign([TopicPartition(*source, OFFSET_BEGINNING) for source in self.paths])
            while unfinished:
                messages = consumer.consume(10_000, 1)
                for message in messages:
                    source = message.topic(), message.partition()
                    if message.error():
                        require(message.error().code() == KafkaError._PARTITION_EOF,
                                f"the client cannot read: {message.error()}")
                        unfinished.discard(source)
                        continue
                    require(message.offset() == self.counts[source], f"{source} has a gap at {message.offset()}")
                    files[source].write(self.line(source, message) + b"\n")
                    self.counts[source] += 1
        finally:
            consumer.close()
            for file in files.values():
                file.close()

    def line(self, source, message):
        raw = message.value()
        found = TIME.search(raw)
        if found and int(found[1]) > message.timestamp()[1] + MAX_FUTURE:
            self.from_future[*source, message.offset()] = "from_future"
            return b""
        return raw

    def count(self):
        return self.counts.total()

    def replayed(self, configuration, kinds):
        """Finals and {(topic, partition, offset): reason} of the files as they are now."""
        lines, rejects = replay(self.broker, configuration, self.paths.values(), REPLAY_SECONDS)
        finals = Finals(kinds)
        for line in lines:
            finals.put(parse(line))
        rejected = dict(self.from_future)
        sources = {str(path): source for source, path in self.paths.items()}
        for one in rejects:
            rejected[*sources[one["file"]], one["line"] - 1] = one["reason"]
        return finals, rejected

    def leave_one_out(self):
        """Takes one payment out of its file, whose id comes only once; returns its place."""
        for source, path in self.paths.items():
            lines = path.read_bytes().splitlines(keepends=True)
            times = Counter(found[1] for found in map(EVENT_ID.search, lines) if found)
            for offset in range(len(lines) // 2, len(lines)):
                found = EVENT_ID.search(lines[offset])
                if b'"type":"paid"' in lines[offset] and found and times[found[1]] == 1:
                    path.write_bytes(b"".join(lines[:offset] + [b"\n"] + lines[offset + 1:]))
                    return f"{source[0]} [{source[1]}] {offset}"
        raise Failed("there is no payment to leave out")


def wait_for_finals(instances, outputs, wanted):
    """Reads until every wanted record is there; gives up when nothing more comes."""
    outputs.last_at = time.monotonic()

    def is_done():
        outputs.read()
        if time.monotonic() - outputs.last_at > PATIENCE_SECONDS:
            raise Failed(f"{missing(wanted, outputs.finals)} (nothing came for {PATIENCE_SECONDS} s);"
                         f" {'; '.join(instances.problems[:3])}")
        return wanted.keys() <= outputs.finals.records.keys()

    instances.wait_for(is_done, 1800, lambda: missing(wanted, outputs.finals))


def judge(name, instances, outputs, closed, produced=None, members_are_missed=False):
    """Dumps, replays, waits for the records, stops the instances and compares everything.

    Returns how many events there were.
    """
    dump = Dump(instances.broker)
    expected, rejected = dump.replayed(instances.configuration, outputs.kinds)
    wanted = expected.until(closed)
    began = time.monotonic()
    try:
        wait_for_finals(instances, outputs, wanted)
    except Failed as failure:
        print(f"     {failure}", flush=True)  # what is there is compared below
    settled = time.monotonic() - began
    instances.stop_all()
    outputs.read_on()
    if instances.broker.marks_transactions:
        aborted_dips = len(outputs.dips(with_aborted=True))
        outputs.leave_out_aborted()
    found = outputs.finals.until(closed)
    unmarked = [] if instances.broker.marks_transactions else leave_out_unmarked(outputs, wanted, found)

    if produced is not None:
        check(f"{name}: the source topics hold what was produced", dump.counts == produced, f"{dump.count()} events")
    differing = differences(wanted, found)
    check(f"{name}: final records are those of replay", not differing and len(wanted) > 100,
          f"{len(wanted)} compared of {dump.count()} events, {shown(differing)};"
          f" {outputs.finals.revised} revisions, {outputs.finals.tombstones} tombstones, complete {settled:.1f} s after"
          f" the replay, {outputs.skipped_count()} records of aborted transactions left out,"
          f" {len(unmarked)} sessions that only such ones can have left")
    if differing:
        write_histories(instances.broker, outputs, wanted, found)
    check(f"{name}: keys and flags of final records", not outputs.finals.problems, shown(outputs.finals.problems))
    # Where aborted records cannot be told, they may be there as well.
    check_rejects(name, outputs, rejected, members_are_missed or not instances.broker.marks_transactions)
    if instances.broker.marks_transactions:
        dips = outputs.dips()
        check(f"{name}: running totals never fall", not dips and outputs.totals,
              f"{sum(map(len, outputs.totals.values()))} live records of {len(outputs.totals)} keys, {shown(dips)};"
              f" with aborted transactions, which Tansu shows, it were {aborted_dips}")
    check_live_totals(name, outputs, wanted)
    check(f"{name}: the processes ended as asked", not instances.problems,
          f"{instances.runs} starts, {shown(instances.problems)}")

    if not differing:
        left_out = dump.leave_one_out()
        other, _ = dump.replayed(instances.configuration, outputs.kinds)
        noticed = differences(other.until(closed), found)
        check(f"{name}: one event less is noticed", noticed, f"{len(noticed)} records differ without {left_out}")
    return dump.count()


def leave_out_unmarked(outputs, wanted, found):
    """Where aborted records cannot be told: takes sessions out of those found that an aborted transaction left.

    An attempt that was aborted had seen a part of the events, so each of its sessions lies within one of the right ones,
    but may begin later, under a key of its own; what was never committed is not withdrawn. Of other windows the committed
    record has the same key and came later.
    """
    def name(identity):
        return identity[0].rpartition("|")[0]

    right = defaultdict(list)
    for identity, record in wanted.items():
        if outputs.kinds[record["window"]] == "session":
            right[name(identity)].append((record["window_start"], record["window_end"]))
    surplus = [one for one in found.keys() - wanted.keys()
               if any(start <= found[one]["window_start"] and found[one]["window_end"] <= end
                      for start, end in right[name(one)])]
    for one in surplus:
        del found[one]
    return surplus


def write_histories(broker, outputs, wanted, found):
    """Everything that was published for the keys of the first records that differ, for whoever looks for the reason."""
    identities = [one for one in sorted(wanted.keys() | found.keys()) if differences({one: wanted[one]} if one in wanted
                  else {}, {one: found[one]} if one in found else {})][:HISTORIES]
    with open(broker.directory / "histories.txt", "w", encoding="utf-8") as file:
        for identity in identities:
            # Sessions of a key hang together: with the same fields and values, whatever their start.
            prefix = "|".join(identity[0].split("|")[:3]).encode()
            print(f"# {identity}\n  should be {wanted.get(identity)}", file=file)
            history = [one for one in outputs.kept if one[3].startswith(prefix)
                       and (len(identity) == 1 or identity[2].encode() in (one[4] or b""))]
            for topic, partition, offset, key, value, timestamp in sorted(history, key=lambda one: one[5]):
                aborted = " (aborted)" if outputs.is_skipped(topic, partition, offset) else ""
                print(f"  {instant(timestamp)} {topic} [{partition}] {offset}{aborted} {key.decode()}"
                      f" {value.decode() if value else 'is withdrawn'}", file=file)


def check_rejects(name, outputs, rejected, members_are_missed):
    """Each reject is there once. Tansu lets a member that it has missed go on committing until the member notices, which
    Kafka refuses (KIP-447), and offsets of a transaction that was not ended can come back with a later one; so where
    members are killed or missed a reject may be there a second time. The simulation is strict."""
    found = Counter(one[2:5] for one in outputs.rejected)
    reasons = {one[2:5]: one[5] for one in outputs.rejected}
    wrong = [f"{place} is there {found[place]} times as {reasons.get(place)} and should be {rejected.get(place)}"
             for place in sorted(rejected.keys() | found.keys())
             if reasons.get(place) != rejected.get(place) or found[place] != 1 and not members_are_missed]
    doubled = sum(count > 1 for count in found.values())
    check(f"{name}: every reject {'' if members_are_missed else 'once'}", not wrong,
          f"{dict(Counter(rejected.values()))}, {shown(wrong)}, {doubled} twice")


def check_live_totals(name, outputs, wanted):
    """The last live total of a day that is over is its last final one."""
    final = {}
    for record in wanted.values():
        is_whole_day = record["window_start"][11:] == record["window_end"][11:]
        if outputs.kinds[record["window"]] == "cumulative" and "leaderboard" not in record and is_whole_day:
            final[outputs.finals.key(record)] = record
    live = outputs.live_totals()
    wrong = [f"{key} is {live.get(key)} and should be {int(record['gmv'] * 100)}" for key, record in final.items()
             if live.get(key) != record["gmv"] * 100]
    check(f"{name}: the last running totals are the final ones", not wrong,
          f"{len(final)} keys of days that are over, {shown(wrong)}")
