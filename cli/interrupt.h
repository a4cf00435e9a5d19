/* Commands that show something live until somebody has had enough: the first SIGINT, SIGTERM or SIGQUIT ends them in an orderly way, the second at once. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <signal.h>

/* The signal that has come; 0: none. */
extern volatile sig_atomic_t interrupted_by;

/* From now on they are waited for, but for what is ignored. */
void interrupt_await(void);
/* Ends by the signal that has come, so that the caller sees which; returns where none has. */
void interrupt_end(void);

#endif
