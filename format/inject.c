/* Rules of fault injection; see inject.h. */
#include "inject.h"
#include "trace_set.h"

#include <asm/unistd.h>

enum { ERRORS = 4095, SIGNALS = 64, TURNS = 65535, BYTES = 0x7ffff000 /* MAX_RW_COUNT (linux/fs.h) */ };
#define LONGEST_DELAY 3600000000000ull /* ns: an hour */

static int wrong_at(struct inject_wrong *wrong, const char *at, size_t size, const char *allowed)
{
	*wrong = (struct inject_wrong){at, size, allowed};
	return -1;
}

static size_t length_until(const char *text, const char *ends)
{
	size_t length = 0;

	for (; text[length]; length++)
		for (const char *end = ends; *end; end++)
			if (text[length] == *end)
				return length;
	return length;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* As strace: in any case. */
static int is_word(const char *text, size_t size, const char *word)
{
	size_t i = 0;

	while (i < size && word[i] && lower(text[i]) == lower(word[i]))
		i++;
	return i == size && !word[i];
}

static int digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : 16;
}

/* The whole of a text as a number, in C's notations; 0: it is none, or more than `most`. */
static int take_number(const char *text, size_t size, uint64_t most, uint64_t *to)
{
	unsigned base = 10;

	if (size > 2 && text[0] == '0' && lower(text[1]) == 'x') {
		base = 16;
		text += 2;
		size -= 2;
	}
	*to = 0;
	for (size_t i = 0; i < size; i++) {
		unsigned digit = (unsigned)digit_of(text[i]);
		if (digit >= base || *to > (most - digit) / base)
			return 0;
		*to = *to * base + digit;
	}
	return size > 0 && *to <= most;
}

static int take_error(const char *text, size_t size, struct inject_rule *rule)
{
	uint64_t error = 0;

	if (take_number(text, size, ERRORS, &error)) {
		rule->answer = -(int64_t)error;
		return error > 0;
	}
	for (unsigned i = 1; i <= ERRORS; i++) {
		const char *name = errno_name(i);
		if (name && is_word(text, size, name)) {
			rule->answer = -(int64_t)i;
			return 1;
		}
	}
	return 0;
}

static int take_answer(const char *text, size_t size, struct inject_rule *rule)
{
	uint64_t value;
	int negative = size && *text == '-';

	if (!take_number(text + negative, size - (size_t)negative, INT64_MAX, &value))
		return 0;
	rule->answer = negative ? -(int64_t)value : (int64_t)value;
	return 1;
}

static int take_signal(const char *text, size_t size, struct inject_rule *rule)
{
	uint64_t number = 0;

	if (!take_number(text, size, SIGNALS, &number)) {
		number = 0;
		for (unsigned i = 1; i <= SIGNALS; i++)
			if (is_word(text, size, signal_name(i)) || is_word(text, size, signal_name(i) + 3))
				number = i;
	}
	rule->signal = (uint8_t)number;
	return number > 0;
}

/* 2000, 1.5ms, 1s: microseconds without a unit. */
static int take_delay(const char *text, size_t size, uint64_t *to)
{
	static const struct {
		char name[3];
		uint64_t nanoseconds;
	} units[] = {{"", 1000}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"ns", 1}};
	uint64_t whole = 0, part = 0, parts = 1;
	size_t i = 0, digits = 0;

	for (; i < size && text[i] >= '0' && text[i] <= '9' && whole <= LONGEST_DELAY; i++, digits++)
		whole = whole * 10 + (uint64_t)(text[i] - '0');
	if (i < size && text[i] == '.')
		for (i++; i < size && text[i] >= '0' && text[i] <= '9' && parts < 1000000000; i++, digits++, parts *= 10)
			part = part * 10 + (uint64_t)(text[i] - '0');
	for (unsigned u = 0; digits && u < sizeof units / sizeof units[0]; u++)
		if (is_word(text + i, size - i, units[u].name)) {
			*to = whole * units[u].nanoseconds + part * units[u].nanoseconds / parts;
			return whole <= LONGEST_DELAY / units[u].nanoseconds && *to <= LONGEST_DELAY;
		}
	return 0;
}

/* first, first+, first+step, first..last, first..last+, first..last+step */
static int take_when(const char *text, size_t size, struct inject_rule *rule)
{
	uint64_t first, last, step = 1;
	size_t part = 0;

	while (part < size && text[part] != '+' && text[part] != '.')
		part++;
	if (!take_number(text, part, TURNS, &first) || !first)
		return 0;
	text += part;
	size -= part;
	last = size ? ~0u : first;
	if (size > 2 && text[0] == '.' && text[1] == '.') {
		for (part = 2; part < size && text[part] != '+';)
			part++;
		if (!take_number(text + 2, part - 2, TURNS - 1, &last) || last < first)
			return 0;
		text += part;
		size -= part;
	}
	if (size && (*text != '+' || (size > 1 && (!take_number(text + 1, size - 1, TURNS, &step) || !step))))
		return 0;
	rule->first = (uint32_t)first;
	rule->last = (uint32_t)last;
	rule->step = (uint16_t)step;
	return 1;
}

static const char actions_allowed[] = "error=E, retval=N, short=N, signal=S, delay_enter=T, delay_exit=T, when=F[..L][+[S]]";

