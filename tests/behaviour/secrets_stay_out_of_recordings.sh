#!/bin/bash
# Bytes that a program reads, writes, sends or hands to the kernel otherwise are not in a recording or a log by default, and of its environment only a
# fixed list of names is: no password that stands in a variable. Arguments and paths are there, as in ps, and so must not be secret.
set -u
. "$SRC/tests/lib/lib.sh"

cat >program.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SECRET "hunter2-in-a-buffer"
int main(int argc, char **argv, char **environment)
{
	char bytes[] = SECRET " " SECRET " " SECRET, got[sizeof bytes];
	struct iovec two[2] = {{bytes, 30}, {bytes + 30, sizeof bytes - 30}};
	int pair[2], fd = open("data", O_CREAT | O_RDWR | O_TRUNC, 0600);
	struct msghdr message = {.msg_iov = two, .msg_iovlen = 2};

	for (int i = 0; i < 100; i++)
		write(fd, bytes, sizeof bytes);
	pwrite(fd, bytes, sizeof bytes, 0);
	writev(fd, two, 2);
	pread(fd, got, sizeof got, 0);
	lseek(fd, 0, SEEK_SET);
	read(fd, got, sizeof got);
	fsetxattr(fd, "user.name", bytes, sizeof bytes, 0);
	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	send(pair[0], bytes, sizeof bytes, 0);
	sendmsg(pair[0], &message, 0);
	recv(pair[1], got, sizeof got, 0);
	recvmsg(pair[1], &message, 0);
	setsockopt(pair[0], SOL_SOCKET, SO_RCVBUF, bytes, 4);
	syscall(SYS_add_key, "user", "a-name", bytes, sizeof bytes, 0xfffffffd);
	prctl(PR_SET_NAME, bytes);
	dprintf(fd, "%s%n", bytes, &argc);
	fprintf(stdout, "%s\n", bytes);
	fflush(stdout);
	/* an environment of the child's own */
	if (!fork()) {
		execle("/bin/cat", "cat", "an-argument", (char *)NULL, (char *[]){"CHILD_PASSWORD=hunter2-in-a-childs-variable", NULL});
		_exit(9);
	}
	wait(NULL);
	return argv[1] && environment[0] ? 0 : 1;
}
C
cc -w -o program program.c || fail "it does not compile"
echo hunter2-in-a-file >an-argument
secrets=(AWS_SECRET_ACCESS_KEY=hunter2-in-a-variable PASSWORD=hunter2-in-a-variable TOKEN=hunter2-in-a-variable
	PATHS=hunter2-in-a-variable LANGUAGE=hunter2-in-a-variable)

# recorded NAME [NAME=VALUE...]: with an argument, a folder that is named, and the secrets
recorded() {
	local name=$1
	shift
	mkdir "$name" && env "${secrets[@]}" LD_PRELOAD="$SHIM" SYSSHIM_STATS=off "$@" ./program an-argument-of-the-first >out 2>err || fail "$name: $(cat err)"
	grep -q hunter2-in-a-buffer out && grep -q hunter2-in-a-file out || fail "$name: it did not run: $(cat out)"
	grep -raq an-argument-of-the-first "$name" || grep -raq 'an-argument' "$name" || fail "$name: nothing was recorded: $(ls -l "$name")"
}
for more in "" SYSSHIM_INTERCEPT=rewrite-all SYSSHIM_BATCH=off SYSSHIM_TRACE=audit; do
	rm -rf binary text json
	recorded binary SYSSHIM_LOG="$PWD/binary" SYSSHIM_LOG_FORMAT=binary ${more:+"$more"}
	recorded text SYSSHIM_LOG="$PWD/text/log" ${more:+"$more"}
	recorded json SYSSHIM_LOG="$PWD/json/log" SYSSHIM_LOG_FORMAT=json ${more:+"$more"}
	grep -raoE '.{0,30}hunter2.{20}' binary text json && fail "a secret was kept (${more:-default})"
done
# arguments and paths are kept, and data when they are asked for
grep -raq an-argument-of-the-first binary || fail "the arguments are not there"
rm -rf binary && recorded binary SYSSHIM_LOG="$PWD/binary" SYSSHIM_LOG_FORMAT=binary SYSSHIM_DATA=64
grep -raq hunter2-in-a-buffer binary || fail "what would be found is not there when it was asked for"
grep -raq hunter2-in-a-variable binary && fail "a variable was kept"

# the environment: these names, and no other
"$SYSSHIM" show --json binary >shown || fail "no show"
python3 - shown <<'PYTHON' || fail "other variables than the list: $(cat shown)"
import json, sys
kept = {"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "LD_BIND_NOW", "GLIBC_TUNABLES",
        "PATH", "LANG", "LC_ALL", "LC_CTYPE", "LOCPATH", "TZ", "TMPDIR", "HOME", "XDG_STATE_HOME"}
found = set()
for line in open(sys.argv[1]):
    found |= {entry.split("=", 1)[0] for entry in json.loads(line).get("environment", [])}
assert "LD_PRELOAD" in found and "PATH" in found, found
assert all(name in kept or name.startswith("SYSSHIM_") for name in found), found - kept
PYTHON
exit 0
