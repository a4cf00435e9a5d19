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
	return is_word(word, length, "none");
}

static int add_word(uint64_t *set, const char *word, size_t length)
{
	int optional = length && *word == '?';
	int number = syscall_number(word + optional, length - (size_t)optional);

	if (number >= 0) {
		add(set, (unsigned)number);
		return 1;
	}
	if (length && *word == '%')
		return add_class(set, word + 1, length - 1);
	return add_class(set, word, length) || optional;
}

int trace_set_parse(uint64_t set[SYSCALL_LIMIT / 64], const char *spec, const char **wrong)
{
	int opposite = *spec == '!';
	const char *word = spec + opposite;

	for (unsigned i = 0; i < WORDS; i++)
		set[i] = 0;
	for (;;) {
		size_t length = 0;
		while (word[length] && word[length] != ',')
			length++;
		if (!length || !add_word(set, word, length)) {
			*wrong = word;
			return -1;
		}
		if (!word[length])
			break;
		word += length + 1;
	}
	for (unsigned i = 0; opposite && i < WORDS; i++)
		set[i] = ~set[i];
	return 0;
}
