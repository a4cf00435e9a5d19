#!/bin/bash
# What gathering needs cannot be had: dispatch is refused, no timer (RLIMIT_SIGPENDING), no memory, /proc is not there, another kind of program. Then
# every write is native, the output is the same, nothing is said on stderr, and the summary names the reason.
# timeout: 120
set -u
. "$SRC/tests/lib/lib.sh"

cat >program.c <<'C'
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void lines(int fd, const char *who)
{
	char text[64];

	for (int i = 0; i < 2000; i++) {
		int length = sprintf(text, "%s %d\n", who, i);
		if (write(fd, text, (size_t)length) != length)
			_exit(1);
	}
}

int main(void)
{
	int fd = open("file", O_WRONLY | O_CREAT | O_TRUNC, 0644), status;

	lines(fd, "first");
	lines(1, "first");
	pid_t child = fork();
	if (child == 0) {
		lines(fd, "child");
		lines(1, "child");
		_exit(5);
	}
	waitpid(child, &status, 0);
	lines(fd, "after");
	dprintf(1, "child %#x\ndone\n", status);
	return 6;
}
C
# Refuses prctl(59, ...) with EPERM, or nothing at all, and executes the command.
cat >refuses.c <<'C'
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)atoi(argv[1]), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return 77;
	execvp(argv[2], argv + 2);
	return 127;
}
C
cc -O1 -o program program.c && cc -O1 -o refuses refuses.c || fail "it does not compile"

# native NAME REASON COMMAND...: no batch is made by any process, and the reason (a pattern) is said by one
native() {
	local name=$1 reason=$2
	shift 2
	same_run "$name" SYSSHIM_STATS="$PWD/$name.stats.%p" SYSSHIM_STATS_FORMAT=json -- "$@" "$PWD/program"
	[ ! -s "$name.shim.err" ] && [ "$(tail -n 1 "$name.native.out")" = done ] || fail "$name: natively it does not come to its end"
	python3 - "$reason" "$name".stats.* <<'PYTHON' || fail "$name: $(cat "$name".stats.*)"
import json, re, sys
rows = [json.loads(line) for name in sys.argv[2:] for line in open(name) if line.strip()]
work = [row for row in rows if row["program"] == "program" and row["end"] != "exec"]
assert len(work) == 2, [row["program"] for row in rows]
for row in work:
    assert row["batches"]["count"] == 0, row["batches"]
    assert any(re.search(sys.argv[1], why) for why in row["batches"]["not_coalesced"]), row["batches"]
# interposition alone does not see what libc itself writes: the last line
assert sum(row["calls"]["write"]["calls"] for row in work) >= 10000, "not every write is counted"
PYTHON
}

# that the program gathers at all
same_run gathered SYSSHIM_STATS="$PWD/gathered.stats.%p" SYSSHIM_STATS_FORMAT=json -- "$PWD/program"
python3 -c 'import json, sys
assert all(json.loads(line)["batches"]["count"] for name in sys.argv[1:] for line in open(name))' gathered.stats.* || fail "nothing is gathered: $(cat gathered.stats.*)"

./refuses 59 true
status=$?
if [ $status -eq 0 ]; then
	native dispatch_refused "seccomp filter" "$PWD/refuses" 59
	native some_filter "seccomp filter" "$PWD/refuses" 12345
else
	echo "seccomp: not tested, status $status"
fi
if bash -c 'ulimit -i 0' 2>/dev/null; then
	native no_timer "no timer" bash -c 'ulimit -i 0; exec "$@"' bash
fi
native not_rewritten "not rewritten" env SYSSHIM_INTERCEPT=interpose
# What the buffer and the alternate stack need is just not to be had: the limit that lets the shim begin without a complaint, and no more.
enough() {
	(ulimit -v "$1"; cd gathered.shim && LD_PRELOAD="$SHIM" SYSSHIM_LOG=off SYSSHIM_BATCH=off SYSSHIM_STATS="$OLDPWD/least" "$OLDPWD/program" >/dev/null 2>../complaint)
	[ $? -eq 6 ] && [ ! -s complaint ]
}
below=1000 least=4000000
enough $least || fail "no limit of memory lets it run"
while [ $((least - below)) -gt 4 ]; do
	middle=$(((least + below) / 2))
	if enough $middle; then least=$middle; else below=$middle; fi
done 2>/dev/null
for more in 0 8 16 24 32 40 48 56 64 72 80 88 96 104 112 120 128 136 144 160 176 192 208 224 240; do
	same_run "memory-$more" SYSSHIM_STATS="$PWD/memory-$more.stats.%p" SYSSHIM_STATS_FORMAT=json -- bash -c 'ulimit -v "$1"; shift; exec "$@"' bash $((least + more)) "$PWD/program"
	grep -q '^done$' "memory-$more.shim.out" || fail "memory-$more: it does not come to its end"
done
python3 - memory-*.stats.* <<'PYTHON' || fail "memory: a reason is missing"
import json, sys
rows = [json.loads(line)["batches"] for name in sys.argv[1:] for line in open(name) if '"program":"program"' in line]
assert any("no memory for the buffer" in row["not_coalesced"] for row in rows) and any(row["count"] for row in rows), "the limits were not around what is needed"
print(*[row for row in rows if not row["count"] and not row["not_coalesced"]])
assert all(row["count"] or row["not_coalesced"] for row in rows)
PYTHON
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
	native no_proc "/proc/self/maps" unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh
fi
exit 0
