#!/bin/bash
# timeout: 120
# AddressSanitizer refuses to start behind any other preload: behind us it says the same, in the same status, as behind an empty library;
# doctor names the remedy; with that the program is as it is without us, in its reports too, and is counted. So is one that a program under the shim starts, without any remedy.
set -u
. "$SRC/tests/lib/lib.sh"

source=$SRC/tests/programs/P8_sanitizers.c
gcc -O1 -g -fsanitize=address -o program "$source" 2>cc.err || skip "no AddressSanitizer here: $(tail -n 1 cc.err)"
runtime=$(gcc -print-file-name=libasan.so)
# what gcc names may be a linker script or a link; what the program loads is what counts
runtime=$(ldd ./program | awk '/libasan/ {print $3; exit}')
[ -e "$runtime" ] || skip "the program does not load libasan"
echo 'int sysshim_test_nothing;' >empty.c && gcc -shared -fPIC -o empty.so empty.c || fail "no empty library"
export ASAN_OPTIONS=color=never

# without what differs between any two runs: process ids, addresses, the shadow bytes around them
plain() {
	sed -E 's/==[0-9]+==/==PID==/g; s/0x[0-9a-f]+/ADDRESS/g; /^[= >]?>?ADDRESS:/d; /BuildId:/s/ .BuildId.*//' "$1"
}
same() {
	local name=$1 way=$2 native=$3 shim=$4
	diff <(plain "$native.out") <(plain "$shim.out") >difference && diff <(plain "$native.err") <(plain "$shim.err") >>difference &&
		[ "$(cat "$native.status")" = "$(cat "$shim.status")" ] ||
		fail "$name, $way: differs: $(cat "$native.status" "$shim.status" difference)"
}
run() {
	local name=$1
	shift
	rm -f out
	timeout 60 "$@" >"$name.out" 2>"$name.err" </dev/null
	echo $? >"$name.status"
	[ ! -e out ] || cp out "$name.file"
}

for way in fine overflow leak; do
	run "native.$way" ./program $way
done
[ "$(cat native.fine.status)" = 0 ] && grep -q '^done$' native.fine.out || skip "a sanitized program does not run here: $(tail -n 2 native.fine.err)"
grep -q heap-buffer-overflow native.overflow.err || fail "the overflow is not reported natively"

run empty env LD_PRELOAD="$PWD/empty.so" ./program fine
run refused env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off ./program fine
if grep -q 'does not come first' empty.err; then
	same refused fine empty refused
	# with our summary on, the message is still there and the status is the same
	run summary env LD_PRELOAD="$SHIM" ./program fine
	grep -q 'does not come first' summary.err && cmp empty.status summary.status || fail "the message is lost behind the summary: $(cat summary.err)"
	"$SYSSHIM" doctor ./program >doctor.out 2>&1
	[ $? -eq 1 ] || fail "doctor finds nothing: $(cat doctor.out)"
	grep 'sanitizer' doctor.out | grep -q 'LD_PRELOAD=.*libasan' || fail "doctor does not name the remedy: $(cat doctor.out)"
	run command env SYSSHIM_LIBRARY="$SHIM" "$SYSSHIM" run -q ./program fine
	same command fine empty command
fi

# the remedy
for way in fine overflow leak; do
	for settings in SYSSHIM_STATS=off "SYSSHIM_LOG=$PWD/log.%p SYSSHIM_STATS=$PWD/stats.%p" "SYSSHIM_INTERCEPT=interpose SYSSHIM_STATS=off" \
		"SYSSHIM_BATCH=off SYSSHIM_STATS=off"; do
		# shellcheck disable=SC2086
		run remedy env LD_PRELOAD="$runtime $SHIM" SYSSHIM_STATS_FORMAT=json $settings ./program $way
		same "remedy, ${settings%% *}" $way native.$way remedy
		cmp native.$way.file remedy.file || fail "remedy, $way: the file differs"
	done
