#!/bin/bash
# Every call that the kernel's header on this machine names, or format/numbers.h for newer kernels, has a row in format/syscalls.def, and every row has that
# number. What neither knows yet is not asked.
set -u
. "$SRC/tests/lib/lib.sh"

command -v cc >/dev/null || skip "no compiler"
# name number: those that the header defines as numbers (aliases of others among them, which then are names of the same call)
cc -E -dM "$SRC/format/numbers.h" | sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$/\1 \2/p' | sort >header
[ "$(wc -l <header)" -gt 330 ] && grep -qx 'openat 257' header || fail "the header was not read: $(wc -l <header) calls"

# name number: the rows as format/names.c has them, names that the table has and numbers that they were given
cat >rows.c <<'C_'
#include <stdio.h>
#include "syscalls.h"
int main(void)
{
	for (unsigned number = 0; number < SYSCALL_LIMIT; number++)
		if (syscall_row(number))
			printf("%s %u\n", syscall_name(number), number);
}
C_
cc -I "$SRC/format" -o print_rows rows.c "$SRC"/format/*.c 2>cc.err && ./print_rows | sort >rows || fail "the table cannot be read: $(cat cc.err)"
[ "$(wc -l <rows)" -gt 330 ] || fail "only $(wc -l <rows) rows were read"

diff header rows >difference && exit 0
echo "< only in the header, > only in the table, by name and number:"
cat difference
exit 1
