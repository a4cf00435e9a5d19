#!/bin/bash
# 32-bit programs: none can load us, and ld.so says "wrong ELF class" on the program's own stderr when it is asked to. `run` finds out first and
# says so, children of a program that is followed run as they do without us, and their number stands in the parent's report.
set -u
. "$SRC/tests/lib/lib.sh"

# the smallest ELF32 program: write(1, "thirty-two\n", 11), exit(6), by int $0x80
python3 - <<'PYTHON' || fail "the program cannot be written"
import os, struct
base, headers = 0x10000, 52 + 32
text = b"thirty-two\n"
def code(at):
    c = b"\xb8" + struct.pack("<I", 4) + b"\xbb" + struct.pack("<I", 1) + b"\xb9" + struct.pack("<I", at)
    c += b"\xba" + struct.pack("<I", len(text)) + b"\xcd\x80"
    return c + b"\xb8" + struct.pack("<I", 1) + b"\xbb" + struct.pack("<I", 6) + b"\xcd\x80"
body = code(base + headers + len(code(0))) + text
header = b"\x7fELF" + bytes([1, 1, 1]) + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, base + headers, 52, 0, 0, 52, 32, 1, 40, 0, 0)
segment = struct.pack("<IIIIIIII", 1, 0, base, base, headers + len(body), headers + len(body), 5, 4096)
open("small", "wb").write(header + segment + body)
os.chmod("small", 0o755)
PYTHON
# a kernel that runs none refuses them with ENOEXEC: what we say and count is asked all the same
bash -c ./small >native.out 2>native.err
runs=$(($? == 6))

# a dynamic one, where the toolchain and a 32-bit libc for it are there
programs=small
cat >dynamic.c <<'C'
extern int puts(const char *), fflush(void *);
extern void exit(int);
void _start(void)
{
	__asm__ volatile("and $-16, %esp");
	puts("dynamic");
	fflush(0);
	exit(7);
}
C
libc=$(find /lib32 /usr/lib32 /lib/i386-linux-gnu -name libc.so.6 2>/dev/null | head -n 1)
if [ "$libc" ] && gcc -m32 -O1 -fno-pie -no-pie -fno-builtin -nostdlib -nostartfiles -o dynamic dynamic.c "$libc" -Wl,-rpath,"$(dirname "$libc")" \
	-Wl,-dynamic-linker,/lib/ld-linux.so.2 2>cc.err && ./dynamic >/dev/null 2>&1; [ $? -eq 7 ]; then
	programs="small dynamic"
else
	echo "a dynamic one: not tested, no 32-bit libc or compiler here"
fi

cc -O1 -o filtered "$SRC/tests/lib/filtered.c" || fail "it does not compile"
wrong=0
for program in $programs; do
	# env(1) executes as run does, with the shell's help where the kernel refuses
	env "./$program" >native.out 2>native.err
	status=$?
	# run says it in one line, then runs it as it is
	SYSSHIM_LIBRARY="$SHIM" "$SYSSHIM" run -q "./$program" >run.out 2>run.err
	[ $? -eq $status ] && cmp native.out run.out || fail "$program: run: $(cat run.out run.err)"
	head -n 1 run.err | grep -q '^sysshim run: .*word size' && tail -n +2 run.err | cmp native.err - || fail "$program: run does not say so: $(cat run.err)"
	"$SYSSHIM" doctor "./$program" >doctor.out 2>&1
	[ $? -eq 1 ] && grep -q "^no .*$program.*word size" doctor.out || fail "$program: doctor does not say so: $(cat doctor.out)"

	# as a child, by fork and by exec of the shell itself
	for script in "./$program; ./$program; exit 5" "exec ./$program"; do
		sh -c "$script" >native.out 2>native.err
		status=$?
		rm -f stats.*
		shimmed SYSSHIM_STATS="$PWD/stats.%p" SYSSHIM_STATS_FORMAT=json sh -c "$script" >shim.out 2>shim.err
		[ $? -eq $status ] && cmp native.out shim.out || fail "$program: '$script': $(cat shim.out shim.err)"
		cmp -s native.err shim.err || { echo "WRONG: $program: '$script': on stderr: $(head -n 2 shim.err)"; wrong=1; }
		number=0
		[ $runs -eq 0 ] || number=$(grep -o "\./$program" <<<"$script" | wc -l)
		python3 - "$number" stats.* <<'PYTHON' || fail "$program: '$script': not in the report: $(cat stats.*)"
import json, sys
rows = [json.loads(line) for name in sys.argv[2:] for line in open(name)]
foreign = max(row["coverage"]["not_followed"]["foreign"] for row in rows)
# a shell that executes it itself gives its own report before that is known to have worked
assert foreign == int(sys.argv[1]) or all(row["end"] == "exec" for row in rows), (foreign, rows)
PYTHON
	done
	# behind a filter that stands before all of it, as in a container
	./filtered sh -c "./$program; exit 5" >native.out 2>native.err
	if [ $? -eq 5 ]; then
		./filtered env LD_PRELOAD="$SHIM" SYSSHIM_LOG=off SYSSHIM_STATS=off sh -c "./$program; exit 5" >shim.out 2>shim.err
		[ $? -eq 5 ] && cmp native.out shim.out && cmp native.err shim.err || fail "$program: behind a filter: $(head -n 2 shim.err)"
	fi
	# and with an environment that its parent made: nothing of ours is added
	shimmed SYSSHIM_STATS=off env -i "./$program" >shim.out 2>shim.err
	env -i "./$program" >native.out 2>native.err
	cmp native.out shim.out && cmp native.err shim.err || fail "$program: env -i: $(cat shim.err)"
done
[ $wrong -eq 0 ] || exit 1
[ $runs -eq 1 ] || skip "passed, but this kernel runs no 32-bit programs: what they see was not tested"
exit 0