done
python3 - "$(gcc -dumpversion | cut -d. -f1)" stats.* <<'PYTHON' || fail "behind the sanitizer nothing is counted: $(cat stats.*)"
import json, sys
rows = [json.loads(line) for name in sys.argv[2:] for line in open(name) if line.strip()]
rows = [row for row in rows if row["program"] == "program" and row["calls"].get("write", {"calls": 0})["calls"] >= 100]
# a leak's report ends by an instruction of the runtime's own, which is seen only while dispatch is armed; from gcc 13 on an overflow's too
assert len(rows) >= (2 if int(sys.argv[1]) < 13 else 1) and any(row["end"] == "exit status 0" for row in rows), [row["end"] for row in rows]
PYTHON

# a child's runtime comes first by itself, whether the program needs it or the caller names it, and its own children know nothing of that; what natively comes before it ends the child here too
printf '#include <stdlib.h>\nint main(void) { return system("./program fine; env; ./plain") != 0; }\n' >starts.c
printf '#include <string.h>\n#include <dlfcn.h>\nint main(void) { return dlsym(RTLD_DEFAULT, "__asan_init") != NULL; }\n' >plain.c
gcc -fsanitize=address -o starts starts.c && gcc -o plain plain.c || fail "no programs that start others"
# lld puts another entry in front of the needed libraries
gcc -O1 -g -fsanitize=address -fuse-ld=lld -Wl,-rpath,/nowhere -o other "$source" 2>/dev/null || cp program other
for line in './program fine' './program overflow' './program leak' 'env -i ASAN_OPTIONS=color=never ./program leak' "LD_PRELOAD=$runtime ./plain" \
	"LD_PRELOAD='$runtime $PWD/empty.so' ./program fine; env LD_PRELOAD=$runtime:$PWD/empty.so env | sort" ./starts ./other \
	"LD_PRELOAD=$PWD/empty.so ./program fine" "LD_PRELOAD=$PWD/none.so ./program fine" "LD_PRELOAD=$PWD/none/libasan.so.6 ./program fine" \
	"LD_PRELOAD=\${LD_PRELOAD:+\$LD_PRELOAD:}$runtime ./plain" "LD_PRELOAD=\${LD_PRELOAD:+\$LD_PRELOAD:}$runtime ./program fine" "LD_PRELOAD=$PWD/none.so:$runtime ./plain"; do
	run native.child env SYSSHIM_STATS=off bash -c "$line; echo \$?"
	for settings in SYSSHIM_LOG=off "SYSSHIM_LOG=$PWD/recording SYSSHIM_LOG_FORMAT=binary"; do
		# shellcheck disable=SC2086
		run child env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off $settings bash -c "$line; echo \$?"
		sed -i '/^LD_PRELOAD=[^:]*$/d; /^SYSSHIM_LOG/d' child.out native.child.out
		same "child, ${settings%% *}" "$line" native.child child
	done
done
"$SYSSHIM" show recording | grep -q ' ./program leak$' || fail "a sanitized child is not recorded: $("$SYSSHIM" show recording)"
run command env LD_PRELOAD="$runtime" SYSSHIM_LIBRARY="$SHIM" ASAN_OPTIONS=detect_leaks=0 "$SYSSHIM" run -q ./program fine
[ "$(cat command.status)" = 0 ] || fail "run puts the shim in front of the runtime: $(cat command.err)"
run command env LD_PRELOAD="$PWD/none.so $runtime" SYSSHIM_LIBRARY="$SHIM" ASAN_OPTIONS=detect_leaks=0 "$SYSSHIM" run -q ./program fine
[ "$(cat command.status)" = 0 ] || fail "run puts the shim in front of a runtime that is not the first named: $(cat command.err)"

# with its runtime inside it needs no remedy
if gcc -O1 -g -fsanitize=address -static-libasan -o inside "$source" 2>/dev/null; then
	for way in fine overflow leak; do
		run "inside.$way" ./inside $way
		run inside env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off ./inside $way
		same "runtime inside" $way "inside.$way" inside
		run inside env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_INTERCEPT=interpose ./inside $way
		same "runtime inside, interpose" $way "inside.$way" inside
	done
fi
# the others do not mind
for sanitizer in undefined leak thread; do
	gcc -O1 -g -fsanitize=$sanitizer -o other "$source" 2>/dev/null || continue
	run other.native ./other fine
	[ "$(cat other.native.status)" = 0 ] || continue
	run other env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off ./other fine
	same "$sanitizer sanitizer" fine other.native other
done
exit 0
