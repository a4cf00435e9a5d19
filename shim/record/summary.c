/* The summary as a person reads it. Rows are sorted by time, or by calls where no time was taken; what does not fit is said. */
#include "summary.h"
#include "files.h"
#include "process.h"
#include "../sys/memory.h"

#include "../sys/poison.h"

enum { SIZE_WIDTH = 9, TIME_WIDTH = 9, END_WORDS = 6, ADVICE_WRITES = 1000, ADVICE_BYTES = 512, ROWS = 20 }; /* the text stays under 4,096 bytes: what a pipe takes without waiting */

const char *const summary_unfollowed[] = {"static", "setuid", "foreign"};

static uint64_t weight(const struct counter *c)
{
	return settings.timing ? c->nanoseconds : c->calls;
}

/* The busiest call after `previous` in the order of the table: a selection without memory. -1 at the end. */
static int next_row(const struct process *p, int previous)
{
	int best = -1;

	for (int i = 0; i < SYSCALL_LIMIT; i++) {
		const struct counter *c = &p->counters[i], *b = &p->counters[best < 0 ? 0 : best];
		if (!c->calls)
			continue;
		if (previous >= 0) {
			const struct counter *last = &p->counters[previous];
			if (weight(c) > weight(last) || (weight(c) == weight(last) && i <= previous))
				continue;
		}
		if (best < 0 || weight(c) > weight(b))
			best = i;
	}
	return best;
}

/* number: -1: without a name */
static void text_row(struct text *out, int number, const struct counter *c)
{
	text_padded(out, c->calls, 10, ' ');
	text_padded(out, c->errors, 8, ' ');
	text_string(out, "  ");
	if (c->bytes)
		text_size(out, c->bytes, SIZE_WIDTH);
	else
		text_string(out, "         ");
	text_string(out, " ");
	if (settings.timing) {
		text_duration(out, c->nanoseconds, TIME_WIDTH);
		text_string(out, " ");
		text_duration(out, c->nanoseconds / c->calls, TIME_WIDTH);
	}
	text_string(out, "  ");
	if (number >= 0)
		text_row_name(out, (unsigned)number);
	text_char(out, '\n');
}

static void text_table(struct text *out, const struct process *p)
{
	struct counter rest = {0};
	unsigned rows = 0, more = 0;

	text_string(out, settings.timing ? "     calls  errors      bytes     total      each  call\n" : "     calls  errors      bytes   call\n");
	for (int i = next_row(p, -1); i >= 0; i = next_row(p, i)) {
		const struct counter *c = &p->counters[i];
		if (rows++ < ROWS) {
			text_row(out, i, c);
			continue;
		}
		more++;
		rest.calls += c->calls;
		rest.errors += c->errors;
		rest.bytes += c->bytes;
		rest.nanoseconds += c->nanoseconds;
	}
	if (more) {
		text_row(out, -1, &rest);
		out->at -= !out->cut;
		text_unsigned(out, more);
		text_string(out, " other kinds of call\n");
	}
}

static void text_note(struct text *out, uint64_t count, const char *what)
{
	if (!count)
		return;
	text_string(out, ", ");
	text_unsigned(out, count);
	text_string(out, what);
}

/* "1 write", "2 writes"; more: what the plural has behind the word. */
static void text_counted(struct text *out, uint64_t count, const char *word, const char *more)
{
	text_unsigned(out, count);
	text_char(out, ' ');
	text_string(out, word);
	if (count != 1)
		text_string(out, more);
}

static void text_counted_note(struct text *out, uint64_t count, const char *word, const char *what)
{
	if (!count)
		return;
	text_string(out, ", ");
	text_counted(out, count, word, "s");
	text_string(out, what);
}

static void text_coverage(struct text *out, const struct process *p)
{
	const struct family *f = inherited.family;

	text_string(out, "  coverage: ");
	if (inherited.rewriting) {
		text_counted(out, inherited.sites_rewritten, "site", "s");
		text_string(out, " of libc and ld.so rewritten");
		text_note(out, inherited.sites_left, " left");
		text_note(out, inherited.foreign_rewritten, " in other objects");
		text_counted_note(out, inherited.foreign_left, "place", " in other objects that may be a site left");
	} else {
		text_string(out, "interposed names only (");
		text_string(out, inherited.why_not ? inherited.why_not : "as asked");
		text_string(out, "): calls inside libc are not seen");
	}
	text_string(out, settings.watch && p->watching ? "; not seen: calls before our start" :
			 "; not seen: calls that the program's own code or a library makes without libc, and those before our start");
	if (inherited.rewriting && settings_rewrite_most())
		text_string(out, ", nor libc's that are not about I/O, files, processes or signals (SYSSHIM_INTERCEPT=rewrite-all)");
	text_counted_note(out, p->tally.log_dropped, "log line", " dropped");
	text_counted_note(out, p->tally.left_out, "call", " left out of the log as asked");
	text_counted_note(out, p->tally.paths_unlisted, "opened path", " not listed");
	text_counted_note(out, p->tally.unresolved, "result", " not seen");
	if (f)
		for (unsigned i = 0; i < 3; i++)
			if (f->not_followed[i]) {
				text_counted_note(out, f->not_followed[i], "program", " not followed: ");
				text_string(out, summary_unfollowed[i]);
			}
	text_char(out, '\n');
}

