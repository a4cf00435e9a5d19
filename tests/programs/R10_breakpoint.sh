#!/bin/bash
# Breakpoints that a debugger has set in libc before the program's first constructor, on write's first byte and on its `syscall` (glibc from 2.41
# on: lseek's, where write has none of its own), stop the program under the shim as often and in the same callers as natively: what somebody has
# changed in libc's text stays.
set -u
. "$SRC/tests/lib/lib.sh"

command -v gdb >/dev/null || skip "no gdb"
gdb -nx -batch -ex 'python print(6 * 7)' 2>/dev/null | grep -q 42 || skip "this gdb has no python"
libc=$(ldd "$PROGRAM" | awk '/libc.so.6/ { print $3 }')
first=$(python3 "$SRC/tests/lib/elf_symbol.py" "$libc" write) || skip "no write found in this libc"
entry=$(python3 "$SRC/tests/lib/elf_symbol.py" "$libc" write syscall 2>/dev/null || python3 "$SRC/tests/lib/elf_symbol.py" "$libc" lseek syscall 2>/dev/null) ||
	skip "no system call instruction found in this libc's write and lseek"

run() {
	local name=$1 variables=$2
	mkdir "$name"
	(cd "$name" && gdb -nx -batch -ex "set \$offset_first = $first" -ex "set \$offset_syscall = $entry" -ex "set \$variables = \"$variables\"" \
		-x "$SRC/tests/programs/R10_breakpoint.gdb.py" "$PROGRAM" </dev/null >out 2>err)
	grep -E '^(hello|from stdio)$' "$name/out" >"$name/said"
}

run native A=B
[ -s native/stops ] || skip "gdb cannot run programs here: $(tail -n 1 native/err)"
[ "$(grep -c '^first hello main' native/stops)" -eq 2 ] && [ "$(grep -c '^syscall hello main' native/stops)" -eq 2 ] && grep -q '^first by_stdio main' native/stops &&
	grep -q '^exit code 3' native/stops || fail "natively the breakpoints are not met: $(cat native/stops native/err)"
for variables in SYSSHIM_STATS=off SYSSHIM_STATS="$PWD/stats.%p" SYSSHIM_LOG="$PWD/log.%p"; do
	name=${variables%%=*}.${variables##*[=.]}
	name=${name//\//_}
	run "$name" "LD_PRELOAD=$SHIM $variables"
	diff native/stops "$name/stops" || fail "$variables: other stops: $(cat "$name/out" "$name/err")"
	diff native/said "$name/said" || fail "$variables: it said something else"
done
ls stats.* >/dev/null 2>&1 || fail "the shim was not there"
