"""Metric records: their identity, which of them hold, and how two sets of them differ."""

import json
from decimal import Decimal


def encoded(value):
    return value.replace("%", "%25").replace("|", "%7C").replace("/", "%2F")


def parse(value):
    """A record with numbers exactly as they were printed."""
    return json.loads(value, parse_float=Decimal)


class Finals:
    """The final records that hold, taken in the order of the log.

    `windows` is {name: kind}. A record's identity is its Kafka key, its start and its end, a session's its key alone.
    """

    def __init__(self, windows):
        self.windows = windows
        self.records = {}
        self.revised = 0
        self.tombstones = 0
        self.problems = []

    def key(self, record):
        """The Kafka key that the contract gives a record."""
        if "leaderboard" in record:
            parts = [record["leaderboard"], record["window"]]
        else:
            fields = record["group"]
            parts = [record["window"], "+".join(fields), "/".join(encoded(record["key"][field]) for field in fields)]
        if self.windows[record["window"]] != "sliding":
            parts.append(record["window_start"])
        return "|".join(parts)

    def take(self, key, value):
        """One record of the log; `value` is None for a tombstone."""
        if value is None:
            self.tombstones += 1
            if self.windows[key.split("|")[0]] != "session":
                self.problems.append(f"a tombstone for {key}, which is no session")
            self.records.pop((key,), None)
            return
        record = parse(value)
        if "leaderboard" in record and not record["final"]:
            return
        if record["final"] is not True:
            self.problems.append(f"{key} to {record['window_end']} is not final")
        if key != self.key(record):
            self.problems.append(f"the key is {key} and should be {self.key(record)}")
        self.revised += record["revision"] > 0
        self.put(record)

    def put(self, record):
        key = self.key(record)
        if self.windows[record["window"]] == "session":
            identity = (key,)
        else:
            identity = (key, record["window_start"], record["window_end"])
        self.records[identity] = record

    def until(self, end):
        """Those whose window ended by then."""
        return {identity: record for identity, record in self.records.items() if record["window_end"] <= end}


def differences(expected, actual):
    """One sentence for each record that is on one side only or differs in any field but `revision`."""
    found = []
    for identity in sorted(expected.keys() | actual.keys()):
        name = " ".join(identity)
        if identity not in actual:
            found.append(f"{name} is missing")
        elif identity not in expected:
            found.append(f"{name} should not be there")
        else:
            one, other = expected[identity], actual[identity]
            fields = [
                f"{field} is {other.get(field)} and should be {one.get(field)}"
                for field in sorted(one.keys() | other.keys())
                if field != "revision" and (field not in one or field not in other or one[field] != other[field])
            ]
            if fields:
                found.append(f"{name}: {'; '.join(fields)}")
    return found
