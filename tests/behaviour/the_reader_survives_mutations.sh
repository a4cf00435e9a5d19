#!/bin/bash
# timeout: 300
# 3,000 mutated recordings (tests/fuzz/reader.c) are read by every command that reads recordings, under ASan and UBSan.
set -u
. "$SRC/tests/lib/lib.sh"

sources=$(ls "$SRC"/cli/*.c | grep -vE '/(main|run|doctor|library|sites|completion|trace_static|verify|verify_run|trees|inject|disassembler)\.c$')
# shellcheck disable=SC2086
cc -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -D_GNU_SOURCE -DSYSSHIM_VERSION='"0"' -o reader "$SRC/tests/fuzz/reader.c" $sources "$SRC"/format/*.c 2>cc.err || fail "it does not compile: $(head -n 5 cc.err)"
shimmed SYSSHIM_LOG=good SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off bash -c 'for i in {1..200}; do echo $i; done >lines; cat lines nowhere; python3 -S -c "import os; f = os.open(\"lines\", 0); os.dup2(f, f); os.read(f, 1)"; sleep 9 & kill $!; wait; exec ls -l /' >out 2>err
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
./reader good/*.rec 2>err || fail "unchanged: $(grep -v ^sysshim err | head -n 20)"
# what no seed may come upon: ld.so's look for its file of preloads has a result that cannot be negated. It stands two numbers in front of glibc's version.
python3 -S - good/*.rec <<'P' || fail "no start was found in the recording"
import os, sys
version = os.confstr("CS_GNU_LIBC_VERSION").split()[1].encode() + b"\0"
for name in sys.argv[1:]:
    data = bytearray(open(name, "rb").read())
    if version in data:
        at = data.index(version) - 8
        data[at : at + 4] = b"\0\0\0\x80"
        open("start", "wb").write(data)
        sys.exit(0)
sys.exit(1)
P
./reader start 2>err || fail "a start that never was: $(grep -v ^sysshim err | head -n 20)"
./reader 1 3000 good/*.rec 2>err || fail "$(grep -vE '^(sysshim|coverage)' err | head -n 25)"
[ "$(grep -c '^sysshim' err)" -gt 1000 ] || fail "the mutations were hardly noticed: $(sort err | uniq -c | head -n 5)"
