#!/bin/bash
# sysshim trace: -t, -tt, -ttt, -r, -s and -ff -o show the same calls as without, as strace shows them.
set -u
. "$SRC/tests/lib/lib.sh"
export XDG_STATE_HOME=$PWD/state TZ=UTC-3

cat >program.py <<'PY'
import os, subprocess, threading
threads = [threading.Thread(target=lambda: [os.stat(b"/") for _ in range(50)]) for _ in range(3)]
[t.start() for t in threads]
[t.join() for t in threads]
subprocess.call(["/bin/sh", "-c", "read line; cat"], stdin=open(__file__))
PY
"$SYSSHIM" run -q -s 100 python3 program.py >/dev/null || fail "run: status $?"
"$SYSSHIM" trace >plain 2>coverage || fail "trace: $(cat coverage)"
[ "$(wc -l <plain)" -gt 300 ] || fail "too few lines: $(wc -l <plain)"

# The heads differ, what follows does not.
for flags in -t -tt -ttt -r "-f -T"; do
	# shellcheck disable=SC2086
	"$SYSSHIM" trace $flags >"with$flags" 2>/dev/null || fail "$flags: status $?"
	diff <(sed -E 's/^([0-9]+) +[^ ]+/\1/' plain) <(sed -E 's/^([0-9]+) +[^ ]+/\1/' "with$flags") >difference || fail "$flags: $(head -n 5 difference)"
done
cmp plain with-ttt && cmp plain "with-f -T" || fail "-ttt is what stands without it"
grep -vqE '^[0-9]+ [0-9]{2}:[0-9]{2}:[0-9]{2} ' with-t && fail "-t: $(grep -vE '^[0-9]+ [0-9]{2}:[0-9]{2}:[0-9]{2} ' with-t | head -n 3)"
grep -vqE '^[0-9]+ [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6} ' with-tt && fail "-tt: $(head -n 3 with-tt)"
grep -vqE '^[0-9]+ [ 0-9]{6}\.[0-9]{6} ' with-r && fail "-r: $(head -n 3 with-r)"
since=$(head -n 1 plain | cut -d ' ' -f 2)
[ "$(head -n 1 with-tt | cut -d ' ' -f 2)" = "$(date -d "@$since" +%H:%M:%S).${since#*.}" ] || fail "-tt is not the local time of $since: $(head -n 1 with-tt)"
[ "$(head -n 1 with-r | awk '{ print $2 }')" = 0.000000 ] || fail "-r: the first line: $(head -n 1 with-r)"
# The times between lines add up to what passed between the first and the last, but for lines that began before one above them. A call is resumed when it
# comes back: nobody else's time is counted twice.
awk '{ if (before > 0 && $2 > before) sum += $2 - before; before = $2 } END { printf "%.6f\n", sum }' plain >all
awk '{ sum += $2 } END { printf "%.6f\n", sum }' with-r >sum
python3 -c 'import sys; a, b = (float(open(f).read()) for f in ("all", "sum")); sys.exit(abs(a - b) > 0.001 * (1 + a))' || fail "-r: $(cat all sum)"

grep -q 'read(.*, "import os, subprocess' plain || fail "run -s 100: no data: $(grep read plain)"
"$SYSSHIM" trace -s 6 2>/dev/null | grep -q '"import"\.\.\., ' || fail "-s 6: $("$SYSSHIM" trace -s 6 2>&1 | grep read)"
"$SYSSHIM" trace -s 0 2>/dev/null | grep -q 'import os, ' && fail "-s 0 shows data"

# A file for each thread, with its lines and no others.
"$SYSSHIM" trace -ff -o each >out 2>&1 || fail "-ff: $(cat out)"
[ "$(cut -d ' ' -f 1 plain | sort -un)" = "$(printf '%s\n' each.* | cut -d . -f 2 | sort -n)" ] || fail "-ff: $(ls each.*)"
for file in each.*; do
	# Nobody else's line comes in between: a call that waits stands in one line.
	grep -q 'unfinished\|resumed' "$file" && ! tail -n 1 "$file" | grep -q 'unfinished' && fail "-ff: $file: $(grep 'unfinished\|resumed' "$file")"
	grep "^${file#each.} " plain | grep -v 'resumed>' | sed -E 's/^[0-9]+ //; s/ <unfinished.*//; s/\).*//' >wanted
	sed -E 's/ <unfinished.*//; s/\).*//' "$file" | cut -c 1-40 >found
	diff <(cut -c 1-40 wanted | sed -E 's/, .*//') <(sed -E 's/, .*//' found) >difference || fail "-ff: $file: $(head -n 5 difference)"
done

for words in "trace -ff" "trace -ff --json -o x" "trace -s x" "trace -s -1" "trace --follow --format=chrome" "trace -ff --follow -o x"; do
	# shellcheck disable=SC2086
	"$SYSSHIM" $words >out 2>err
	[ $? -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] || fail "$words: $(cat out err)"
done
# More of -t than three are three; a file is not emptied for a recording that is not there.
"$SYSSHIM" trace -tttt 2>/dev/null | cmp - plain || fail "-tttt"
"$SYSSHIM" trace -o plain.kept 2>/dev/null && "$SYSSHIM" trace -o plain.kept nowhere 2>err && fail "nowhere"
cmp plain plain.kept || fail "a file was emptied"
"$SYSSHIM" trace -ff -o nowhere/each >out 2>err
[ $? -eq 125 ] && grep -q '^sysshim trace: -o nowhere/each: .*No such file' err || fail "-ff into a folder that is not there: $(cat err)"
