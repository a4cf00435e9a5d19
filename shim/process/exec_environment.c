/* The environment of an exec; see exec_environment.h. */
#include "exec_environment.h"
#include "exec_memory.h"
#include "../sys/memory.h"
#include "../../format/text.h"

#include <linux/uio.h>

#include "../sys/poison.h"

enum { KEPT = 64, KEPT_TEXT = 32 << 10, PAGE = 4096, AT_ONCE = 32, HEAD = 11 /* "LD_PRELOAD=" */ };

static struct {
	const char *own_path;       /* as ld.so found us; NULL: not by LD_PRELOAD, children are not followed */
	const char *own_name;       /* its last part */
	const char *given[KEPT];    /* SYSSHIM_NAME=value as the user wrote it */
	const char *kept[KEPT + 1]; /* as it goes on to children: paths are absolute; NULL behind the last */
	uint8_t count;
} birth;
static char birth_text[KEPT_TEXT] BULKY_FIRST;

/* Both forms of one variable of our birth; what finds no place is not passed on. */
static void keep(struct text *out, const char *entry)
{
	const char *given = out->at, *absolute = NULL, *value = NULL;

	if (string_after(entry, "SYSSHIM_RECORDING=") || birth.count == KEPT)
		return;
	text_string(out, entry);
	text_char(out, 0);
	if (((value = string_after(entry, "SYSSHIM_LOG=")) || (value = string_after(entry, "SYSSHIM_STATE="))) && settings.log == OUTPUT_PATH)
		absolute = settings_log_path;
	else if ((value = string_after(entry, "SYSSHIM_STATS=")) && settings.stats == OUTPUT_PATH)
		absolute = settings_stats_path;
	else if ((value = string_after(given, "SYSSHIM_TRACER=")))
		tracer_know(value, birth.kept);
	birth.given[birth.count] = birth.kept[birth.count] = given;
	if (absolute) {
		birth.kept[birth.count] = out->at;
		text_bytes(out, entry, (size_t)(value - entry));
		text_string(out, absolute);
		text_char(out, 0);
	}
	birth.count += !out->cut;
}

static int keep_all(struct text *out, char *const *entries)
{
	int is_known = 0;

	for (; *entries; entries++)
		if (string_after(*entries, "SYSSHIM_")) {
			keep(out, *entries);
			is_known |= string_after(*entries, "SYSSHIM_LOG=") || string_after(*entries, "SYSSHIM_STATE=");
		}
	return is_known;
}

void exec_start(char *const *environment, char *const *config, const char *own_path)
{
	struct text out = {birth_text, birth_text + KEPT_TEXT, 0};

	birth.own_path = own_path;
	birth.own_name = own_path ? string_last_part(own_path) : NULL;
	int is_known = keep_all(&out, environment) | keep_all(&out, config);
	/* The folder that the recording's first program has found, or not, is that of all. */
	if (!is_known && settings.log != OUTPUT_STDERR)
		keep(&out, "SYSSHIM_STATE=");
}

/* The copy under construction: pointers in front, text behind. */
struct copy {
	/* Entries of the program's environment, and how each begins, as far as its page goes. */
	uint64_t theirs[AT_ONCE];
	char heads[AT_ONCE][HEAD + 1];
	struct iovec to[AT_ONCE], from[AT_ONCE];
	uint64_t *pointers;
	size_t count, most;
	struct text out;
	const char *preload;     /* the program's own LD_PRELOAD=..., in out; NULL: it has none */
	uint8_t follow;          /* it is to load us; else it is to lose us */
	int asan;                /* behind libasan.so.N; 0: behind nothing */
	uint8_t given[KEPT];     /* it has this variable of our birth */
	uint8_t relative[KEPT];  /* with the path as the user wrote it, which means another file in another folder */
};

static long read_given(void *to, uint64_t from, size_t size)
{
	return memory_read_given(to, from, size, !inherited.sealed);
}

/* The NUL-terminated string at `from`, at most `limit` bytes with its end; its length, or -1. */
static long string_read(char *to, uint64_t from, size_t limit)
{
	long length = memory_string(read_given, to, from, limit);

	return length < (long)limit ? length : -1;
}

static void add(struct copy *c, uint64_t pointer)
{
	if (c->count < c->most - 4)
		c->pointers[c->count++] = pointer;
	else
		c->out.cut = 1;
}

static int is_ours(const char *entry, size_t length)
{
	size_t name = string_length(birth.own_name);

	return length >= name && memcmp(entry + length - name, birth.own_name, name) == 0 &&
	       (length == name || entry[length - name - 1] == '/');
}

