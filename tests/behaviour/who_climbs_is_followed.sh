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
