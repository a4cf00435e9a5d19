/* logs: pread64 */
/* flavours: plain */
/* What pread.c does, by the name with the 64-bit offset. */
#include "snippet.h"

#define pread(...) pread64(__VA_ARGS__)
#include "pread.c"
