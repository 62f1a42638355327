"""Goes on in the Python environment that scripts/python-env makes."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def enter(*packages):
    """Returns when this process runs with the packages: at once, or after it was started anew."""
    made = subprocess.run([ROOT / "scripts/python-env", *packages], stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        sys.exit(made.returncode)
    python = made.stdout.strip()
    if pathlib.Path(sys.prefix) != pathlib.Path(python).parents[1]:
        os.execv(python, [python, *sys.argv])
