#!/bin/bash
# SYSSHIM_DISABLE set: loaded, and nothing else. No summary, no log, no line about other settings, no call that strace would show. Empty is
# the same as unset.
set -u
. "$SRC/tests/lib/lib.sh"

shimmed SYSSHIM_DISABLE=1 SYSSHIM_LOG="$PWD/log" SYSSHIM_TIMING=nonsense SYSSHIM_LOGG=x sh -c 'echo out; /bin/true; echo err >&2; exit 7' >out 2>err
[ $? -eq 7 ] && [ "$(cat out)" = out ] && [ "$(cat err)" = err ] || fail "it is not as natively: $(cat out err)"
[ ! -e log ] || fail "a log was written"
[ "$(ls)" = "$(printf 'err\nout')" ] || fail "files are left: $(ls)"

# libc's text stays the file's, page by page: nothing is rewritten
shimmed SYSSHIM_DISABLE=0 grep '/libc[.-]' /proc/self/maps >maps.disabled 2>err
shimmed grep '/libc[.-]' /proc/self/maps >maps.active 2>/dev/null
grep -c 'r-xp' maps.disabled >count
[ "$(cat count)" = 1 ] && [ ! -s err ] || fail "libc's text is in $(cat count) pieces: $(cat maps.disabled err)"
[ "$(grep -c 'r-xp' maps.active)" -ge 1 ] || fail "libc was not found: $(cat maps.active)"

shimmed SYSSHIM_DISABLE= true 2>err
grep -q '^sysshim: true (pid' err || fail "an empty value disables it"
exit 0
