/* What the files of `sysshim top` share. */
#ifndef CLI_TOP_H
#define CLI_TOP_H

#include "clock.h"
#include "threads.h"

#include <signal.h>
#include <termios.h>

struct top {
	struct recording recording;
	struct threads threads;
	uint64_t delay; /* ns */
	unsigned long looks; /* 0: no end */
	int pid, below, json;
	int is_terminal;
	struct termios as_it_was, for_keys; /* where keys are read */
	volatile sig_atomic_t reads_keys;
};

/* The threads as they were found last. */
void top_print(const struct top *top);
void top_print_json(const struct top *top);

#endif
