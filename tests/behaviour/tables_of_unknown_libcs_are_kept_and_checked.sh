#!/bin/bash
# A libc that was not there at the build: its sites are found by a scan, the table is kept for the next start, and a table that is stale,
# damaged, somebody else's or made by an enemy patches nothing that the loaded bytes do not bear out. The program is as without us.
set -u
. "$SRC/tests/lib/lib.sh"

libc=$(ldd /bin/sh | awk '/libc\.so/ {print $3; exit}')
cat >tool.py <<'PYTHON'
import re, struct, subprocess, sys

def build_id(path):
    text = subprocess.run(["readelf", "-n", path], capture_output=True, text=True).stdout
    return bytes.fromhex(re.search("Build ID: ([0-9a-f]{40})", text)[1])

def fnv(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return value

def signed(header, rows):
    """the table with its right sum: shim/intercept/cache.c"""
    header = header[:16] + bytes(8) + header[24:]
    return header[:16] + struct.pack("<Q", fnv(header + rows)) + header[24:] + rows

if sys.argv[1] == "strange":  # a shim whose own table is of another libc
    shim, libc, out = sys.argv[2:]
    data, wanted = open(shim, "rb").read(), build_id(libc)
    assert data.count(wanted) == 1, "the build has no table for this libc: nothing to take away"
    open(out, "wb").write(data.replace(wanted, bytes(20)))
else:
    data = open(sys.argv[2], "rb").read()
    header, rows = data[:48], data[48:]
    row = [struct.unpack_from("<IhhBBBB", rows, at) for at in range(0, len(rows), 12)]
    changed = {
        "shifted": lambda r: (r[0] + 1, *r[1:]),
        "everywhere": lambda r: (r[0] // 2, *r[1:]),
        "lengths": lambda r: (*r[:5], 8, 16),
        "numbers": lambda r: (r[0], 60, 60, *r[3:]),
        "forms": lambda r: (*r[:3], 6, 5, 5, 12),
    }[sys.argv[1]]
    new = sorted(changed(r) for r in row)
    open(sys.argv[2], "wb").write(signed(header, b"".join(struct.pack("<IhhBBBB", *r) for r in new)))
PYTHON
python3 tool.py strange "$SHIM" "$libc" strange.so || fail "no shim without a table can be made"
id=$(readelf -n "$libc" | sed -n 's/.*Build ID: //p')
table=state/sysshim/sites/$id
command=(bash -c 'for i in 1 2 3; do /bin/echo $i; done; ls /proc/self/fd | wc -l; python3 -c "print(open(\"/etc/passwd\").readline())"')
"${command[@]}" >native || fail "natively it does not run"

# start WHAT: the program's output is the native one; sites is what was rewritten
start() {
	rm -f stats
	env LD_PRELOAD="$PWD/strange.so" XDG_STATE_HOME="$PWD/state" SYSSHIM_STATS="$PWD/stats" SYSSHIM_STATS_FORMAT=json timeout 60 "${command[@]}" >out 2>err
	[ $? -eq 0 ] && cmp native out && [ ! -s err ] || fail "$1: $(cat err)"
	sites=$(head -n 1 stats | grep -o '"sites_rewritten":[0-9]*' | grep -o '[0-9]*$')
}
start first
all=$sites
[ "$all" -gt 200 ] || fail "the scan finds only $all sites"
[ "$(stat -c '%a %F' "$table")" = "600 regular file" ] && [ "$(stat -c %a state/sysshim/sites)" = 700 ] || fail "the table is not private: $(ls -lR state)"
cp "$table" good
before=$(stat -c %i "$table")
start again
[ "$sites" = "$all" ] && [ "$(stat -c %i "$table")" = "$before" ] || fail "the table is not used again"

# a breakpoint that somebody has set in libc is no reason to look anew, and never part of the table
cat >poke.c <<'C'
#include <sys/file.h>
#include <sys/mman.h>
__attribute__((constructor)) static void poke(void)
{
	unsigned char *at = (unsigned char *)(void *)flock, *page = (unsigned char *)((unsigned long)at & ~4095ul);

	while (at[0] != 0x0f || at[1] != 0x05)
		at++;
	mprotect(page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC);
	at[2] = 0xcc;
	mprotect(page, 8192, PROT_READ | PROT_EXEC);
}
C
cc -O1 -fPIC -shared -Wl,-z,initfirst -o poke.so poke.c || fail "the library does not compile"
env LD_PRELOAD="$PWD/strange.so:$PWD/poke.so" XDG_STATE_HOME="$PWD/state" SYSSHIM_STATS=off timeout 60 true || fail "with a breakpoint: status $?"
[ "$(stat -c %i "$table")" = "$before" ] && cmp "$table" good || fail "a breakpoint has become part of the table"

# not to be trusted: scanned anew, and a good table stands in its place
for what in garbage short empty readable link fifo folder; do
	rm -rf "$table"
	case $what in
	garbage) head -c 4000 /dev/urandom >"$table" && chmod 600 "$table" ;;
	short) head -c 700 good >"$table" && chmod 600 "$table" ;;
	empty) (umask 077 && : >"$table") ;;
	readable) cp good "$table" && chmod 644 "$table" ;;
	link) ln -s "$PWD/good" "$table" ;;
	fifo) mkfifo -m 600 "$table" ;;
	folder) mkdir -m 700 "$table" ;;
	esac
	start "$what"
	[ "$sites" = "$all" ] || fail "$what: $sites sites instead of $all"
	[ $what = folder ] || cmp -s good "$table" || fail "$what: no good table stands in its place"
done
# made by an enemy, or of a libc that was changed later: it has the right sum
for what in shifted everywhere lengths numbers forms; do
	rm -rf "$table" && cp good "$table" && chmod 600 "$table" && python3 tool.py $what "$table" || fail "$what: no such table can be made"
	cmp -s good "$table" && fail "$what: the table is unchanged"
	start "$what"
	[ "$sites" = "$all" ] && cmp -s good "$table" || fail "$what: its rows were believed: $sites sites of $all"
done
# nowhere to keep it: every start scans
rm -rf state && : >state
start "no folder"
[ "$sites" = "$all" ] || fail "no folder: $sites sites"
exit 0
