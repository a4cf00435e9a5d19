/* Rules of fault injection in strace's grammar (strace(1), -e inject=), read by the shim and, beforehand, by the command. Freestanding.
 *
 *     SET:ACTION[:ACTION...][:when=first[..last][+[step]]]
 *     error=E | retval=N   the call is not made, and this is its answer
 *     short=N              it is made with N bytes at most
 *     signal=S             the thread gets a signal
 *     delay_enter=T, delay_exit=T
 *
 * Several rules are separated by semicolons; of two that name one call the later one is its rule. */
#ifndef FORMAT_INJECT_H
#define FORMAT_INJECT_H

#include "text.h"

enum { INJECT_RULES = 16 };

enum inject_what {
	INJECT_ANSWER = 1,
	INJECT_SHORT = 2,
	INJECT_SIGNAL = 4,
	INJECT_DELAY = 8
};

struct inject_rule {
	uint8_t what;         /* enum inject_what, together */
	uint8_t signal;
	uint16_t step;
	uint32_t first, last; /* of a process's calls of one number, from 1 */
	int64_t answer;       /* -errno or a value */
	uint64_t most;        /* bytes */
	uint64_t delay_enter, delay_exit; /* ns */
};

struct inject_rules {
	struct inject_rule rules[INJECT_RULES];
	uint32_t count, left;           /* left: rules that found no place */
	uint8_t of_call[SYSCALL_LIMIT]; /* by number, the last one for those out of range: index of its rule + 1, 0: none */
};

/* What is wrong with a text, and what would do in its place. */
struct inject_wrong {
	const char *at;
	size_t size;
	const char *allowed; /* static */
};

/* 0; or -1 and *wrong. `rules` is zero before. Pure. */
int inject_parse(struct inject_rules *rules, const char *text, struct inject_wrong *wrong);

/* Is this the number of one of the rule's turns? */
static inline int inject_is_due(const struct inject_rule *rule, uint32_t turn)
{
	return turn >= rule->first && turn <= rule->last && (turn - rule->first) % rule->step == 0;
}

/* Where a call's number of bytes stands: an argument's index; with *vector, of a vector's number of parts. -1: it moves none. */
int inject_size_argument(uint64_t number, int *vector);

#endif
