#!/bin/bash
# timeout: 300
# 3,000 mutated recordings (tests/fuzz/reader.c) are read by every command that reads recordings, under ASan and UBSan.
set -u
. "$SRC/tests/lib/lib.sh"

sources=$(ls "$SRC"/cli/*.c | grep -vE '/(main|run|doctor|library|program|sites|completion|trace_static|verify|verify_run|trees|inject|disassembler)\.c$')
# shellcheck disable=SC2086
cc -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -D_GNU_SOURCE -o reader "$SRC/tests/fuzz/reader.c" $sources "$SRC"/format/*.c 2>cc.err || fail "it does not compile: $(head -n 5 cc.err)"
shimmed SYSSHIM_LOG=good SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off bash -c 'for i in {1..200}; do echo $i; done >lines; cat lines nowhere; python3 -S -c "import os; f = os.open(\"lines\", 0); os.dup2(f, f); os.read(f, 1)"; sleep 9 & kill $!; wait; exec ls -l /' >out 2>err
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
./reader good/*.rec 2>err || fail "unchanged: $(grep -v ^sysshim err | head -n 20)"
./reader 1 3000 good/*.rec 2>err || fail "$(grep -vE '^(sysshim|coverage)' err | head -n 25)"
[ "$(grep -c '^sysshim' err)" -gt 1000 ] || fail "the mutations were hardly noticed: $(sort err | uniq -c | head -n 5)"
