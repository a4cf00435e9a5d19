#!/bin/bash
# /etc/ld.so.preload, in a mount namespace of its own: every program loads the shim, follows its children from there, and behaves as without;
# a set-user-id program, which loads it as well, is left alone.
set -u
. "$SRC/tests/lib/lib.sh"
[ "$(id -u)" -eq 0 ] || skip "only root may put another /etc over this one"
unshare -m true 2>why || skip "no mount namespace can be made: $(cat why)"
command -v setpriv >/dev/null || skip "no setpriv"

cp -a /etc etc && rm -f etc/ld.so.preload || fail "no copy of /etc"
cp "$SHIM" /tmp/sysshim-preload-$$.so && trap 'rm -f /tmp/sysshim-preload-$$.so' EXIT
chmod 755 /tmp/sysshim-preload-$$.so
cat >secure.c <<'C'
#include <stdio.h>
#include <string.h>
#include <unistd.h>
/* Is the shim in this process, and has it changed libc's text? */
int main(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096];
	int loaded = 0;

	while (fgets(line, sizeof line, maps))
		loaded |= strstr(line, "sysshim-preload") != NULL;
	printf("uid %d %d, %s\n", getuid() == geteuid(), geteuid(), loaded ? "loaded" : "not loaded");
	return 5;
}
C
cc -o secure secure.c && chown 0:0 secure && chmod 4755 secure && cp -p secure /tmp/sysshim-secure-$$ && trap 'rm -f /tmp/sysshim-preload-$$.so /tmp/sysshim-secure-$$' EXIT
ls -l /tmp/sysshim-secure-$$ | grep -q '^-rws' || fail "no set-user-id bit"

cat >inside.sh <<'S'
cd "$1" || exit 99
mkdir out && chmod 777 out && cd out || exit 99
bash -c 'seq 100 | sort -r | head -n 2; ls /; exit 3'
echo $?
env -i /usr/bin/python3 -c 'import subprocess; print(subprocess.call(["/bin/sh", "-c", "cat /etc/hostname; exit 4"]))'
setpriv --reuid=65534 --regid=65534 --clear-groups "/tmp/sysshim-secure-$2"
echo $?
S
mkdir native shim
chmod 777 . native shim
bash inside.sh "$PWD/native" $$ >native.out 2>native.err || fail "natively: $(cat native.err)"
SYSSHIM_STATS=off SYSSHIM_LOG=$PWD/shim/recording SYSSHIM_LOG_FORMAT=binary unshare -m bash -c 'echo "/tmp/sysshim-preload-$2.so" >etc/ld.so.preload && mount --bind etc /etc && exec bash inside.sh "$1/shim" "$2"' bash "$PWD" $$ >shim.out 2>shim.err ||
	fail "under the shim: $(cat shim.err)"
diff <(sed 's/not loaded/loaded/' native.out) shim.out || fail "the output differs"
diff native.err shim.err || fail "stderr differs"
grep -q '^uid 0 0, loaded$' shim.out || fail "the set-user-id program did not load it, or is none: $(grep uid shim.out)"
"$SYSSHIM" show shim/recording >shown 2>&1 || fail "the recording: $(cat shown)"
for program in "bash -c 'seq" 'seq 100' 'sort -r' 'ls /' 'python3 -c' 'cat /etc/hostname'; do
	grep -q " \(/usr\)\?\(/bin/\)\?$program" shown || fail "$program is not in the recording: $(cat shown)"
done
grep -q ':[0-9][0-9] /tmp/sysshim-secure' shown && fail "the set-user-id program was recorded"
exit 0
