/* What the files of `sysshim top` share. */
#ifndef CLI_TOP_H
#define CLI_TOP_H

#include "threads.h"

#include <termios.h>

enum { SECOND = 1000000000 };

struct top {
	struct recording recording;
	struct threads threads;
	uint64_t delay; /* ns */
	unsigned long looks; /* 0: no end */
	int pid, below, json;
	int is_terminal;
	struct termios as_it_was; /* where keys are read */
	int reads_keys;
};

/* The threads as they were found last. */
void top_print(const struct top *top);
void top_print_json(const struct top *top);

#endif
