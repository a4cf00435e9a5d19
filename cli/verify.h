/* sysshim run --verify, in two files: one run of the program (verify_run.c), and what is made of several (verify.c). */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

/* How a run is to be made, and what came of it. */
struct verify_run {
	const char *folder;   /* the program's working folder */
	int in;               /* what it is to read on its standard input: a file, from its beginning; or -1: nothing */
	int out, err;         /* files for what it writes; the same for both: in the order in which it writes */
	int status;           /* of waitpid(2) */
	unsigned left;        /* processes that it left behind, and that were ended */
};

/* Catches what would end the command before it has removed what it made. */
void verify_catch_signals(void);
/* The signal that has come, 0: none. */
int verify_signal(void);

/* Runs a program in a session of its own, without a terminal, until it and what it has started are gone. 0: it could not be executed, and errno
 * says why. */
int verify_execute(struct verify_run *run, char *const *arguments);

#endif