/* What coalescing did, why each batch ended, and why it is over. */
static void text_batches(struct text *out, const struct process *p)
{
	const struct batches *b = &p->batches;
	int words = 0;

	if (b->count) {
		text_string(out, "  coalesced: ");
		text_counted(out, b->writes, "write", "s");
		text_string(out, " -> ");
		text_counted(out, b->count, "batch", "es");
		text_string(out, ", ");
		text_unsigned(out, b->writes > b->entries ? b->writes - b->entries : 0);
		text_string(out, b->writes == b->entries + 1 ? " kernel entry saved; ended by " : " kernel entries saved; ended by ");
		for (unsigned end = 0; end < ENDS; end++) {
			if (!b->ends[end])
				continue;
			text_string(out, words++ ? ", " : "");
			text_string(out, batch_end_word(end));
			text_char(out, ' ');
			text_unsigned(out, b->ends[end]);
			if (words == END_WORDS) {
				text_string(out, ", ...");
				break;
			}
		}
		text_char(out, '\n');
	}
	words = 0;
	for (unsigned why = 1; why < LET_GO_COUNT; why++) {
		if (!b->let_go[why])
			continue;
		text_string(out, words++ ? "; " : "  not coalesced: ");
		text_string(out, let_go_words(why));
		if (b->let_go[why] > 1) {
			text_string(out, " (");
			text_unsigned(out, b->let_go[why]);
			text_string(out, " times)");
		}
	}
	if (words)
		text_char(out, '\n');
	if (b->lost) {
		const char *error = errno_text((unsigned)b->error);
		text_string(out, "  LOST: ");
		text_counted(out, b->lost, "byte", "s");
		text_string(out, b->lost == 1 ? " that the program was told was written: " : " that the program was told were written: ");
		text_string(out, error ? error : "error");
		text_char(out, '\n');
	}
}

/* One line that says what to do, where there is something to do. */
static void text_advice(struct text *out, const struct process *p)
{
	const struct counter *write = &p->counters[__NR_write];
	uint64_t native = write->calls - (p->batches.writes - p->batches.vectors);

	if (native < ADVICE_WRITES || write->bytes / (write->calls ? write->calls : 1) > ADVICE_BYTES)
		return;
	text_string(out, "  advice: ");
	text_unsigned(out, native);
	text_string(out, " writes of ");
	text_unsigned(out, write->bytes / write->calls);
	text_string(out, " bytes on average went to the kernel one by one; a larger buffer in the program would save most of them\n");
}

void summary_how(struct text *out, const char *how, unsigned status)
{
	text_string(out, how);
	if (*how == 'k') {
		const char *name = signal_name(status);
		text_char(out, ' ');
		text_string(out, name ? name : "a signal");
	} else if (*how == 'e' && how[4] == ' ') {
		text_char(out, ' ');
		text_unsigned(out, status);
	}
}

static size_t folder_length(const char *path)
{
	size_t length = string_length(path);

	while (length && path[length - 1] != '/')
		length--;
	return length > 1 ? length - 1 : length;
}

void summary_text(struct text *out, const struct process *p, const char *how, unsigned status, uint64_t now)
{
	text_string(out, "sysshim: ");
	text_escaped(out, inherited.program, string_length(inherited.program));
	text_string(out, " (pid ");
	text_decimal(out, p->pid);
	text_string(out, ")");
	if (p->born && now > p->born) {
		text_string(out, " ran ");
		text_seconds(out, now - p->born);
		text_string(out, " s");
	}
	text_string(out, ", ");
	summary_how(out, how, status);
	if (inherited.later_image)
		text_string(out, "; what ran in this process before the exec is counted apart");
	text_char(out, '\n');
	text_table(out, p);
	text_string(out, "  files opened: ");
	text_unsigned(out, p->tally.opened);
	text_string(out, " (");
	text_counted(out, files_distinct(p), "path", "s");
	text_note(out, p->tally.open_failed, " failed");
	text_string(out, ")");
	if (inherited.family && (inherited.family->forks || inherited.family->images)) {
		text_string(out, "; children: ");
		text_unsigned(out, inherited.family->forks);
		text_string(out, " forked, ");
		text_counted(out, inherited.family->images, "program", "s");
		text_string(out, " started");
	}
	text_char(out, '\n');
	text_batches(out, p);
	text_advice(out, p);
	text_coverage(out, p);
	if (p->log.on && settings.log == OUTPUT_PATH) {
		text_string(out, "  log: ");
		/* As it is, to be copied; only what a terminal would obey is not. */
		const char *path = p->log.sink.path;
		char *from = out->at;
		text_bytes(out, path, settings.recording ? folder_length(path) : string_length(path));
		text_quieten(from, (size_t)(out->at - from));
		text_string(out, settings.recording ? " (sysshim files, trace, stat)\n" : "\n");
	} else if (inherited.no_recording) {
		text_string(out, "  log: none (");
		text_string(out, inherited.no_recording);
		text_string(out, ")\n");
	}
}
