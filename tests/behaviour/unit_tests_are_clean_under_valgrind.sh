#!/bin/bash
# timeout: 200
# The unit tests, which are the freestanding floors of the shim and of the command, do nothing with memory that valgrind objects to.
set -u
. "$SRC/tests/lib/lib.sh"

command -v valgrind >/dev/null || skip "valgrind is not installed"
ran=0
for test in "$BUILD"/unit/test_*; do
	[ -x "$test" ] || skip "no unit tests were built: cmocka is not installed"
	valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite "$test" >out 2>&1 || fail "$(basename "$test"): $(grep -v '^\[' out | head -n 20)"
	ran=$((ran + 1))
done
[ $ran -ge 8 ] || fail "only $ran unit tests"
