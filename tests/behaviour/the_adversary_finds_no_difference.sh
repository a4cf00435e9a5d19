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
# An ordinary user asks it too: some modes keep him out of the files that his program has left.
if [ "$(id -u)" = 0 ] && [ -z "${ADVERSARY_FIRST:-}" ]; then
	mkdir -m 711 users && cp "$adversary" "$SHIM" users && mkdir users/seeds && chown 65534 users/seeds || fail "no folder for another user"
	if setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$PWD/users/adversary"; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$PWD/users/adversary" --shim="$PWD/users/${SHIM##*/}" --count=500 --folder="$PWD/users/seeds" >user.out 2>user.err ||
			fail "as an ordinary user: $(cat user.out user.err)"
	fi
fi
# Without batches nothing was tested: most programs must have made some.
python3 - <<'PYTHON' || fail "few programs had a batch: $(cat out)"
import re
counted, some, batches, writes = map(int, re.search(r"(\d+) counted, (\d+) of them with batches: (\d+) batches of (\d+) writes", open("out").read()).groups())
assert counted and some > counted / 2 and writes > 20 * counted and writes > 3 * batches
PYTHON
