#!/bin/sh
# Installs what is missing, builds, runs every test or those that match the patterns, and ends with the line
# `N passed, N failed, N skipped`; exit status 1 when something failed.
#
#   tests/run.sh [-l] [-d N] [PATTERN...]    PATTERN: a part of a test's name, or a glob; -l only lists the names, -d N also
#                                            prints the N tests that took longest
#
# JOBS=N runs N tests at once, KEEP=1 keeps the folders of failed tests. SYSSHIM_TEST_NO_BUILD=1 neither installs nor builds, and
# SHIM=PATH tests another shared object than build/libsysshim.so. An ordinary user needs no rights: what cannot be installed is said,
# and the tests that need it are skipped.
set -u
unset CDPATH LD_PRELOAD
SRC=$(cd "$(dirname "$0")/.." && pwd) || exit 1
export SRC
. "$SRC/tests/lib/install.sh"

say() {
	echo "tests/run.sh: $*" >&2
}

# Ends without a test having run: that is a failure, with the same closing line.
give_up() {
	say "$*"
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
}

packages() {
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$SRC/tests/lib/packages.txt"
}

build() {
	log=$(mktemp "${TMPDIR:-/tmp}/sysshim-build.XXXXXX") || give_up "no temporary file can be made"
	if ! (cd "$SRC" && cmake -S . -B build -DSYSSHIM_WERROR=ON && cmake --build build -j"$(nproc)") >"$log" 2>&1; then
		tail -n 40 "$log"
		rm -f "$log"
		give_up "the build failed"
	fi
	rm -f "$log"
}

if [ -z "${SYSSHIM_TEST_NO_BUILD:-}" ]; then
	# shellcheck disable=SC2046
	install_packages $(packages) </dev/null >&2
	command -v python3 >/dev/null || give_up "python3 is missing, and the tests are run by it"
	command -v cmake >/dev/null || give_up "cmake is missing"
	build
fi
exec python3 -B "$SRC/tests/lib/runner.py" "$@"
