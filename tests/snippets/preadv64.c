/* logs: preadv */
/* flavours: plain */
/* What preadv.c does, by the name with the 64-bit offset. */
#include "snippet.h"

#define preadv(...) preadv64(__VA_ARGS__)
#include "preadv.c"