/* The next entry of a list that ld.so separates by blanks and colons: its length, 0 at the end. */
static size_t next_entry(const char **list)
{
	size_t length = 0;

	while (**list == ' ' || **list == ':')
		++*list;
	while ((*list)[length] && (*list)[length] != ' ' && (*list)[length] != ':')
		length++;
	return length;
}

/* Does this LD_PRELOAD bring us in whatever folder the child is? */
static int brings_us(const char *value)
{
	size_t length;

	for (; (length = next_entry(&value)); value += length)
		if (is_ours(value, length) && (*value == '/' || length == string_length(birth.own_name)))
			return 1;
	return 0;
}

/* Do we stand in front of AddressSanitizer's runtime, as where a program appends it to the LD_PRELOAD that it was given? */
static int is_before_asan(const char *value)
{
	int is_here = 0;
	size_t length;

	for (; (length = next_entry(&value)); value += length) {
		is_here |= is_ours(value, length);
		if (is_here && text_names_asan(value, length))
			return 1;
	}
	return 0;
}

static void add_library(struct copy *c, int *any, const char *library, size_t length)
{
	if (*any)
		text_char(&c->out, ':');
	*any = 1;
	text_bytes(&c->out, library, length);
}

/* LD_PRELOAD with us in front (following) or without us, and the program's other entries in their order. Where AddressSanitizer's runtime is needed or named we come last: whether it is the first, also when
 * some of the others are not there, is then what it would be without us. */
static void add_preload(struct copy *c, const char *value)
{
	uint64_t start = (uint64_t)c->out.at;
	int any = 0, is_last = c->asan || text_names_asan(value, string_length(value));
	size_t length;

	text_string(&c->out, "LD_PRELOAD=");
	if (c->follow && !is_last)
		add_library(c, &any, birth.own_path, string_length(birth.own_path));
	for (; (length = next_entry(&value)); value += length)
		if (!is_ours(value, length))
			add_library(c, &any, value, length);
	if (c->follow && c->asan) {
		add_library(c, &any, "libasan.so.", 11);
		text_decimal(&c->out, c->asan);
	}
	if (c->follow && is_last)
		add_library(c, &any, birth.own_path, string_length(birth.own_path));
	text_char(&c->out, 0);
	if (any)
		add(c, start);
	else
		c->out.at = (char *)start;
}

/* The place of a SYSSHIM_ entry in what we keep, by its name; -1. */
static int kept_index(const char *entry)
{
	for (int i = 0; i < birth.count; i++)
		if (string_same_name(birth.kept[i], entry))
			return i;
	return -1;
}

/* Does it show what this entry is? A string that goes on in the next page has been read in part. */
static int is_enough(const char *head, size_t read)
{
	for (size_t i = 0; i < read; i++)
		if (!head[i])
			return 1;
	return read == HEAD;
}

/* One entry of the program's environment goes on by address. Those that concern us are looked at; 0: one of them cannot be read. head: how it
 * begins, `read` bytes of it. */
static int add_entry(struct copy *c, uint64_t pointer, char *head, size_t read)
{
	char *text = c->out.at;

	/* One that cannot be read at all is the kernel's to refuse. */
	if (!is_enough(head, read))
		string_read(head, pointer, HEAD);
	if (!string_after(head, "LD_PRELOAD=") && !string_after(head, "SYSSHIM_")) {
		add(c, pointer);
		return 1;
	}
	/* NB: what stands behind the text's room is ours, and behind that the program's. */
	size_t room = (size_t)(c->out.end - text);
	long length = string_read(text, pointer, room < EXEC_ENTRY_LIMIT ? room : EXEC_ENTRY_LIMIT);
	if (length < 0)
		return 0;
	c->out.at += length + 1;
	if (string_after(text, "LD_PRELOAD=")) {
		c->preload = text + 11;
		/* Not followed: the child is to load the others only, and none of us will be there to hide anything. */
		if (!c->follow) {
			add_preload(c, c->preload);
			return 1;
		}
	}
	int i = kept_index(text);
	if (i >= 0) {
		c->given[i] = 1;
		c->relative[i] = birth.kept[i] != birth.given[i] && string_equal(text, birth.given[i]);
	}
	add(c, pointer);
	return 1;
}

