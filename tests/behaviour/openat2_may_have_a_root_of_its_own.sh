#!/bin/bash
# openat2 with RESOLVE_IN_ROOT takes an absolute path in its folder: that file is named, and not the one that the path says; what climbs is marked as not known.
set -u
. "$SRC/tests/lib/lib.sh"

cat >jailed.c <<'C'
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT}, plain = {.flags = O_RDONLY};
	int jail = open("jail", O_RDONLY | O_DIRECTORY);

	if (syscall(SYS_openat2, jail, "/etc/shadow", &how, sizeof how) < 0)
		return 77;
	syscall(SYS_openat2, jail, "../../etc/climbed", &how, sizeof how);
	syscall(SYS_openat2, jail, "etc/plain", &plain, sizeof plain);
	syscall(SYS_openat2, jail, "/no/such/absolute", &plain, sizeof plain);
	/* a number that meant another folder before, and is a copy now */
	int other = open("other", O_RDONLY | O_DIRECTORY);
	close(other), dup2(jail, other);
	syscall(SYS_openat2, other, "/etc/again", &how, sizeof how);
	return 0;
}
C
gcc -o jailed jailed.c || fail "no program"
mkdir -p jail/etc other && touch jail/etc/again jail/etc/shadow jail/etc/climbed jail/etc/plain
for trace in all audit; do
	rm -rf recording
	"$SYSSHIM" run -q --record=recording -e trace=$trace -- ./jailed
	status=$?
	[ $status -eq 77 ] && skip "this kernel has no openat2"
	[ $status -eq 0 ] || fail "status $status"
	"$SYSSHIM" files -0 recording 2>/dev/null | tr '\0' '\n' | grep -E 'shadow|climbed|plain|absolute|again' | sort >found
	printf '%s\n' "$PWD/jail/etc/again" "$PWD/jail/etc/shadow" "$PWD/jail/etc/plain" '?/../../etc/climbed' /no/such/absolute | sort | diff - found || fail "$trace: not these"
	"$SYSSHIM" files --deny=/etc/shadow recording >/dev/null || fail "$trace: what was not opened is denied"
	"$SYSSHIM" files --json recording | grep -q '"path":"[^"]*/jail/etc/shadow","given":"/etc/shadow"' || fail "$trace: not as given"
done
"$SYSSHIM" trace -y recording >out
exit 0
