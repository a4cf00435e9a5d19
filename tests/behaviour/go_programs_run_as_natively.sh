#!/bin/bash
# timeout: 240
# A Go program that is linked with libc sets its handlers through libc and its alternate stacks by instructions of its own: where ours stood, its
# preemption signal ended it ("handler not on signal stack"). With a log, without, and with batches asked for.
set -u
. "$SRC/tests/lib/lib.sh"
command -v go >/dev/null || skip "no go"

export HOME=$PWD GOCACHE=$PWD/cache GOFLAGS=-mod=mod GO111MODULE=off
cat >go.go <<'GO'
package main

/*
#include <stdio.h>
static void say(void) { for (int i = 0; i < 3000; i++) dprintf(1, "%d\n", i); }
*/
import "C"
import (
	"fmt"
	"os/exec"
	"runtime"
	"sync"
)

func main() {
	var w sync.WaitGroup
	for i := 0; i < 20; i++ {
		w.Add(1)
		go func() {
			defer w.Done()
			for j := 0; j < 100; j++ {
				runtime.GC()
			}
		}()
	}
	C.say()
	w.Wait()
	out, err := exec.Command("echo", "child").Output()
	fmt.Println(string(out), err)
}
GO
go build go.go 2>build.err || skip "cgo does not work here: $(tail -n 1 build.err)"
readelf -l go | grep -q INTERP || fail "the program is static: nothing is tested"
./go >native || fail "natively: exit status $?"
for settings in SYSSHIM_LOG=off "SYSSHIM_LOG=$PWD/text" "SYSSHIM_LOG=$PWD/rec SYSSHIM_LOG_FORMAT=binary" "SYSSHIM_LOG=off SYSSHIM_STATS=$PWD/stats SYSSHIM_BURST=1" \
	"SYSSHIM_INTERCEPT=rewrite-all SYSSHIM_LOG=$PWD/rec2 SYSSHIM_LOG_FORMAT=binary" "SYSSHIM_DISPATCH=always SYSSHIM_LOG=$PWD/text2"; do
	for turn in 1 2 3; do
		# shellcheck disable=SC2086
		env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off $settings ./go >out 2>err || fail "$settings: exit status $?: $(head -n 2 err)"
		cmp -s native out || fail "$settings: another output"
	done
done
