/* Exec: a program that is followed finds us again. The caller's environment is read and a copy is given to the kernel, so its own
 * array is never changed; behind the program's own entries the copy has one variable that names the recording, LD_PRELOAD with our
 * absolute path, and the SYSSHIM_ variables of our birth, as far as the program has dropped them. All of that is hidden again before
 * the new program looks. With SYSSHIM_FOLLOW=off LD_PRELOAD loses our entry instead. Where the copy makes the list too long, the
 * caller's own is used: E2BIG stays what it was. */
#include "life.h"
#include "../record/files.h"
#include "../sys/clock.h"
#include "../sys/memory.h"
#include "../../format/text.h"

#include <linux/fcntl.h>
#include <linux/kcmp.h>
#include <linux/mman.h>
#include <linux/uio.h>

#include "target.h"
#include "tracer.h"
#include "../sys/poison.h"

enum { KEPT = 64, KEPT_TEXT = 32 << 10, ENTRY_LIMIT = 64 << 10, POINTERS = 1 << 16 };
enum { PAGE = 4096, BEING_FREED = -1, AT_ONCE = 32, HEAD = 11 /* "LD_PRELOAD=" */ };

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

enum { POINTER_BYTES = POINTERS * 8, TEXT_BYTES = 4 * ENTRY_LIMIT, COPY_BYTES = POINTER_BYTES + TEXT_BYTES + TRACER_ROOM };

/* Where no memory is to be had (RLIMIT_AS, RLIMIT_DATA), for one exec at a time and an environment of usual size: a child that does not know whose it is would be the first of a recording of
 * its own, and print a summary. */
enum { SPARE_POINTERS = 512, SPARE_BYTES = 12 << 10 };
static char spare[SPARE_BYTES] BULKY __attribute__((aligned(16)));
/* Its place is the one behind all others. */
enum { SPARE_PLACE = EXEC_COPIES, ALL_PLACES };

