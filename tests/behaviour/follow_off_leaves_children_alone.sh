#!/bin/bash
# SYSSHIM_FOLLOW=off: the program itself is observed; what it executes does not have us in its LD_PRELOAD, and keeps what else was there.
set -u
. "$SRC/tests/lib/lib.sh"

cc -shared -fPIC -o other.so -x c - <<<'int other_library;' || fail "cc does not compile"
# left NAME=VALUE...: the children's LD_PRELOAD as printenv has it; counters in records/
left() {
	rm -rf records
	mkdir records
	env "$@" SYSSHIM_STATS="$PWD/records/%p" SYSSHIM_STATS_FORMAT=json sh -c '/usr/bin/printenv LD_PRELOAD; /bin/true; exit 7' 2>err
	[ $? -eq 7 ] && [ ! -s err ] || fail "$*: $(cat err)"
}
programs() {
	cat records/* | sed -n 's/.*"program":"\([^"]*\)".*/\1/p' | sort -u | tr '\n' ' '
}

shell=$(basename "$(command -v sh)")
[ "$(left LD_PRELOAD="$SHIM" SYSSHIM_FOLLOW=on)" = "$SHIM" ] || fail "on: LD_PRELOAD is not as it was given"
[ "$(programs)" = "printenv $shell true " ] || fail "on: observed were $(programs)"
[ "$(left LD_PRELOAD="$SHIM" SYSSHIM_FOLLOW=off)" = "" ] || fail "off: the child has an LD_PRELOAD"
[ "$(programs)" = "$shell " ] || fail "off: observed were $(programs)"
[ "$(left LD_PRELOAD="$SHIM:$PWD/other.so" SYSSHIM_FOLLOW=off)" = "$PWD/other.so" ] || fail "off: the child has lost another's preload"
[ "$(left LD_PRELOAD="$PWD/other.so $SHIM" SYSSHIM_FOLLOW=off)" = "$PWD/other.so" ] || fail "off: the child has lost another's preload"
[ "$(programs)" = "$shell " ] || fail "off, behind another: observed were $(programs)"

# followed also where the program has emptied the environment, which the child sees as it was given
shimmed SYSSHIM_STATS="$PWD/emptied.%n" env -i /usr/bin/env >out || fail "env -i fails"
[ ! -s out ] && [ -s emptied.env ] || fail "env -i: the child sees: $(cat out)"

# Each reader ends with what is not there: the program that the last one went on as left no recording, and who is followed left one.
"$SYSSHIM" run -q -f off --record=alone -- sh -c '/bin/true; exec /bin/true' || fail "run -f off: status $?"
"$SYSSHIM" run -q --record=followed -- sh -c '/bin/true; exec /bin/true' || fail "run: status $?"
for words in trace stat show; do
	"$SYSSHIM" $words alone 2>&1 | grep -q '^coverage: .* programs\? at least of which there is no recording' || fail "$words: nothing is said of it"
	"$SYSSHIM" $words followed 2>&1 | grep '^coverage: ' | grep 'no recording' && fail "$words: they are there"
	"$SYSSHIM" $words --json alone | grep -q '"programs_lost":[12],' || fail "$words --json: nothing is said of it"
	"$SYSSHIM" $words --json followed | grep -q '"programs_lost":0,' || fail "$words --json: they are there"
done
"$SYSSHIM" files alone | grep -q '^not followed: /bin/true ' || fail "files does not name it"

# While they run, one that has no file yet may just be loading the shim.
"$SYSSHIM" run -q --record=going -- sh -c 'until [ -e enough ]; do (exec /bin/true); done' &
for _ in $(seq 40); do
	("$SYSSHIM" show going; "$SYSSHIM" files going) 2>/dev/null | grep 'no recording' && touch enough && fail "what is on its way passes for lost"
done
touch enough
wait
[ "$(ls going/*.rec | wc -l)" -gt 5 ] || fail "nothing has run"
exit 0
