/* For the scan for sites outside of the shim (tools/sites.c, the command, a unit test): its memory.c can make system calls, the scan itself
 * makes none. */
#include "shim/sys/raw.h"

long raw_call(long number, long a, long b, long c, long d, long e, long f)
{
	(void)number, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
	__builtin_trap();
}
