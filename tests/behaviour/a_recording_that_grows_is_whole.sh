#!/bin/bash
# Who reads a recording while programs start and write finds nothing damaged.
# timeout: 120
set -u
. "$SRC/tests/lib/lib.sh"

cat >writes.c <<'C'
#include <unistd.h>

int main(void)
{
	for (int i = 0; i < 400; i++) {
		access("/slowly/written/by/somebody", F_OK);
		usleep(100);
	}
}
C
gcc -O1 -o writes writes.c || fail "no program"
cat >starts <<'S'
for i in {1..700}; do /bin/true; done
touch go
for i in {1..400}; do
	./writes &
	sleep .03
	[ ! -e enough ] || break
done
wait
S
env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/recording" SYSSHIM_LOG_FORMAT=binary bash starts &
until [ -e go ]; do sleep .05; done
bad=0
for i in {1..12}; do
	"$SYSSHIM" trace recording >/dev/null 2>err || { bad=$((bad + 1)); cp err bad.err; }
done
touch enough
wait
[ $bad -eq 0 ] || fail "$bad of 12: $(head -n 1 bad.err)"