/* One of a rule's parts behind its set. */
static int take_action(const char *text, size_t size, struct inject_rule *rule, struct inject_wrong *wrong)
{
	size_t name = length_until(text, "=:;"), rest = name < size ? size - name - 1 : 0;
	const char *value = text + name + (name < size);
	uint8_t what = rule->what;

	if (name >= size)
		return wrong_at(wrong, text, size, actions_allowed);
	if (is_word(text, name, "error") || is_word(text, name, "retval")) {
		rule->what |= INJECT_ANSWER;
		if (what & INJECT_ANSWER)
			return wrong_at(wrong, text, size, "one error= or retval=");
		if (lower(*text) == 'e' && !take_error(value, rest, rule))
			return wrong_at(wrong, text, size, "error= with a name as EIO, or 1 to 4095");
		if (lower(*text) == 'r' && !take_answer(value, rest, rule))
			return wrong_at(wrong, text, size, "retval= with a number");
	} else if (is_word(text, name, "short")) {
		rule->what |= INJECT_SHORT;
		if (!take_number(value, rest, BYTES, &rule->most))
			return wrong_at(wrong, text, size, "short= with a number of bytes");
	} else if (is_word(text, name, "signal")) {
		rule->what |= INJECT_SIGNAL;
		if (what & INJECT_SIGNAL)
			return wrong_at(wrong, text, size, "one signal=");
		if (!take_signal(value, rest, rule))
			return wrong_at(wrong, text, size, "signal= with a name as SIGTERM, or 1 to 64");
	} else if (is_word(text, name, "delay_enter") || is_word(text, name, "delay_exit")) {
		rule->what |= INJECT_DELAY;
		if (!take_delay(value, rest, name == 11 ? &rule->delay_enter : &rule->delay_exit))
			return wrong_at(wrong, text, size, "a delay in microseconds, or with s, ms, us, ns behind it, up to an hour");
	} else if (is_word(text, name, "when")) {
		if (!take_when(value, rest, rule))
			return wrong_at(wrong, text, size, "when= with F, F+, F+S, F..L or F..L+S, from 1 to 65535");
	} else {
		return wrong_at(wrong, text, size, actions_allowed);
	}
	return 0;
}

int inject_size_argument(uint64_t number, int *vector)
{
	const struct syscall_row *row = syscall_row(number);

	*vector = 0;
	switch (number) {
	case __NR_sendfile:
		return 3;
	case __NR_splice:
	case __NR_copy_file_range:
		return 4;
	case __NR_tee:
		return 2;
	default:
		break;
	}
	for (int i = 0; row && row->flags & (CALL_BYTES_IN | CALL_BYTES_OUT) && i < 5; i++) {
		*vector = row->kinds[i] == ARG_IOV_IN || row->kinds[i] == ARG_IOV_OUT;
		if (*vector || row->kinds[i] == ARG_IN_BUFFER || row->kinds[i] == ARG_OUT_BUFFER)
			return i + 1;
	}
	return -1;
}

/* The calls of a set get the rule that has just been read. What can only be short is nothing for calls that move no bytes. */
static int give(struct inject_rules *rules, const uint64_t set[SYSCALL_LIMIT / 64], unsigned what)
{
	int given = 0, vector;

	for (unsigned number = 0; number < SYSCALL_LIMIT; number++)
		if (trace_set_has(set, number) && (what != INJECT_SHORT || inject_size_argument(number, &vector) >= 0)) {
			rules->of_call[number] = (uint8_t)rules->count;
			given = 1;
		}
	return given;
}

/* One rule, up to a semicolon or the end. */
static int take_rule(struct inject_rules *rules, const char *text, size_t size, struct inject_wrong *wrong)
{
	struct inject_rule rule = {.first = 1, .last = ~0u, .step = 1};
	uint64_t set[SYSCALL_LIMIT / 64];
	size_t at = length_until(text, ":;");
	const char *word;

	if (trace_set_parse_until(set, text, at, &word) != 0)
		return wrong_at(wrong, word, length_until(word, ",:;"), "names of system calls, %file, %io and such, as in SYSSHIM_TRACE, then :error=E or another action");
	while (at < size) {
		size_t part = length_until(text + at + 1, ":;");
		if (take_action(text + at + 1, part, &rule, wrong) != 0)
			return -1;
		at += part + 1;
	}
	if (!rule.what)
		return wrong_at(wrong, text, size, "calls, then :error=E, :retval=N, :short=N, :signal=S, :delay_enter=T or :delay_exit=T");
	if ((rule.what & (INJECT_ANSWER | INJECT_SHORT)) == (INJECT_ANSWER | INJECT_SHORT))
		return wrong_at(wrong, text, size, "short= for a call that is made, error= and retval= for one that is not");
	if (rules->count == INJECT_RULES) {
		rules->left++;
		return 0;
	}
	rules->rules[rules->count++] = rule;
	if (!give(rules, set, rule.what) && rule.what == INJECT_SHORT)
		return wrong_at(wrong, text, size, "short= for calls that move bytes: read, write, readv, sendto, copy_file_range and their like");
	return 0;
}

int inject_parse(struct inject_rules *rules, const char *text, struct inject_wrong *wrong)
{
	for (;;) {
		size_t size = length_until(text, ";");
		if (take_rule(rules, text, size, wrong) != 0)
			return -1;
		if (!text[size])
			return 0;
		text += size + 1;
	}
}
