/* Names, read from the tables. They lie in pools and are found by offset: a table of pointers would need relocations, and a call may
 * come to the shim before those are made. */
#include "syscalls.h"

#include <asm/errno.h>
#include <asm/unistd.h>

struct name_pool {
#define CALL(name, ...) char at_##name[sizeof #name];
#include "syscalls.def"
#undef CALL
};

static const struct name_pool pool = {
#define CALL(name, ...) #name,
#include "syscalls.def"
#undef CALL
};

/* KINDS(a, b, …) is ARG_a, ARG_b, …, for one to six of them. */
#define SEVENTH(a, b, c, d, e, f, count, ...) count
#define COUNT(...) SEVENTH(__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0)
#define KINDS_1(a) ARG_##a
#define KINDS_2(a, b) ARG_##a, ARG_##b
#define KINDS_3(a, b, c) ARG_##a, ARG_##b, ARG_##c
#define KINDS_4(a, b, c, d) ARG_##a, ARG_##b, ARG_##c, ARG_##d
#define KINDS_5(a, b, c, d, e) ARG_##a, ARG_##b, ARG_##c, ARG_##d, ARG_##e
#define KINDS_6(a, b, c, d, e, f) ARG_##a, ARG_##b, ARG_##c, ARG_##d, ARG_##e, ARG_##f
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define KINDS(...) PASTE(KINDS_, COUNT(__VA_ARGS__))(__VA_ARGS__)

const struct syscall_row syscall_rows[SYSCALL_LIMIT] = {
#define CALL(call, effect, bits, ...) \
	[__NR_##call] = {.name = offsetof(struct name_pool, at_##call) + 1, \
			 .flags = (bits), \
			 .class = effect, \
			 .kinds = {KINDS(__VA_ARGS__)}},
#include "syscalls.def"
#undef CALL
};

int syscall_path_argument(const struct syscall_row *row)
{
	for (int i = 0; row && i < 6; i++)
		if (row->kinds[i] == ARG_PATH)
			return i;
	return -1;
}

const char *syscall_name(uint64_t number)
{
	const struct syscall_row *row = syscall_row(number);

	return row ? (const char *)&pool + row->name - 1 : NULL;
}

static int is_name(const char *name, const char *wanted, size_t length)
{
	size_t i = 0;

	while (i < length && name[i] && name[i] == wanted[i])
		i++;
	return i == length && !name[i];
}

int syscall_number(const char *name, size_t length)
{
	for (int number = 0; number < SYSCALL_LIMIT; number++)
		if (syscall_rows[number].name && is_name(syscall_name((uint64_t)number), name, length))
			return number;
	return -1;
}

/* A list of strings one behind the other, an empty one for a gap. */
static const char *nth(const char *list, size_t size, unsigned index)
{
	const char *end = list + size - 1;

	for (; index && list < end; index--) {
		while (*list)
			list++;
		list++;
	}
	return list < end && *list ? list : NULL;
}

struct error_pool {
#define ERROR(name, text) char name_##name[sizeof #name], text_##name[sizeof text];
#include "errno.def"
#undef ERROR
};

static const struct error_pool errors = {
#define ERROR(name, text) #name, text,
#include "errno.def"
#undef ERROR
};

enum { ERROR_LIMIT = 134 };

static const struct {
	uint16_t name, text; /* plus one */
} error_rows[ERROR_LIMIT] = {
#define ERROR(name, text) [name] = {offsetof(struct error_pool, name_##name) + 1, offsetof(struct error_pool, text_##name) + 1},
#include "errno.def"
#undef ERROR
};

const char *errno_name(unsigned error)
{
	return error < ERROR_LIMIT && error_rows[error].name ? (const char *)&errors + error_rows[error].name - 1 : NULL;
}

const char *errno_text(unsigned error)
{
	return error < ERROR_LIMIT && error_rows[error].text ? (const char *)&errors + error_rows[error].text - 1 : NULL;
}

/* 1 to 64, as strace names them: real-time signals count from the kernel's own first one. */
static const char signals[] =
	"\0SIGHUP\0SIGINT\0SIGQUIT\0SIGILL\0SIGTRAP\0SIGABRT\0SIGBUS\0SIGFPE\0SIGKILL\0SIGUSR1\0SIGSEGV\0SIGUSR2\0SIGPIPE\0SIGALRM\0"
	"SIGTERM\0SIGSTKFLT\0SIGCHLD\0SIGCONT\0SIGSTOP\0SIGTSTP\0SIGTTIN\0SIGTTOU\0SIGURG\0SIGXCPU\0SIGXFSZ\0SIGVTALRM\0SIGPROF\0"
	"SIGWINCH\0SIGIO\0SIGPWR\0SIGSYS\0SIGRTMIN\0SIGRT_1\0SIGRT_2\0SIGRT_3\0SIGRT_4\0SIGRT_5\0SIGRT_6\0SIGRT_7\0SIGRT_8\0SIGRT_9\0"
	"SIGRT_10\0SIGRT_11\0SIGRT_12\0SIGRT_13\0SIGRT_14\0SIGRT_15\0SIGRT_16\0SIGRT_17\0SIGRT_18\0SIGRT_19\0SIGRT_20\0SIGRT_21\0"
	"SIGRT_22\0SIGRT_23\0SIGRT_24\0SIGRT_25\0SIGRT_26\0SIGRT_27\0SIGRT_28\0SIGRT_29\0SIGRT_30\0SIGRT_31\0SIGRT_32";

const char *signal_name(unsigned signal)
{
	return signal >= 1 && signal <= 64 ? nth(signals, sizeof signals, signal) : NULL;
}
