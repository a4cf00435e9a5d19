/* logs: * */
/* flavours: plain */
/* Numbers that no kernel has, and ones whose upper half is garbage. */
#include "snippet.h"

static void snippet(void)
{
	CALL(syscall(unknown(9999)));
	CALL(syscall(unknown(-1)));
	CALL(syscall(unknown(0x40000000L + SYS_getpid)));
	CALL_UNSHOWN(syscall(unknown((7L << 32) + SYS_getpid)));
}
