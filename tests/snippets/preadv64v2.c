/* logs: preadv2 */
/* flavours: plain */
/* What preadv2.c does, by the name with the 64-bit offset. */
#include "snippet.h"

#define preadv2(...) preadv64v2(__VA_ARGS__)
#include "preadv2.c"
