/* logs: openat */
/* flavours: plain */
/* What open.c does, by the name with the 64-bit offset. */
#include "snippet.h"

#define open(...) open64(__VA_ARGS__)
#include "open.c"
