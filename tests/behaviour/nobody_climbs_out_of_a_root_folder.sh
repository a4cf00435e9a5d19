#!/bin/bash
# In another root folder `..` leads to no place above it: `files` says where it stays, or that it is not known.
set -u
. "$SRC/tests/lib/lib.sh"

cat >climb.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

static void look(int at, const char *path)
{
	close(openat(at, path, O_RDONLY));
}

int main(void)
{
	if (chroot("jail") && (unshare(CLONE_NEWUSER) || chroot("jail")))
		return 77;
	if (chdir("/deep"))
		return 1;
	int deep = open("/deep", O_RDONLY);
	look(AT_FDCWD, "/../known_by_root"), look(AT_FDCWD, "../known_from_folder"), look(deep, "../deep/../known_from_descriptor");
	look(AT_FDCWD, "../../from_folder"), look(deep, "../../from_descriptor"), look(AT_FDCWD, "/deep/../../by_root");
	chdir("/");
	look(AT_FDCWD, "../../known_at_root");
	chdir("deep/../..");
	look(AT_FDCWD, "from_told_folder"), look(AT_FDCWD, "/known_again");
	chroot("deep/../../deep");
	look(AT_FDCWD, "/in_unknown_root");
	return 0;
}
C
gcc -O1 -w -o climb climb.c || fail "no program"
mkdir -p jail/deep
shimmed SYSSHIM_LOG="$PWD/recording" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off ./climb
status=$?
[ $status -eq 77 ] && skip "no chroot here"
[ $status -eq 0 ] || fail "status $status"
"$SYSSHIM" files -0 recording 2>/dev/null | tr '\0' '\n' | grep 'known\|from\|by_root' | sort >found
sort >wanted <<E
$PWD/jail/known_by_root
$PWD/jail/deep/../known_from_folder
$PWD/jail/deep/../deep/../known_from_descriptor
$PWD/jail/known_at_root
$PWD/jail/known_again
$PWD/jail/from_told_folder
?/../../from_folder
?/../../from_descriptor
?/deep/../../by_root
?/in_unknown_root
E
diff wanted found || fail "files"
[ "$("$SYSSHIM" files --json recording 2>/dev/null | grep -c '"resolved":false')" -eq 4 ] || fail "those that are not known are not marked"
