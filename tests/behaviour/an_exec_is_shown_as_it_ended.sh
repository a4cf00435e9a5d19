#!/bin/bash
# An exec that has failed is never shown as one that has succeeded, and one that has succeeded is shown so by every filter: of the program itself, of
# a child that borrows its parent's memory (vfork, posix_spawn), of a thread that is not the first.
set -u
. "$SRC/tests/lib/lib.sh"

cat >execs.c <<'C'
#define _GNU_SOURCE
#include <pthread.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char **arguments;

static void *replace(void *none)
{
	execl("/no/such/1", "x", NULL);
	execl(arguments[0], arguments[0], "last", NULL);
	return none;
}

int main(int count, char **vector)
{
	char *empty[] = {"true", NULL};
	pthread_t thread;
	pid_t child;

	if (count > 1)
		return 0;
	if (!vfork()) {
		execve("/no/such/2", empty, environ);
		execve("/no/such/3", empty, environ);
		execve("/bin/true", empty, environ);
		_exit(1);
	}
	wait(NULL);
	if (posix_spawnp(&child, "true", NULL, NULL, empty, environ))
		return 1;
	wait(NULL);
	if (!fork()) {
		execl("/no/such/4", "x", NULL);
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	wait(NULL);
	arguments = vector;
	pthread_create(&thread, NULL, replace, NULL);
	pause();
}
C
gcc -O1 -o execs execs.c -lpthread || fail "no program"
PATH=/no/such/5:/no/such/6:/bin:/usr/bin env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/recording" SYSSHIM_LOG_FORMAT=binary ./execs || fail "status $?"
"$SYSSHIM" trace -e execve recording >shown || fail "trace: $?"
"$SYSSHIM" trace -e execve --json recording >shown.json || fail "trace --json: $?"
"$SYSSHIM" trace -e execve -z recording >good || fail "trace -z: $?"
"$SYSSHIM" trace -e execve -z --json recording >good.json || fail "trace -z --json: $?"
"$SYSSHIM" trace -e execve -Z --json recording >bad.json || fail "trace -Z --json: $?"
"$SYSSHIM" trace -P /bin/true --json recording >path.json || fail "trace -P --json: $?"
"$SYSSHIM" stat --json -z recording >stat.json || fail "stat -z: $?"
"$SYSSHIM" stat --json -P /bin/true recording >stat.path.json || fail "stat -P: $?"
python3 - <<'P' || fail "an exec is not shown as it ended"
import json, re
lines = open("shown").read()
for line in lines.splitlines():
    assert not ("/no/such" in line and line.rstrip().endswith("= 0")), line
assert "NULL, NULL" not in lines, lines
assert len(re.findall(r'execve\("/bin/true".* = 0$', open("good").read(), re.M)) == 3, open("good").read()
assert "/no/such" not in open("good").read() and "NULL, NULL" not in open("good").read()

def calls(name):
    return [call for call in map(json.loads, open(name)) if call.get("call") == "execve"]

def kinds(name):
    all = [(call["path"], call["result"], call.get("errno")) for call in calls(name)]
    return sum(r == 0 for _, r, _ in all), sum(r == -1 and e == "ENOENT" for _, r, e in all), len(all)
# succeeded: three times /bin/true, the program itself; failed: six
assert kinds("shown.json") == (4, 6, 10), calls("shown.json")
assert kinds("good.json") == (4, 0, 4), calls("good.json")
assert kinds("bad.json") == (0, 6, 6), calls("bad.json")
assert [call["path"] for call in calls("path.json")] == ["/bin/true"] * 3 and kinds("path.json") == (3, 0, 3), calls("path.json")
assert not any(call.get("unfinished") for name in ("shown.json", "good.json", "path.json") for call in calls(name))
# children that borrow memory are processes, a thread is none
assert all(call["pid"] == call["tid"] for call in calls("shown.json") if "last" not in str(call) and "/no/such/1" != call["path"]), calls("shown.json")
assert all(call["pid"] != call["tid"] for call in calls("shown.json") if call["path"] == "/no/such/1"), calls("shown.json")

def counted(name):
    return json.load(open(name))["calls"]["execve"]
assert counted("stat.json")["calls"] == 4 and counted("stat.json")["errors"] == 0, counted("stat.json")
assert counted("stat.path.json")["calls"] == 3, counted("stat.path.json")
P

# what cannot be followed has no file of its own; who asks for successful calls only hears of it all the same
printf 'int main(void) { return 0; }\n' >static.c && gcc -static -o static static.c || fail "no static program"
"$SYSSHIM" run -z -q --record=successful -- sh -c './static; /bin/true; :' || fail "run -z: $?"
[ "$("$SYSSHIM" trace -e execve -z successful 2>/dev/null | grep -c '\(static\|true\)".* = 0$')" -eq 2 ] || fail "run -z: $("$SYSSHIM" trace -e execve -z successful 2>&1)"
"$SYSSHIM" files --deny '*/static' successful >/dev/null 2>&1
[ $? -eq 1 ] || fail "files passes what run -z has executed"
# a fork comes back twice and is one call
"$SYSSHIM" stat --json -z -e trace=clone recording >stat.json
python3 -c 'import json; calls = json.load(open("stat.json"))["calls"]["clone"]; assert calls["calls"] == 1, calls' 2>err || fail "$(tail -n 1 err)"
# Of a file that it refuses the kernel has read the beginning, and counts that among the process's reads: it is none that passed us by. Nor is ours, of a tracer's answer.
echo 'read line <execs.c' >no_interpreter
printf '#!/no/such/interpreter\n' >bad_interpreter
chmod +x no_interpreter bad_interpreter
printf 'int main(void) { return 0; }\n' >nothing.c
cc -static -o static nothing.c 2>/dev/null || cp /bin/true static
for option in -q --trace-static; do
	"$SYSSHIM" run -q "$option" "--record=refused$option" -- bash -c './no_interpreter; ./bad_interpreter; ./static; exec ./no_interpreter' >out 2>&1
	"$SYSSHIM" stat --json "refused$option" >stat.json || fail "stat: status $?"
	python3 -c 'import json; kernel = json.load(open("stat.json"))["coverage"]["kernel"]; assert kernel["reads"] == kernel["counted_reads"] > 0, kernel' 2>err || fail "$option: $(tail -n 1 err)"
done

# Who only asks whether a file could be executed (Linux 6.14; before, the flag is refused) has executed nothing.
cat >asks.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int count, char **vector)
{
	return syscall(SYS_execveat, AT_FDCWD, "./static", vector, (char *[]){0}, 0x10000 /* AT_EXECVE_CHECK */) > 0;
}
C
gcc -o asks asks.c || fail "no program"
for trace in all audit; do
	"$SYSSHIM" run -q -e trace=$trace --record=asked.$trace -- ./asks || fail "status $?"
	"$SYSSHIM" files --all --json asked.$trace >asked.json
	python3 - <<'P' || fail "-e trace=$trace: see above"
import json
lines = [json.loads(line) for line in open("asked.json")]
row = [line for line in lines if line.get("path", "").endswith("/static")]
assert len(row) == 1 and row[0]["access"] == "-" and row[0]["opens"] == 0 and row[0]["named"] == 1, row
assert lines[-1]["coverage"]["not_followed"]["static"] == 0 and not lines[-1]["not_followed"], lines[-1]
P
done
exit 0
