#!/bin/bash
# A library that is initialized before us has forbidden a page of libc's text that nobody needs: it is not read where it stands, and the program runs as natively.
set -u
. "$SRC/tests/lib/lib.sh"

cat >forbids.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

__attribute__((constructor)) static void forbid(void)
{
	uintptr_t page = (uintptr_t)dlsym(RTLD_DEFAULT, "msgsnd") & ~4095ul;

	/* it is there */
	*(volatile char *)page;
	if (page && mprotect((void *)page, 4096, PROT_NONE) == 0)
		write(1, "forbidden\n", 10);
}
C
cc -w -O1 -fPIC -shared -Wl,-z,initfirst -o forbids.so forbids.c || fail "it does not compile"
[ "$(LD_PRELOAD=$PWD/forbids.so /bin/true)" = forbidden ] || fail "natively: status $?"
# of all that is to be initialized first, the last one is
for settings in SYSSHIM_LOG=off "SYSSHIM_LOG=$PWD/recording SYSSHIM_LOG_FORMAT=binary" SYSSHIM_INTERCEPT=rewrite-all; do
	out=$(env SYSSHIM_STATS="$PWD/stats" $settings LD_PRELOAD="$SHIM:$PWD/forbids.so" /bin/true 2>&1)
	status=$?
	[ $status -eq 0 ] && [ "$out" = forbidden ] || fail "$settings: status $status: $out"
done
exit 0
