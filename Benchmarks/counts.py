"""Instructions, allocations and retains of each workload for one unit of its work, counted by valgrind's callgrind.

    python3 Benchmarks/counts.py [--write] [WORKLOAD...]

Counts, unlike times, hardly depend on the machine. Each workload runs once and three times; half the difference, over
the units of a run, is what one unit costs in a steady state. The program ends with 1 when a count is more than
counts.json allows, and 5 % for instructions; --write puts down what was counted, as what is allowed from now on.
"""

import json
import pathlib
import platform
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ALLOWED = HERE / "counts.json"
RUNNER = HERE / ".build/release/run-workload"
#: valgrind cannot read the debugging information that Swift writes, so it gets a copy without.
STRIPPED = HERE / ".build/run-workload-stripped"
RUNS = (1, 3)
#: By how much the instructions may grow before it is a failure: another compiler or C library changes them a little.
MARGIN = 0.05
#: Allocations and retains of one unit below which there are none: what a run does once, not for each unit.
NONE = 0.001
ALLOCATIONS = ("malloc", "calloc", "posix_memalign", "aligned_alloc")
#: What has threads that wait for each other, which is never the same twice.
THREADED = ("replay",)
RETAINS = ("swift_retain", "swift_bridgeObjectRetain")


def counted(workload, runs):
    """(instructions, calls that allocate, calls that retain, units) of so many runs."""
    with tempfile.NamedTemporaryFile() as output:
        ran = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output.name}", "--compress-strings=no",
             "--compress-pos=no", STRIPPED, workload, str(runs)], capture_output=True, text=True)
        if ran.returncode != 0:
            sys.exit(f"{workload} ended with {ran.returncode}: {ran.stderr[-2000:]}")
        text = pathlib.Path(output.name).read_text()
    calls = {}
    for name, count in re.findall(r"^cfn=(\S+)[^\n]*\n(?:c[a-z]+=[^\n]*\n)*calls=(\d+)", text, re.M):
        name = name.split("@")[0].split("'")[0]
        calls[name] = calls.get(name, 0) + int(count)
    instructions = int(re.search(r"^(?:summary|totals): (\d+)", text, re.M)[1])
    units = int(ran.stdout.split()[0])
    return instructions, sum(calls.get(one, 0) for one in ALLOCATIONS), sum(calls.get(one, 0) for one in RETAINS), units


def main():
    if platform.machine() != "x86_64":
        print("counts.json is for x86-64; nothing is counted here")
        return
    wanted = [one for one in sys.argv[1:] if one != "--write"]
    subprocess.run(["strip", "--strip-debug", "-o", STRIPPED, RUNNER], check=True)
    names = [line.split()[0] for line in subprocess.run([RUNNER], capture_output=True, text=True, check=True).stdout.splitlines()]
    allowed = json.loads(ALLOWED.read_text()) if ALLOWED.exists() else {}
    print(f"{'workload':18} {'instructions':>12} {'allowed':>9} {'allocations':>12} {'retains':>9}   for one unit")
    failed = 0
    for name in names:
        if name in THREADED or (wanted and name not in wanted):
            continue
        once, thrice = (counted(name, runs) for runs in RUNS)
        instructions, allocations, retains, units = (after - before for after, before in zip(thrice, once))
        found = {"instructions": instructions / units, "allocations": allocations / units, "retains": retains / units}
        limit = allowed.get(name, {})
        problems = [] if "--write" in sys.argv else [
            what for what, count in found.items()
            if count > limit.get(what, 0) * (1 + MARGIN) + (0 if what == "instructions" else NONE)]
        failed += bool(problems)
        print(f"{name:18} {found['instructions']:12.1f} {limit.get('instructions', 0):9.1f} {found['allocations']:12.4f}"
              f" {found['retains']:9.4f}   {'more ' + ', '.join(problems) + ' than allowed' if problems else 'ok'}", flush=True)
        allowed[name] = {what: round(count, 1 if what == "instructions" else 3) for what, count in found.items()}
    if "--write" in sys.argv:
        ALLOWED.write_text(json.dumps(allowed, indent=2, sort_keys=True) + "\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
