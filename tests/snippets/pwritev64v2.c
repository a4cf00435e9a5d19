/* logs: pwritev2 */
/* flavours: plain */
/* What pwritev2.c does, by the name with the 64-bit offset. */
#include "snippet.h"

#define pwritev2(...) pwritev64v2(__VA_ARGS__)
#include "pwritev2.c"
