#!/bin/bash
# perf finds libc's functions, and with DWARF call chains the program's callers, above the time that is spent in system calls.
#
# Started by perf, chains may end at libc under the shim: perf takes the lowest address at which a file was ever executable for its load
# address, and the text that is moved over libc's once stood elsewhere. There only the names are asked for; the chains are asked for
# where perf attaches to the running program and reads its mappings as they are.
set -u
. "$SRC/tests/lib/lib.sh"

command -v perf >/dev/null || skip "no perf"

# "function<function<..." of every sample
chains() {
	perf script -i "$1.data" -F comm,ip,sym 2>/dev/null |
		awk '/^[^\t ]/ { chain = "" } /^[\t ]+[0-9a-f]+ / { chain = chain "<" $2 } /^$/ { if (chain) print chain "<"; chain = "" }' >"$1.chains"
}

# started NAME VARIABLE...: perf gets the variables too, because an env between it and the program would be one exec more
started() {
	local name=$1
	shift
	env "$@" perf record -q -e cpu-clock -F 1000 --call-graph dwarf,4096 -o "$name.data" "$PROGRAM" >"$name.out" 2>"$name.err" || return
	chains "$name"
}

attached() {
	local name=$1 child i
	shift
	env "$@" "$PROGRAM" >"$name.out" 2>"$name.err" &
	child=$!
	for ((i = 0; i < 100; i++)); do
		grep -q started "$name.out" && break
		sleep 0.02
	done
	perf record -q -e cpu-clock -F 1000 --call-graph dwarf,4096 -o "$name.data" -p $child sleep 0.8 2>"$name.perf"
	wait $child || fail "$name: status $?: $(cat "$name.err")"
	chains "$name"
}

# percentage NAME PART WHOLE: of the chains that match WHOLE, those that match PART
percentage() {
	awk -v part="$2" -v whole="$3" '$0 ~ whole { all++ } $0 ~ whole && $0 ~ part { hit++ } END { print all ? int(100 * hit / all) : 0 }' "$1.chains"
}

most() {
	sort "$1.chains" | uniq -c | sort -rn | head -20
}

write='<(__libc_write|__GI___libc_write|write|__write|__GI___write)<'
read='<(__libc_read|__GI___libc_read|read|__read|__GI___read)<'

# NAME: percentages that tell how much of the time is known to be spent in libc's write, read, and on whose behalf
picture() {
	percentage "$1" "$write" .
	percentage "$1" "$read" .
	percentage "$1" "$write(.*<)?by_stdio<main<" "$write"
	percentage "$1" "${read}directly<main<" "$read"
}

attached native A=B
mapfile -t native < <(picture native)
[ "${native[0]}" -ge 15 ] && [ "${native[1]}" -ge 15 ] && [ "${native[2]}" -ge 80 ] && [ "${native[3]}" -ge 80 ] ||
	skip "perf finds no call chains natively (${native[*]} %): $(tail -n 1 native.perf)"
attached shim LD_PRELOAD="$SHIM" SYSSHIM_STATS="$PWD/stats.%p"
cmp native.out shim.out && cmp native.err shim.err || fail "the program's output differs: $(cat shim.err)"
ls stats.* >/dev/null || fail "the shim was not there"
mapfile -t shim < <(picture shim)
for i in 0 1; do
	[ "${shim[i]}" -ge $((native[i] / 2)) ] || fail "attached: ${shim[*]} % instead of ${native[*]} %: $(most shim)"
done
for i in 2 3; do
	[ "${shim[i]}" -ge $((native[i] - 15)) ] || fail "attached: callers: ${shim[*]} % instead of ${native[*]} %: $(most shim)"
done

started direct LD_PRELOAD="$SHIM" SYSSHIM_STATS=off || fail "started by perf: status $?: $(cat direct.err)"
mapfile -t direct < <(picture direct)
for i in 0 1; do
	[ "${direct[i]}" -ge $((native[i] / 2)) ] || fail "started by perf: ${direct[*]} % instead of ${native[*]} %: $(most direct)"
done
exit 0
