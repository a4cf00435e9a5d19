#!/bin/bash
# Programs that walk by chdir(".."), out of symbolic links too, are followed to where they really are; a folder that is moved below a symbolic link, or by a
# name in /proc/self/fd, makes no rows of files that never were.
set -u
. "$SRC/tests/lib/lib.sh"

cat >walk.c <<'C'
#include <fcntl.h>
#include <unistd.h>

int main(int count, char **names)
{
	for (int i = 0; i < 2000; i++)
		if (chdir(names[1]) || chdir(i % 2 ? "./.." : ".."))
			return 1;
	if (chdir("link") || chdir("..") || open("file", O_RDONLY) < 0)
		return 2;
	return count > 3;
}
C
gcc -o walk walk.c || fail "no program"
mkdir -p walked/sub real/deep
ln -s "$PWD/real/deep" walked/link
echo x >real/file
real=$(realpath real)
for trace in all audit '%file' '!chdir'; do
	rm -rf recording
	(cd walked && "$SYSSHIM" run -q --record=../recording -e trace="$trace" -- ../walk sub) || fail "$trace: walk: $?"
	"$SYSSHIM" files --strict recording >out || fail "$trace: not complete: $(tail -n 4 out)"
	"$SYSSHIM" files --json recording | grep -q "\"path\":\"$real/file\",\"given\":\"file\"" || fail "$trace: the file is not named: $(grep file out)"
	"$SYSSHIM" files --deny="$real/file" recording >/dev/null && fail "$trace: what was opened passes --deny"
done

# Who walks as fts(3) and gnulib do, by openat(folder, "..") out of folders that were opened as such and not through a link, comes back to the same rows, and is where
# the kernel says; behind a link, and in a folder that was moved behind one, `..` stays, or leads where the link does.
cat >climb.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { REAL = O_RDONLY | O_DIRECTORY | O_NOFOLLOW };

static int go(int from, const char *to, int flags)
{
	int folder = openat(from, to, flags);

	close(from);
	return folder;
}

int main(void)
{
	int at = open("top", REAL);

	for (int i = 0; i < 3000; i++) {
		at = go(go(go(at, "sub", REAL), "deep", REAL), i % 2 ? ".." : "../../sub", REAL);
		at = go(at, "..//", O_RDONLY | O_DIRECTORY);
	}
	close(openat(at, "here", O_RDONLY));
	/* by the working folder as well */
	at = go(at, "sub", REAL);
	if (fchdir(at) || chdir("../sub") || chdir(".."))
		return 1;
	close(open("here", O_RDONLY));
	/* where a link leads nobody knows */
	close(openat(go(open("link", O_RDONLY | O_DIRECTORY), "..", REAL), "there", O_RDONLY));
	/* what was opened as link/ was opened through it */
	close(openat(go(open("link/", REAL), "..", REAL), "there", O_RDONLY));
	/* it is moved behind a link, and the way back with it */
	at = go(open("sub", REAL), "deep", REAL);
	if (rename("sub/deep", "link/moved"))
		return 2;
	return openat(go(at, "..", REAL), "behind", O_RDONLY) < 0;
}
C
gcc -o climb climb.c || fail "no program"
for trace in all audit '%file'; do
	rm -rf top elsewhere recording
	mkdir -p top/sub/deep elsewhere/target
	ln -s ../elsewhere/target top/link
	touch top/here elsewhere/there elsewhere/target/behind
	"$SYSSHIM" run -q --record=recording -e trace="$trace" -- ./climb || fail "$trace: climb: $?"
	"$SYSSHIM" files -P "$PWD/*" recording >out
	sed -En "s:^[^/]*$PWD/::p" out | grep -v climb | sort >rows
	cat >wanted <<-END
	top
	top/here
	top/link
	top/link/..
	top/link/../there
	top/link/behind
	top/sub
	top/sub/deep
	END
	cmp -s wanted rows || fail "$trace: $(diff wanted rows)"
	"$SYSSHIM" trace -y -e openat recording 2>/dev/null | awk -v most=$((600 + 3 * ${#PWD})) 'length > most { exit 1 }' || fail "$trace: trace -y: a path grows"
done

mkdir a o d
ln -s ../o a/l
"$SYSSHIM" run -q --record=moved -- bash -c 'for i in $(seq 30); do echo x >a/f$i; done; mv -T a a/l/b' || fail "mv: $?"
"$SYSSHIM" files moved >out
[ "$(wc -l <out)" -lt 400 ] || fail "$(wc -l <out) rows"
grep -q 'l/b/l' out && fail "a file that never was: $(grep -m 2 l/b/l out)"
"$SYSSHIM" run -q --record=proc -- bash -c 'exec 3<d; echo x >d/a; echo y >d/c; mv /proc/self/fd/3/a /proc/self/fd/3/b' || fail "mv by /proc: $?"
"$SYSSHIM" files --json proc >out
grep "\"path\":\"$PWD/d/c\"" out | grep -q '"removed":true' && fail "a file is told to be gone that is there"
grep -E '/b/(a|c)"' out && fail "a file that never was"
exit 0
