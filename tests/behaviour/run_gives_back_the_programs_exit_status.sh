#!/bin/bash
# `sysshim run` is the program: every exit status, death by a signal, output, and its arguments as they are. 125 to 127 are env(1)'s.
set -u
. "$SRC/tests/lib/lib.sh"

mkdir bin && cp "$SYSSHIM" bin/sysshim && ln -s "$SHIM" bin/libsysshim.so || fail "no copy of the command"
SYSSHIM=$PWD/bin/sysshim
for status in {0..127} 128 200 255; do
	"$SYSSHIM" run -q -- sh -c "exit $status" || [ $? -eq $status ] || fail "exit $status comes back as another one"
done
"$SYSSHIM" run -q sh -c 'exit 0' || fail "exit 0 comes back as $?"

# a signal's death is one, and no exit status of 128 and more
python3 - "$SYSSHIM" <<'PYTHON' || fail "a death by signal does not come back"
import signal, subprocess, sys
for name in ("TERM", "INT", "KILL", "HUP", "ABRT", "SEGV", "USR1", "RTMIN"):
    for options in ([], ["-o", "log"]):
        status = subprocess.run([sys.argv[1], "run", "-q", *options, "sh", "-c", f"kill -{name} $$"]).returncode
        assert status == -getattr(signal, "SIG" + name), (name, options, status)
PYTHON

[ "$("$SYSSHIM" run -q -- printf '%s|' a "b  c" '' '*' -q --)" = "a|b  c||*|-q|--|" ] || fail "arguments are changed"
[ "$("$SYSSHIM" run -q echo --help -o x)" = "--help -o x" ] || fail "options behind the program are taken for ours"
[ "$(echo in | "$SYSSHIM" run -q cat)" = in ] || fail "stdin is lost"
[ "$("$SYSSHIM" run -q sh -c 'echo $$ $PPID; :' | wc -w)" -eq 2 ] || fail "output is lost"

# a folder of PATH that this user may not enter would be another error, as natively
PATH=/usr/bin:/bin "$SYSSHIM" run -q no_such_program_here 2>err
[ $? -eq 127 ] && [ "$(wc -l <err)" -le 2 ] && grep -q 'no_such_program_here: No such file' err || fail "not found: $(cat err)"
echo text >file
"$SYSSHIM" run -q ./file 2>err
[ $? -eq 126 ] && grep -q './file: Permission denied' err || fail "not executable: $(cat err)"
"$SYSSHIM" run -q . 2>err
[ $? -eq 126 ] || fail "a folder: status $?: $(cat err)"
# nobody writes into it: it is refused, as natively, and not waited for
mkfifo pipe && chmod +x pipe
timeout 20 "$SYSSHIM" run -q ./pipe 2>err
[ $? -eq 126 ] && grep -q './pipe: Permission denied' err || fail "a FIFO: $(cat err)"
SYSSHIM_LIBRARY=$PWD/nowhere.so "$SYSSHIM" run -q true 2>err
[ $? -eq 125 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q 'libsysshim.so.*SYSSHIM_LIBRARY' err || fail "no library: $(cat err)"
exit 0
