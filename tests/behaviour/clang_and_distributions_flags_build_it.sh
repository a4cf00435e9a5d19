#!/bin/bash
# timeout: 600
# A distribution builds with flags of its own (hardening, optimization while linking), and some with clang. The shared object must be as ours then: no library needed,
# no property that it does not keep, small frames, the same bytes.
set -u
. "$SRC/tests/lib/lib.sh"

# build FOLDER COMPILER CFLAGS LDFLAGS
build() {
	rm -rf "$1"
	{ CC=$2 CFLAGS=$3 LDFLAGS=$4 cmake -S "$SRC" -B "$1" -DSYSSHIM_WERROR=ON && cmake --build "$1" --target shim sysshim tracer; } >"$1.txt" 2>&1 ||
		{ tail -n 20 "$1.txt"; fail "$2 does not build it with '$3'"; }
	# NB: F10 has the stack of a call.
	SYSSHIM_TEST_NO_BUILD=1 SHIM="$PWD/$1/libsysshim.so" sh "$SRC/tests/run.sh" F10_small_stack undefined_symbols D2_two_descriptors >"$1.txt" 2>&1 ||
		{ cat "$1.txt"; fail "what $2 builds with '$3' is not as ours"; }
	tail -n 1 "$1.txt" | grep -q '^[1-9][0-9]* passed, 0 failed, 0 skipped$' || fail "no tests have run of what $2 builds: $(tail -n 1 "$1.txt")"
}

hardened='-g -O2 -fstack-protector-strong -fstack-clash-protection -fcf-protection -D_FORTIFY_SOURCE=2 -Wformat -Werror=format-security'
build gcc gcc "$hardened -flto=auto" '-Wl,-z,relro -Wl,-z,now -flto=auto'
command -v clang >/dev/null || skip "clang is not installed"
build clang clang "$hardened" '-Wl,-z,relro'