/* The next pointers, with how the strings behind them begin: two calls of the kernel for AT_ONCE entries. Returns their number, with the end's. */
static size_t read_entries(struct copy *c, uint64_t theirs, int *read)
{
	/* Whole pointers of one page; one that lies across its end by itself. */
	size_t most = (PAGE - theirs % PAGE) & ~7ul;
	if (most > sizeof c->theirs)
		most = sizeof c->theirs;
	long got = memory_read_given(c->theirs, theirs, most ? most : 8, !inherited.sealed), sum = 0;
	size_t count = got > 0 ? (size_t)got / 8 : 0, strings = 0;

	memset(c->heads, 0, sizeof c->heads);
	for (; strings < count && c->theirs[strings]; strings++) {
		uint64_t pointer = c->theirs[strings];
		size_t size = PAGE - pointer % PAGE < HEAD ? PAGE - pointer % PAGE : HEAD;
		c->to[strings] = (struct iovec){c->heads[strings], size};
		c->from[strings] = (struct iovec){(void *)pointer, size};
		sum += (long)size;
	}
	*read = strings && memory_read_many(c->to, c->from, strings) == sum;
	return count;
}

static int add_entries(struct copy *c, uint64_t theirs)
{
	for (;;) {
		int read;
		size_t count = read_entries(c, theirs, &read);
		for (size_t i = 0; i < count; i++) {
			if (!c->theirs[i])
				return 1;
			if (!add_entry(c, c->theirs[i], c->heads[i], read ? c->to[i].iov_len : 0))
				return 0;
		}
		if (!count)
			return 0;
		theirs += count * 8;
	}
}

static void add_recording(struct copy *c, const struct process *p)
{
	int is_ours = process_is_ours(p);
	uint64_t start = (uint64_t)c->out.at;

	text_string(&c->out, "SYSSHIM_RECORDING=");
	text_decimal(&c->out, inherited.recording_pid);
	text_char(&c->out, '.');
	text_unsigned(&c->out, inherited.recording_time);
	text_char(&c->out, '.');
	text_decimal(&c->out, is_ours ? p->pid : 0);
	text_string(&c->out, is_ours && process_is_first(p) ? ".1." : ".0.");
	text_unsigned(&c->out, is_ours ? inherited.log_again : 0);
	text_char(&c->out, '.');
	text_unsigned(&c->out, is_ours ? inherited.stats_again : 0);
	if (inherited.birth_known) {
		text_char(&c->out, '.');
		text_unsigned(&c->out, inherited.birth_device);
		text_char(&c->out, '.');
		text_unsigned(&c->out, inherited.birth_inode);
	}
	text_char(&c->out, 0);
	add(c, start);
}

/* What the program has not put there stands behind SYSSHIM_RECORDING, for ld.so (the last LD_PRELOAD counts) and for our own start in the
 * new image, which cuts the environment off in front of it (shim.c): so the child sees what its parent gave it. Their number is even:
 * the slots become pairs of the auxiliary vector. */
static void add_hidden(struct copy *c, const struct process *p)
{
	size_t visible = c->count;

	add_recording(c, p);
	if (!c->preload || !brings_us(c->preload) || c->asan || is_before_asan(c->preload))
		add_preload(c, c->preload ? c->preload : "");
	for (int i = 0; i < birth.count; i++)
		if (!c->given[i] || c->relative[i])
			add(c, (uint64_t)birth.kept[i]);
	if ((c->count - visible) % 2)
		add(c, c->pointers[visible]);
}

uint64_t *exec_environment(struct process *p, uint64_t theirs, int follow, int asan)
{
	char *memory = exec_memory_take(p);
	struct copy *c;

	if (!memory)
		return NULL;
	/* The bookkeeping stands behind the text, not on the program's stack. */
	size_t most = exec_memory_is_spare(memory) ? EXEC_SPARE_POINTERS : EXEC_POINTERS;
	c = (struct copy *)(memory + (exec_memory_is_spare(memory) ? EXEC_SPARE_BYTES : EXEC_POINTER_BYTES + EXEC_TEXT_BYTES) - sizeof *c);
	memset(c, 0, sizeof *c);
	c->follow = (uint8_t)follow;
	c->asan = asan > 0 ? asan : 0;
	c->pointers = (uint64_t *)memory;
	c->most = most;
	c->out = (struct text){memory + most * 8, (char *)c, 0};
	if (theirs && !add_entries(c, theirs)) {
		exec_memory_give(p, memory);
		return NULL;
	}
	/* Behind a filter nobody gets us who would not have us anyway. */
	int comes_to_nothing = c->out.cut || (memory_is_stored_directly() && c->follow && (!c->preload || !brings_us(c->preload)));
	if (c->follow && !comes_to_nothing)
		add_hidden(c, p);
	c->pointers[c->count] = 0;
	if (!comes_to_nothing && !c->out.cut)
		return c->pointers;
	exec_memory_give(p, memory);
	return NULL;
}

const char *exec_own_path(void)
{
	return birth.own_path;
}
