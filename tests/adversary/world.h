/* The small world in which a program is performed: its descriptors, what is known of pipes, and what it has to tell.
 *
 * What is told: each operation says into memory what came of it, and memory is all that it touches, because a call more would make
 * the shim write what it has buffered, and hide what is looked for. It is handed over on descriptor 2 by the operation `tell`, at
 * ends by chance, and what was said since then is hashed into the exit status.
 *
 * Deterministic by construction: nothing that differs between two runs (processes' numbers, addresses, times) is said; what may wait for ever is
 * known from the model of pipes and left out; whoever makes a child waits for it. */
#ifndef WORLD_H
#define WORLD_H
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUMBERS = 64, OBJECTS = 64, SAID_MOST = 1 << 16, TEXT = 1 << 17, PIPE_MOST = 30000, PACKETS_MOST = 60 };

enum end { FILE_END, READ_END, WRITE_END, SOCKET_0, SOCKET_1 };

/* A pipe, or a pair of sockets: what waits at each end, and how many descriptors of other processes hold an end open. */
struct object {
	int used, waiting[2], packets[2], others[2];
};

struct world {
	const struct program *program;
	int verbose, depth /* 0: the program itself */;
	int slots[SLOTS];         /* the descriptor that a slot names, open or not; -1: none yet */
	struct {
		int8_t object;    /* + 1; 0: no pipe */
		uint8_t end;
	} numbers[NUMBERS];
	struct object objects[OBJECTS];
	char text[TEXT];          /* what is written, in its order */
	unsigned at, made;
	jmp_buf back;
	int can_jump;
	char said[SAID_MOST];
	unsigned said_size, told; /* so many bytes of it have been handed over */
	unsigned hash;
	FILE *file;
};
extern struct world world;

/* perform.c */
void perform(int from, int to);
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
void tell(void);
unsigned hash_of(const void *bytes, size_t size);
const char *bytes_to_write(unsigned size); /* the next ones */
int ending_status(void);

/* calls.c: a system call by one of three ways; -errno */
enum { BY_LIBC, BY_SYSCALL, BY_INSTRUCTION };
long call_by(int way, long number, const long *arguments);
#define CALL(way, number, ...) call_by(way, number, (long[6]){__VA_ARGS__})

/* descriptors.c */
int slot_number(int slot);
void slot_opened(int slot, int fd); /* what has no other end */
void number_opened(int number, int object, int end); /* object -1: no pipe */
void number_copied(int from, int to);
void number_closed(int number);
int object_new(void);
int may_read(int number);            /* it does not wait */
int may_write(int number, long size);
void was_read(int number, long result);
void was_written(int number, long result);
void objects_ask(void);              /* a child may have read and written */
void objects_inherit(void);          /* in a child: its parent holds what it holds */

/* children.c */
void child_begins(void);
void child_waited(int pid, const char *what);

#define OPERATION(name, ...) void perform_##name(const int32_t *a);
#include "operations.def"
#undef OPERATION

#endif
