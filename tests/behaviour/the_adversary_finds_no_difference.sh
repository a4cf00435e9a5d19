#!/bin/bash
# timeout: 600
# Random programs natively and under the shim (tests/adversary): every result, every byte, every end and what observers see are the same.
# ADVERSARY_FIRST, ADVERSARY_COUNT and ADVERSARY_SECONDS choose other seeds and another end.
set -u
. "$SRC/tests/lib/lib.sh"

adversary=$BUILD/adversary/adversary
[ -x "$adversary" ] || fail "$adversary was not built"
mkdir seeds
"$adversary" --shim="$SHIM" --first="${ADVERSARY_FIRST:-1}" --count="${ADVERSARY_COUNT:-10000}" --seconds="${ADVERSARY_SECONDS:-90}" --folder=seeds >out 2>err || fail "$(cat out err; grep '^seed ' out)"
cat out
# Without batches nothing was tested: most programs must have made some.
python3 - <<'PYTHON' || fail "few programs had a batch: $(cat out)"
import re
counted, some, batches, writes = map(int, re.search(r"(\d+) counted, (\d+) of them with batches: (\d+) batches of (\d+) writes", open("out").read()).groups())
assert counted and some > counted / 2 and writes > 20 * counted and writes > 3 * batches
PYTHON
