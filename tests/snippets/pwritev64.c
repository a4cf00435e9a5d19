/* logs: pwritev */
/* flavours: plain */
/* What pwritev.c does, by the name with the 64-bit offset. */
#include "snippet.h"

#define pwritev(...) pwritev64(__VA_ARGS__)
#include "pwritev.c"
