/* logs: pwrite64 */
/* flavours: plain */
/* What pwrite.c does, by the name with the 64-bit offset. */
#include "snippet.h"

#define pwrite(...) pwrite64(__VA_ARGS__)
#include "pwrite.c"
