/* Floor 0: a handler's frame; each processor's own. */
#if defined __x86_64__
#include "x86_64/signal_frame.h"
#elif defined __aarch64__
#include "aarch64/signal_frame.h"
#endif
