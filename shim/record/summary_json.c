/* The summary as JSON (doc/counters.md). */
#include "summary.h"
#include "files.h"
#include "process.h"
#include "../sys/memory.h"

#include "../sys/poison.h"

static void json_number(struct text *out, const char *name, uint64_t value, int first)
{
	if (!first)
		text_char(out, ',');
	text_char(out, '"');
	text_string(out, name);
	text_string(out, "\":");
	text_unsigned(out, value);
}

static void json_calls(struct text *out, const struct process *p)
{
	int first = 1;

	text_string(out, ",\"calls\":{");
	for (unsigned i = 0; i < SYSCALL_LIMIT; i++) {
		const struct counter *c = &p->counters[i];
		if (!c->calls)
			continue;
		if (!first)
			text_char(out, ',');
		first = 0;
		text_char(out, '"');
		text_row_name(out, i);
		text_string(out, "\":{");
		json_number(out, "calls", c->calls, 1);
		json_number(out, "errors", c->errors, 0);
		json_number(out, "bytes", c->bytes, 0);
		json_number(out, "nanoseconds", c->nanoseconds, 0);
		json_number(out, "coalesced", i == __NR_write ? p->batches.writes - p->batches.vectors : i == __NR_writev ? p->batches.vectors : 0, 0);
		text_char(out, '}');
	}
	text_char(out, '}');
}

static void json_coverage(struct text *out, const struct process *p)
{
	const struct family *f = inherited.family;

	text_string(out, ",\"coverage\":{\"rewriting\":");
	text_string(out, inherited.rewriting ? "true" : "false");
	text_string(out, ",\"why_not\":");
	if (inherited.rewriting)
		text_string(out, "null");
	else
		text_json_quoted(out, inherited.why_not ? inherited.why_not : "as asked",
				 inherited.why_not ? string_length(inherited.why_not) : 8);
	json_number(out, "sites_rewritten", inherited.sites_rewritten, 0);
	json_number(out, "sites_left", inherited.sites_left, 0);
	json_number(out, "foreign_rewritten", inherited.foreign_rewritten, 0);
	json_number(out, "foreign_left", inherited.foreign_left, 0);
	json_number(out, "watching", settings.watch && p->watching, 0);
	json_number(out, "log_lines_dropped", p->tally.log_dropped, 0);
	json_number(out, "left_out", p->tally.left_out, 0);
	json_number(out, "paths_unlisted", p->tally.paths_unlisted, 0);
	json_number(out, "results_unseen", p->tally.unresolved, 0);
	json_number(out, "forks", f ? f->forks : 0, 0);
	json_number(out, "images", f ? f->images : 0, 0);
	text_string(out, ",\"not_followed\":{");
	for (unsigned i = 0; i < 3; i++)
		json_number(out, summary_unfollowed[i], f ? f->not_followed[i] : 0, i == 0);
	text_string(out, "}}");
}

static void json_batches(struct text *out, const struct process *p)
{
	const struct batches *b = &p->batches;
	int first = 1;

	text_string(out, ",\"batches\":{");
	json_number(out, "count", b->count, 1);
	json_number(out, "writes", b->writes, 0);
	json_number(out, "bytes", b->bytes, 0);
	json_number(out, "kernel_entries", b->entries, 0);
	json_number(out, "lost_bytes", b->lost, 0);
	text_string(out, ",\"ended_by\":{");
	for (unsigned end = 0; end < ENDS; end++)
		if (b->ends[end]) {
			json_number(out, batch_end_word(end), b->ends[end], first);
			first = 0;
		}
	text_string(out, "},\"not_coalesced\":{");
	first = 1;
	for (unsigned why = 1; why < LET_GO_COUNT; why++)
		if (b->let_go[why]) {
			json_number(out, let_go_words(why), b->let_go[why], first);
			first = 0;
		}
	text_string(out, "}}");
}

void summary_json(struct text *out, const struct process *p, const char *how, unsigned status, uint64_t now)
{
	size_t length = string_length(inherited.program);

	text_string(out, "{\"version\":1");
	json_number(out, "pid", (uint64_t)p->pid, 0);
	text_string(out, ",\"program\":");
	text_json_quoted(out, inherited.program, length);
	text_string(out, ",\"end\":\"");
	summary_how(out, how, status);
	text_char(out, '"');
	json_number(out, "nanoseconds", p->born && now > p->born ? now - p->born : 0, 0);
	json_calls(out, p);
	text_string(out, ",\"files\":{");
	json_number(out, "opened", p->tally.opened, 1);
	json_number(out, "failed", p->tally.open_failed, 0);
	json_number(out, "paths", files_distinct(p), 0);
	text_char(out, '}');
	json_batches(out, p);
	json_coverage(out, p);
	text_string(out, "}\n");
}
