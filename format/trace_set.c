/* Sets of system calls. strace's older words without a percent sign mean the same. */
#include "trace_set.h"

enum { WORDS = SYSCALL_LIMIT / 64 };

static const struct {
	char name[10];
	uint16_t flags;
} classes[] = {
	{"file", CALL_FILE},       {"desc", CALL_DESC},     {"network", CALL_NETWORK}, {"net", CALL_NETWORK},
	{"process", CALL_PROC},    {"signal", CALL_SIGNAL}, {"memory", CALL_MEMORY},   {"io", CALL_BYTES_IN | CALL_BYTES_OUT},
	{"all", 0xffff},
};

/* strace's classes that are lists of names (strace(1), -e trace=). */
static const struct {
	char name[10];
	char calls[200];
} lists[] = {
	{"stat", "?stat"},
	{"lstat", "?lstat"},
	{"fstat", "fstat,newfstatat,statx"},
	{"%stat", "?stat,?lstat,fstat,newfstatat,statx"},
	{"statfs", "statfs"},
	{"fstatfs", "fstatfs"},
	{"%statfs", "statfs,fstatfs,?ustat"},
	{"clock", "adjtimex,clock_adjtime,clock_getres,clock_gettime,clock_settime,gettimeofday,settimeofday,?time"},
	{"creds", "capget,capset,getegid,geteuid,getgid,getgroups,getresgid,getresuid,getuid,prctl,setfsgid,setfsuid,setgid,setgroups,setregid,setresgid,setresuid,"
		  "setreuid,setuid"},
	{"ipc", "msgctl,msgget,msgrcv,msgsnd,semctl,semget,semop,semtimedop,shmat,shmctl,shmdt,shmget"},
	{"pure", "getegid,geteuid,getgid,getpgid,?getpgrp,getpid,getppid,getresgid,getresuid,getsid,gettid,getuid"},
};

static int is_word(const char *word, size_t length, const char *name)
{
	size_t i = 0;

	while (i < length && name[i] && name[i] == word[i])
		i++;
	return i == length && !name[i];
}

static void add(uint64_t *set, unsigned number)
{
	set[number / 64] |= 1ull << (number % 64);
}

static int add_words(uint64_t *set, const char *word, const char *end, const char **wrong);

static const char *end_of(const char *text)
{
	while (*text)
		text++;
	return text;
}

static int add_list(uint64_t *set, const char *word, size_t length)
{
	const char *wrong;

	for (unsigned i = 0; i < sizeof lists / sizeof lists[0]; i++)
		if (is_word(word, length, lists[i].name))
			return add_words(set, lists[i].calls, end_of(lists[i].calls), &wrong);
	return 0;
}

static int add_class(uint64_t *set, const char *word, size_t length)
{
	for (unsigned i = 0; i < sizeof classes / sizeof classes[0]; i++) {
		if (!is_word(word, length, classes[i].name))
			continue;
		for (unsigned number = 0; number < SYSCALL_LIMIT; number++) {
			const struct syscall_row *row = syscall_row(number);
			if (classes[i].flags == 0xffff || (row && row->flags & classes[i].flags))
				add(set, number);
		}
		return 1;
	}
	return is_word(word, length, "none") || add_list(set, word, length);
}

/* A call's number in decimal digits, or as calls without a name are printed (syscall_0x190); -1: it is none. */
static int number_of(const char *word, size_t length)
{
	static const char before[] = "syscall_0x", digits[] = "0123456789abcdef";
	size_t first = sizeof before - 1;
	unsigned number = 0, base = length > first && is_word(word, first, before) ? 16 : 10;

	for (size_t i = base == 16 ? first : 0; i < length; i++) {
		unsigned digit = 0;
		while (digit < base && digits[digit] != word[i])
			digit++;
		number = number * base + digit;
		if (digit == base || number >= SYSCALL_LIMIT)
			return -1;
	}
	return length ? (int)number : -1;
}

static int add_word(uint64_t *set, const char *word, size_t length)
{
	int optional = length && *word == '?';
	int number = syscall_number(word + optional, length - (size_t)optional);

	if (number < 0)
		number = number_of(word + optional, length - (size_t)optional);
	if (number >= 0) {
		add(set, (unsigned)number);
		return 1;
	}
	if (length && *word == '%')
		return add_class(set, word + 1, length - 1);
	return add_class(set, word, length) || optional;
}

/* A list with commas: 1, or 0 and which word is no call and no class. */
static int add_words(uint64_t *set, const char *word, const char *end, const char **wrong)
{
	for (;;) {
		size_t length = 0;
		while (word + length < end && word[length] != ',')
			length++;
		if (!length || !add_word(set, word, length)) {
			*wrong = word;
			return 0;
		}
		if (word + length == end)
			return 1;
		word += length + 1;
	}
}

int trace_set_parse_until(uint64_t set[SYSCALL_LIMIT / 64], const char *spec, size_t size, const char **wrong)
{
	int opposite = size && *spec == '!';

	for (unsigned i = 0; i < WORDS; i++)
		set[i] = 0;
	if (!add_words(set, spec + opposite, spec + size, wrong))
		return -1;
	for (unsigned i = 0; opposite && i < WORDS; i++)
		set[i] = ~set[i];
	return 0;
}

int trace_set_parse(uint64_t set[SYSCALL_LIMIT / 64], const char *spec, const char **wrong)
{
	return trace_set_parse_until(set, spec, (size_t)(end_of(spec) - spec), wrong);
}
