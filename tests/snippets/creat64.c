/* logs: creat|openat */
/* flavours: plain */
/* What creat.c does, by the name with the 64-bit offset. */
#include "snippet.h"

#define creat(...) creat64(__VA_ARGS__)
#include "creat.c"
