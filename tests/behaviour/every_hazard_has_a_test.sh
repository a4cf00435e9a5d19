#!/bin/bash
# The tables in doc/transparency.md are complete: a row for each line of the contract and each hazard, in each at least one test, each test that is
# named is there, and each tests/programs/ID_* stands in the row of its id.
set -u
. "$SRC/tests/lib/lib.sh"

command -v python3 >/dev/null || skip "no python3"
python3 - "$SRC" <<'P' || fail "doc/transparency.md: its tables of tests are not complete"
import os, re, sys

# How many lines there are of each letter: none is taken away, and a new one is counted here.
LAST = {"T": 9, "P": 14, "F": 10, "S": 14, "R": 13, "D": 17, "L": 7}
source = sys.argv[1]
tests = set()
for folder in ("programs", "behaviour", "real", "unit"):
    tests |= {os.path.splitext(name)[0] for name in os.listdir(os.path.join(source, "tests", folder)) if name.endswith((".c", ".cc", ".sh"))}
rows, wrong = {}, []
for line in open(os.path.join(source, "doc/transparency.md"), encoding="utf-8"):
    row = re.match(r"\| ([A-Z]\d+) \| ([^|]+) \| ([^|]*) \|$", line)
    if row:
        if row[1] in rows:
            wrong.append(f"{row[1]} has two rows")
        rows[row[1]] = re.findall(r"`(\w+)`", row[3])
wanted = {f"{letter}{i}" for letter, last in LAST.items() for i in range(1, last + 1)}
wrong += [f"{id} has no row" for id in sorted(wanted - set(rows))]
wrong += [f"{id} has a row, and is none that is known" for id in sorted(set(rows) - wanted)]
for id, names in rows.items():
    wrong += [] if names else [f"{id} has no test"]
    wrong += [f"{id}: there is no test {name}" for name in names if name not in tests]
for name in sorted(tests):
    id = re.match(r"([A-Z]\d+)_", name)
    if id and name not in rows.get(id[1], []):
        wrong.append(f"{name} does not stand in the row of {id[1]}")
print("\n".join(wrong) or f"{len(rows)} rows")
sys.exit(bool(wrong))
P
