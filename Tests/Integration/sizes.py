"""How much the crash tests do: short by default, in full with --full, or as environment variables say."""

import os
import sys

FULL = "--full" in sys.argv[1:]


def size(name, short, full):
    """LIVETALLY_TEST_<name>, or else one of the two."""
    chosen = os.environ.get(f"LIVETALLY_TEST_{name}")
    if chosen is not None:
        return type(short)(chosen)
    return full if FULL else short
