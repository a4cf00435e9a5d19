/* logs: openat */
/* flavours: plain */
/* What openat.c does, by the name with the 64-bit offset. */
#include "snippet.h"

#define openat(...) openat64(__VA_ARGS__)
#include "openat.c"
