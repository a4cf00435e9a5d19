/* Where libc is not rewritten nothing is gathered, and nobody arms: dispatch is not needed on aarch64.
 * (Linux has system call user dispatch on x86.) */
#include "../intercept.h"

#include "../../sys/poison.h"

void dispatch_start(uint64_t text, uint64_t size)
{
	(void)text, (void)size;
}