/* Takes the place from `owner`, if it is still his: two may want to give it back. */
static void place_free(struct exec_copy *place, int32_t owner)
{
	if (!__atomic_compare_exchange_n(&place->owner, &owner, BEING_FREED, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	void *at = __atomic_exchange_n(&place->at, NULL, __ATOMIC_SEQ_CST);
	if (at)
		RAW(__NR_munmap, at, COPY_BYTES);
	__atomic_store_n(&place->owner, 0, __ATOMIC_SEQ_CST);
}

/* Where nothing is rewritten nobody tells us that a vfork child has gone: who has another memory by now has done with ours (kcmp(2)). */
static void places_reclaim(struct process *p, int32_t pid)
{
	if (inherited.rewriting || is_filtered())
		return;
	for (int i = 0; i < ALL_PLACES; i++) {
		int32_t owner = p->copies[i].owner;
		if (owner <= 0 || owner == pid)
			continue;
		long other = RAW(__NR_kcmp, pid, owner, KCMP_VM, 0, 0);
		if (other > 0 || other == -ESRCH)
			place_free(&p->copies[i], owner);
	}
}

/* Where all are taken nobody gives it back for a vfork child that has gone: better than a child without us. */
static void place_take(struct process *p, int32_t pid, void *at)
{
	int32_t nobody = 0;

	for (int i = 0; i < EXEC_COPIES; i++, nobody = 0)
		if (__atomic_compare_exchange_n(&p->copies[i].owner, &nobody, pid, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
			__atomic_store_n(&p->copies[i].at, at, __ATOMIC_SEQ_CST);
			return;
		}
}

static void *spare_take(struct process *p, int32_t pid)
{
	int32_t nobody = 0;

	return __atomic_compare_exchange_n(&p->copies[SPARE_PLACE].owner, &nobody, pid, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ? spare : NULL;
}

/* Behind a filter of the program's own nothing may be asked, not even who we are: a place that a vfork child took is left when no such child is there any
 * more. No pid is so large. */
enum { SEALED_CHILD = INT32_MAX, SEALED_SELF = INT32_MAX - 1 };

static void *spare_take_sealed(struct process *p)
{
	return spare_take(p, p->suspect ? SEALED_CHILD : SEALED_SELF);
}

void exec_no_children(struct process *p)
{
	if (p->sealed)
		place_free(&p->copies[SPARE_PLACE], SEALED_CHILD);
}

static void *copy_take(struct process *p)
{
	if (p->sealed)
		return spare_take_sealed(p);
	long at = RAW(__NR_mmap, 0, COPY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int32_t pid = (int32_t)RAW(__NR_getpid);

	places_reclaim(p, pid);
	if (is_error(at))
		return spare_take(p, pid);
	place_take(p, pid, (void *)at);
	return (void *)at;
}

/* The caller's own. */
static void copy_give(struct process *p, void *at)
{
	if (!at)
		return;
	if (at == spare) {
		place_free(&p->copies[SPARE_PLACE], p->copies[SPARE_PLACE].owner);
		return;
	}
	for (int i = 0; i < EXEC_COPIES; i++)
		if (__atomic_load_n(&p->copies[i].at, __ATOMIC_SEQ_CST) == at) {
			place_free(&p->copies[i], p->copies[i].owner);
			return;
		}
	RAW(__NR_munmap, at, COPY_BYTES);
}

/* NB: never another thread's child's, which may be reading it. In a new pid namespace a child calls itself by another number, and its copy stays. */
void exec_child_gone(struct process *p, int32_t child)
{
	for (int i = 0; i < ALL_PLACES; i++) {
		int32_t owner = p->copies[i].owner;
		if (owner > 0 && (owner == child || (!child && owner != p->pid)))
			place_free(&p->copies[i], owner);
	}
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
	uint8_t given[KEPT];     /* it has this variable of our birth */
	uint8_t relative[KEPT];  /* with the path as the user wrote it, which means another file in another folder */
};

/* Reads the NUL-terminated string at `from` into `to`, at most `limit` with its end; its length, or -1. */
static long string_read(char *to, uint64_t from, size_t limit)
{
	for (size_t length = 0; length < limit;) {
		size_t piece = 256 - (from + length) % 256;
		if (piece > limit - length)
			piece = limit - length;
		long got = memory_read_given(to + length, from + length, piece, !inherited.sealed);
		if (got <= 0)
			return -1;
		for (long i = 0; i < got; i++)
			if (!to[length + (size_t)i])
				return (long)length + i;
		length += (size_t)got;
	}
	return -1;
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

/* LD_PRELOAD with us in front (following) or without us, and the program's other entries in their order. */
static void add_preload(struct copy *c, const char *value)
{
	uint64_t start = (uint64_t)c->out.at;
	int any = c->follow;
	size_t length;

	text_string(&c->out, "LD_PRELOAD=");
	if (c->follow)
		text_string(&c->out, birth.own_path);
	for (; (length = next_entry(&value)); value += length) {
		if (is_ours(value, length))
			continue;
		if (any)
			text_char(&c->out, ':');
		any = 1;
		text_bytes(&c->out, value, length);
	}
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
	long length = string_read(text, pointer, room < ENTRY_LIMIT ? room : ENTRY_LIMIT);
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
	if (!c->preload || !brings_us(c->preload))
		add_preload(c, c->preload ? c->preload : "");
	for (int i = 0; i < birth.count; i++)
		if (!c->given[i] || c->relative[i])
			add(c, (uint64_t)birth.kept[i]);
	if ((c->count - visible) % 2)
		add(c, c->pointers[visible]);
}

/* Returns the copy, or NULL where the program's own environment has to do. */
static uint64_t *environment_copy(struct process *p, uint64_t theirs, int follow)
{
	char *memory = copy_take(p);
	struct copy *c;

	if (!memory)
		return NULL;
	/* The bookkeeping stands behind the text, not on the program's stack. */
	size_t most = memory == spare ? SPARE_POINTERS : POINTERS;
	c = (struct copy *)(memory + (memory == spare ? SPARE_BYTES : POINTER_BYTES + TEXT_BYTES) - sizeof *c);
	memset(c, 0, sizeof *c);
	c->follow = (uint8_t)follow;
	c->pointers = (uint64_t *)memory;
	c->most = most;
	c->out = (struct text){memory + most * 8, (char *)c, 0};
	if (theirs && !add_entries(c, theirs)) {
		copy_give(p, memory);
		return NULL;
	}
	/* Behind a filter nobody gets us who would not have us anyway: whether ld.so finds us there is not asked. */
	int comes_to_nothing = c->out.cut || (memory_is_stored_directly() && (!c->follow || !c->preload || !brings_us(c->preload)));
	if (c->follow && !comes_to_nothing)
		add_hidden(c, p);
	c->pointers[c->count] = 0;
	if (!comes_to_nothing && !c->out.cut)
		return c->pointers;
	copy_give(p, memory);
	return NULL;
}

/* Behind a filter of the program's own: the child is told whose it is, and nothing else is done. */
static long exec_sealed(struct process *p, const struct call *call, int slot)
{
	uint64_t *copy = birth.own_path ? environment_copy(p, call->arguments[slot], settings.follow) : NULL;
	struct call changed = *call;
	long result = -E2BIG;

	if (copy) {
		changed.arguments[slot] = (uint64_t)copy;
		result = kernel_call(&changed);
		copy_give(p, copy);
	}
	return result == -E2BIG ? kernel_call(call) : result;
}

/* What a reader of the log would look for in vain. */
static void tell_unfollowed(struct process *p, int unfollowed, int out_of_reach)
{
	static const char words[][32] = {
		[UNFOLLOWED_STATIC] = "not followed: static", [UNFOLLOWED_SETUID] = "not followed: set-user-id", [UNFOLLOWED_FOREIGN] = "not followed: another word size"};

	if (unfollowed >= 0)
		log_note(p, words[unfollowed]);
	else if (out_of_reach)
		log_note(p, "not followed: the shim is out of reach there");
	else if (!settings.follow)
		log_note(p, "not followed: SYSSHIM_FOLLOW=off");
}

/* Of an exec that is about to be made: what the program wrote and what we know of it is out. */
static void before(struct process *p, int unfollowed)
{
	arm_before_exec(p);
	target_count(unfollowed, 1);
	death_provisional(p, "exec");
	log_publish(p);
	log_state(p, RECORD_EXECED, 0);
}

/* Still here: it failed. */
static void after(struct process *p, int unfollowed, uint64_t *copy)
{
	target_count(unfollowed, -1);
	copy_give(p, copy);
	log_state(p, RECORD_RUNNING, 0);
	death_take_back(p);
}

/* In another root, or where this user may not go, ld.so would not find us, and would say so on the program's stderr. */
static int is_out_of_reach(void)
{
	/* Under a filter that was there before us this call might kill. */
	long result = birth.own_path && settings.follow && !memory_is_stored_directly() ? RAW(__NR_faccessat2, AT_FDCWD, birth.own_path, 4 /* R_OK */, AT_EACCESS) : 0;

	return result == -ENOENT || result == -ENOTDIR || result == -EACCES;
}

uint64_t *exec_by_libc(struct process *p, uint64_t environment)
{
	uint64_t *copy = birth.own_path && !p->sealed ? environment_copy(p, environment, settings.follow && !is_out_of_reach()) : NULL;

	before(p, -1);
	return copy;
}

void exec_failed(struct process *p, uint64_t *copy)
{
	after(p, -1, copy);
}

/* Where the user has asked for it; never a set-user-id program, which would lose its rights. */
static int is_to_be_traced(int unfollowed)
{
	return (unfollowed == UNFOLLOWED_STATIC || unfollowed == UNFOLLOWED_FOREIGN || unfollowed == UNFOLLOWED_GO) && tracer_is_wanted();
}

/* The whole subtree is traced: we are not in its environment, so that nothing is recorded twice. What cannot be traced runs natively. */
static __attribute__((noinline)) long trace(struct process *p, uint64_t *copy)
{
	long tracer = (char *)copy == spare ? -ENOMEM : tracer_start(p, (char *)copy + POINTER_BYTES + TEXT_BYTES);
	char line[48];
	struct text out = {line, line + sizeof line - 1, 0};

	if (!is_error(tracer))
		return tracer;
	const char *name = errno_name((unsigned)-tracer);
	text_string(&out, "a child is not traced: ");
	text_string(&out, name ? name : "?");
	*out.at = 0;
	log_note(p, line);
	return 0;
}

long exec_call(struct process *p, const struct call *call)
{
	int at = (uint32_t)call->number == __NR_execveat;
	int slot = at ? 3 : 2;
	struct call changed = *call;
	uint64_t *copy = NULL;
	long result = 0, tracer = 0;

	if (p->sealed)
		return exec_sealed(p, call, slot);
	/* A search through PATH fails many times: nothing is published for what is not there. NB: is_out_of_reach. */
	if (!at && !memory_is_stored_directly())
		result = RAW(__NR_faccessat2, AT_FDCWD, call->arguments[0], 1 /* X_OK */, AT_EACCESS);
	if (result && result != -ENOSYS)
		return kernel_call(call);
	int unfollowed = target_unfollowed(p, call), may_trace = is_to_be_traced(unfollowed), is_go = unfollowed == UNFOLLOWED_GO;
	if (is_go)
		unfollowed = -1;
	int out_of_reach = unfollowed < 0 && is_out_of_reach();
	/* What cannot load us gets nothing that it could see; where its ld.so would complain of us, we are taken out. */
	if (birth.own_path && (unfollowed < 0 || unfollowed == UNFOLLOWED_FOREIGN || may_trace))
		copy = environment_copy(p, call->arguments[slot], settings.follow && unfollowed < 0 && !is_go && !out_of_reach);
	if (copy && may_trace)
		tracer = trace(p, copy);
	if (copy && is_go && tracer <= 0) {
		copy_give(p, copy);
		copy = environment_copy(p, call->arguments[slot], !out_of_reach);
	}
	if (tracer > 0) {
		unfollowed = -1;
	} else if (copy && unfollowed == UNFOLLOWED_STATIC) {
		copy_give(p, copy);
		copy = NULL;
	}
	tell_unfollowed(p, unfollowed, out_of_reach);
	before(p, unfollowed);
	if (copy) {
		changed.arguments[slot] = (uint64_t)copy;
		result = kernel_call(&changed);
	}
	if (!copy || result == -E2BIG)
		result = kernel_call(call);
	if (tracer > 0)
		tracer_stop(tracer, (char *)copy + POINTER_BYTES + TEXT_BYTES);
	after(p, unfollowed, copy);
	return result;
}
