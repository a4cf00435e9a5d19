#!/bin/bash
# SYSSHIM_INTERCEPT, each of its subsets: the program is the same, calls through names are counted once whatever the ways in, calls inside
# libc only where sites are rewritten, and calls that are not hot only with rewrite-all.
set -u
. "$SRC/tests/lib/lib.sh"

cat >program.c <<'C_'
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void)
{
	FILE *inside = fopen("inside", "w");
	fputs("12345", inside);
	fclose(inside);
	int fd = open("named", O_WRONLY | O_CREAT, 0600);
	for (int i = 0; i < 10; i++)
		if (write(fd, "abc", 3) != 3)
			return 1;
	for (int i = 0; i < 3; i++)
		if (syscall(SYS_write, fd, "de", 2) != 2)
			return 1;
	for (int i = 0; i < 7; i++)
		getppid();
	return 5;
}
C_
cc -o program program.c || fail "cc does not compile"
number=0
for ways in interpose rewrite rewrite-all interpose,rewrite rewrite,interpose interpose,rewrite-all rewrite-all,interpose rewrite,rewrite; do
	number=$((number + 1))
	same_run $number SYSSHIM_INTERCEPT=$ways -- "$PWD/program"
	[ "$(cat $number.shim.status)" = 5 ] || fail "the program does not get to its end"
	shimmed SYSSHIM_INTERCEPT=$ways SYSSHIM_STATS="$PWD/stats" SYSSHIM_STATS_FORMAT=json ./program
	python3 - $ways <<'PYTHON' || fail "$ways: the counters are wrong: $(cat stats)"
import json, sys
ways = sys.argv[1].split(",")
row = json.loads(open("stats").readline())
rewriting, all_sites = "rewrite" in ways or "rewrite-all" in ways, "rewrite-all" in ways
calls, coverage = row["calls"], row["coverage"]
assert coverage["rewriting"] == rewriting, coverage
assert (coverage["why_not"] is None) == rewriting, coverage
assert calls["write"]["calls"] == 13 + rewriting, calls
assert calls["write"]["bytes"] == 36 + 5 * rewriting, calls
# fopen is a name of libc and has a site in it: once
assert calls["openat"]["calls"] == 2, calls
assert ("getppid" in calls) == all_sites and (not all_sites or calls["getppid"]["calls"] == 7), calls
PYTHON
	grep -o '"sites_rewritten":[0-9]*' stats | sed "s/^/$ways /" >>sites
done
[ "$(sed -n 's/^rewrite-all .*://p' sites)" -gt "$(sed -n 's/^rewrite .*://p' sites)" ] || fail "rewrite-all rewrites no more: $(cat sites)"
exit 0
