/* Floor 0: copies that survive a fault; each processor's own. */
#if defined __x86_64__
#include "x86_64/copy.h"
#elif defined __aarch64__
#include "aarch64/copy.h"
#endif
