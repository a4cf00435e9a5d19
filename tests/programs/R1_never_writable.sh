#!/bin/bash
# libc's text is changed through /proc/self/mem: no page of it is ever writable, and its mapping is never parted. Where there is no /proc it is changed where it stands, and as much of it.
set -u
. "$SRC/tests/lib/lib.sh"

count() { # COMMAND...: how many sites were rewritten
	shimmed SYSSHIM_STATS="$PWD/stats.%n.%p.json" SYSSHIM_STATS_FORMAT=json "$@" >/dev/null 2>err || fail "$*: status $?: $(cat err)"
	grep -o '"sites_rewritten":[0-9]*' stats.true.*.json
	rm stats.*.json
}

strace -f -e trace=mprotect -o calls env LD_PRELOAD="$SHIM" SYSSHIM_LOG=off SYSSHIM_STATS=off /bin/true || fail "strace does not run"
grep -q 'PROT_READ)' calls || fail "strace has seen nothing"
grep PROT_WRITE calls && fail "text was made writable"

usual=$(count /bin/true)
[ "$usual" ] && [ "${usual#*:}" -gt 200 ] || fail "only '$usual'"
unshare -rm true 2>/dev/null || skip "no user namespaces here"
for name in 'ln -s /dev/zero' 'truncate -s 200T'; do
	other=$(count unshare -rm sh -c "mount -t tmpfs none /proc && mkdir /proc/self && $name /proc/self/mem && exec /bin/true")
	[ "$other" = "$usual" ] || fail "with another file as /proc/self/mem ($name) $other, else $usual"
done
hidden=$(count unshare -rm sh -c 'mount -t tmpfs none /proc && exec /bin/true')
[ "$hidden" = "$usual" ] || fail "without /proc $hidden, else $usual"
