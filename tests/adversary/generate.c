/* From a seed to a program and to the shim's settings. A program is mostly bursts of small writes, because only behind one is there anything to be
 * found, with single operations in between. */
#include "program.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 2 };

static uint64_t state;
static int depth;

uint64_t draw(uint64_t *from)
{
	/* splitmix64 */
	uint64_t z = (*from += 0x9e3779b97f4a7c15ull);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static unsigned below(unsigned limit)
{
	return (unsigned)(draw(&state) >> 33) % limit;
}

static int percent(unsigned chance)
{
	return below(100) < chance;
}

#define ONE_OF(array) (array)[below(sizeof(array) / sizeof *(array))]

static int32_t argument(enum argument what)
{
	static const int32_t sizes[] = {0, 1, 1, 5, 40, 100, 700, 2047, 2048, 2049, 4096, 5000, 20000, 66000};
	static const int32_t offsets[] = {0, 0, 0, 1, 10, 100, 1000, 4095, 5000, 40000, -1, -20};
	static const int32_t pieces[] = {1, 1, 1, 1, 2, 3, 7, 10, 40, 100, 400, 1000, 2047, 2048};
	static const int32_t counts[] = {1, 2, 3, 5, 8, 17, 18, 20, 25, 30, 40, 64, 100, 150};
	static const int32_t flags[] = {0, 1, 2, 3, 4, 5, 6, 6, 7, 7, 8, 9, 9, 10, 11, 11, 12, 12, 12, 13, 13, 14, 15, 16, 17, 18};
	static const int32_t ways[] = {0, 0, 0, 0, 0, 0, 1, 1, 2, 2};

	switch (what) {
	case SLOT:
	case FRESH:
		/* Few slots are used much. */
		return (int32_t)(percent(70) ? below(4) : below(SLOTS));
	case NAME:
		return (int32_t)(percent(60) ? below(2) : below(NAMES));
	case SIZE:
		return ONE_OF(sizes);
	case OFFSET:
		return ONE_OF(offsets);
	case WHENCE:
		return (int32_t)(percent(80) ? below(3) : below(6));
	case FLAGS:
		return ONE_OF(flags);
	case WAY:
		return ONE_OF(ways);
	case COUNT:
		return ONE_OF(counts);
	case PIECE:
		return ONE_OF(pieces);
	case SIGNAL:
		return (int32_t)below(8);
	case REACTION:
		return (int32_t)below(7);
	case VARIANT:
		return (int32_t)below(1 << 20);
	default:
		return 0;
	}
}

static int kind_named(const char *name)
{
	int i = 0;

	while (strcmp(kinds[i].name, name) != 0)
		i++;
	return i;
}

static struct operation *add(struct program *program, int kind)
{
	struct operation *operation = &program->operations[program->count++];

	*operation = (struct operation){.kind = (uint8_t)kind};
	for (int i = 0; i < ARGUMENTS; i++)
		operation->a[i] = argument(kinds[kind].arguments[i]);
	return operation;
}

/* By weight, of those that the seed's features allow. */
static int kind_drawn(const struct program *program)
{
	unsigned sum = 0, at;

	for (int i = 0; i < kinds_count; i++)
		sum += !kinds[i].feature || kinds[i].feature & program->features ? kinds[i].weight : 0;
	at = below(sum);
	for (int i = 0;; i++) {
		unsigned weight = !kinds[i].feature || kinds[i].feature & program->features ? kinds[i].weight : 0;
		if (at < weight)
			return i;
		at -= weight;
	}
}

static void operations(struct program *program, int count);

/* What a burst goes to is mostly open: the slots that were opened last. */
static void burst(struct program *program)
{
	static const char *const names[] = {"burst", "burst", "burst", "burst", "burst", "burst", "vectors", "mixed", "alternate"};
	struct operation *operation = add(program, kind_named(ONE_OF(names)));

	if (percent(80))
		operation->a[0] = (int32_t)below(2);
}

static void with_body(struct program *program, int kind)
{
	int at = program->count;

	add(program, kind);
	depth++;
	operations(program, 2 + (int)below(7));
	if (percent(60))
		add(program, kind_named("end"));
	depth--;
	program->operations[at].body = (uint16_t)(program->count - at - 1);
}

static void operations(struct program *program, int count)
{
	for (int i = 0; i < count && program->count < OPERATIONS_MOST - 20; i++) {
		if (percent(45)) {
			burst(program);
			continue;
		}
		int kind = kind_drawn(program);
		if (kinds[kind].body == ALONE)
			add(program, kind);
		else if (depth < DEEPEST)
			with_body(program, kind);
	}
}

/* NB: drawn by themselves, so that a seed without them is what it was before there were these. What others do at the same time comes in any order. */
static unsigned more_features(uint64_t seed, unsigned features)
{
	uint64_t own = seed ^ 0x3333333333333333ull;
	unsigned chance = (unsigned)(draw(&own) >> 33) % 100, more = chance < 20 ? FOLDERS : chance < 35 ? EVENTS : chance < 40 ? FOLDERS | EVENTS : 0;

	return features & (THREADS | WATCHED | STORMS | SHARES) ? more & ~(unsigned)EVENTS : more;
}

static unsigned features_drawn(void)
{
	static const struct {
		unsigned feature, chance;
	} chances[] = {{MAPS, 6}, {THREADS, 4}, {LIMITS, 6}, {CLOSES_ALL, 10}, {STACKS, 10}, {EXECUTES, 15}, {WATCHED, 8}, {STORMS, 8}, {USES_SYS, 4},
		       {ODD_HANDLERS, 8}, {NAPS, 12}, {STDIO, 30}, {SOCKETS, 20}, {FORKS, 45}, {SIGNALS, 45}, {PIPES, 50}, {BAD, 30}, {SHARES, 3}};
	unsigned features = 0;

	for (unsigned i = 0; i < sizeof chances / sizeof *chances; i++)
		features |= percent(chances[i].chance) ? chances[i].feature : 0;
	/* Where writes fail what observers and ticks see is another matter. */
	return features & LIMITS ? features & ~(unsigned)(WATCHED | STORMS) : features;
}

void program_make(struct program *program, uint64_t seed)
{
	*program = (struct program){.seed = seed};
	state = seed * 0x2545f4914f6cdd1dull + 1;
	depth = 0;
	program->features = features_drawn();
	program->features |= more_features(seed, program->features);
	/* Two files at least, or a file and a pipe. */
	for (int slot = 0; slot < 2; slot++) {
		struct operation *operation = add(program, kind_named(slot && program->features & PIPES ? "pipe" : "open"));
		operation->a[0] = slot && program->features & PIPES ? 2 : slot;
		operation->a[1] = slot;
		if (!(program->features & PIPES) || !slot)
			operation->a[2] = (int32_t)(percent(50) ? 12 : percent(50) ? 7 : 9);
	}
	if (percent(50)) {
		struct operation *operation = add(program, kind_named("handle"));
		operation->a[0] = 5; /* SIGPIPE */
		operation->a[1] = percent(70) ? 1 : 2;
	}
	operations(program, 8 + (int)below(40));
	if (percent(40))
		add(program, kind_named("tell"));
	burst(program);
	if (percent(85))
		add(program, kind_named("end"));
}

void program_drop_all_but(struct program *program, const char *only)
{
	char *end;

	if (!only)
		return;
	for (int i = 0; i < program->count; i++)
		program->operations[i].dropped = 1;
	for (; *only; only = end + (*end == ',')) {
		long from = strtol(only, &end, 10), to = from;
		if (end == only)
			break;
		if (*end == '-')
			to = strtol(end + 1, &end, 10);
		for (; from <= to; from++)
			if (from >= 0 && from < program->count)
				program->operations[from].dropped = 0;
	}
}

static void print_argument(enum argument what, int32_t value)
{
	static const char *const ways[] = {"by libc", "by syscall()", "by an instruction"};

	switch (what) {
	case SLOT:
	case FRESH:
		printf(" slot %d", (int)value);
		break;
	case NAME:
		printf(" %c", "abcde"[value]);
		break;
	case WAY:
		printf(" %s", ways[value]);
		break;
	case COUNT:
		printf(" %d times", (int)value);
		break;
	case SIZE:
	case PIECE:
		printf(" %d bytes", (int)value);
		break;
	case NONE:
		break;
	default:
		printf(" %d", (int)value);
	}
}

void program_print(const struct program *program)
{
	int until[DEEPEST + 1] = {0}, deep = 0;

	for (int i = 0; i < program->count; i++) {
		const struct operation *operation = &program->operations[i];
		while (deep && i >= until[deep - 1])
			deep--;
		if (!operation->dropped) {
			printf("  %3d %*s%s", i, 2 * deep, "", kinds[operation->kind].name);
			for (int j = 0; j < ARGUMENTS; j++)
				print_argument(kinds[operation->kind].arguments[j], operation->a[j]);
			printf("\n");
		}
		if (operation->body)
			until[deep++] = i + 1 + operation->body;
	}
}

__attribute__((format(printf, 2, 3))) static void set(struct options *options, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(options->text[options->count++], sizeof options->text[0], format, arguments);
	va_end(arguments);
}

void options_make(struct options *options, uint64_t seed, const char *folder)
{
	static const char *const ways_in[] = {"rewrite,interpose", "rewrite,interpose", "rewrite,interpose", "rewrite", "rewrite-all",
					      "rewrite-all,interpose", "interpose"};
	static const int buffers[] = {1, 7, 64, 1000, 4096, 65536, 65536, 65536}, bursts[] = {1, 1, 1, 2, 4, 16}, latencies[] = {1, 5, 20, 20, 200};

	static const char *const traces[] = {"audit", "audit", "%file", "write,%process", "!%file", "all", "%signal,%desc"};

	options->count = 0;
	state = seed ^ 0x5151515151515151ull;
	set(options, "SYSSHIM_INTERCEPT=%s", ONE_OF(ways_in));
	set(options, "SYSSHIM_BUFFER=%d", ONE_OF(buffers));
	set(options, "SYSSHIM_BURST=%d", ONE_OF(bursts));
	set(options, "SYSSHIM_LATENCY_MS=%d", ONE_OF(latencies));
	switch (below(8)) {
	case 0:
		set(options, "SYSSHIM_LOG=%s/log.%%p", folder);
		set(options, "SYSSHIM_LOG_FORMAT=%s", percent(50) ? "text" : "json");
		break;
	case 1:
	case 2:
		set(options, "SYSSHIM_LOG=%s/recording", folder);
		set(options, "SYSSHIM_LOG_FORMAT=binary");
		break;
	default:
		set(options, "SYSSHIM_LOG=off");
	}
	options->counts = percent(50);
	if (options->counts) {
		set(options, "SYSSHIM_STATS=%s/counters.%%p", folder);
		set(options, "SYSSHIM_STATS_FORMAT=json");
	} else {
		set(options, "SYSSHIM_STATS=off");
	}
	if (percent(8))
		set(options, "SYSSHIM_DISPATCH=always");
	if (percent(10))
		set(options, "SYSSHIM_BATCH=%s", percent(70) ? "file" : "pipe");
	if (percent(15))
		set(options, "SYSSHIM_TIMING=off");
	if (percent(10))
		set(options, "SYSSHIM_DATA=40");
	/* NB: drawn last, so that a seed's other settings are those that it had before there were these. */
	if (percent(25))
		set(options, "SYSSHIM_TRACE=%s", ONE_OF(traces));
	if (percent(8))
		set(options, "SYSSHIM_STATUS=%s", percent(50) ? "failed" : "successful");
	if (percent(5))
		set(options, "SYSSHIM_MIN_DURATION=%s", percent(50) ? "2us" : "1ms");
	if (percent(5))
		set(options, "SYSSHIM_PATH_EXCLUDE=*[ab],/tmp/*,/dev/shm/*/c");
}
