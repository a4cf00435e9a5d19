/* The Trace Event Format: an object with an array of events; complete events ("X") for calls, "B" for one that never ended, instants ("i") for
 * signals and batches, metadata ("M") for names. https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU */
#include "begun.h"
#include "chrome.h"

#include <string.h>

struct chrome {
	const struct recording *r;
	const struct filter *f;
	FILE *to;
	uint64_t zero; /* ns since 1970 of the first record */
	int any;
	char line[256 << 10];
};

static struct text event(struct chrome *c, const char *phase, int pid, int thread, uint64_t time)
{
	struct text out = {c->line, c->line + sizeof c->line, 0};
	uint64_t since = time > c->zero ? time - c->zero : 0;

	text_string(&out, c->any++ ? ",\n{\"ph\":\"" : "\n{\"ph\":\"");
	text_string(&out, phase);
	text_string(&out, "\",\"pid\":");
	text_decimal(&out, pid);
	text_string(&out, ",\"tid\":");
	text_decimal(&out, thread);
	text_string(&out, ",\"ts\":");
	text_unsigned(&out, since / 1000);
	text_char(&out, '.');
	text_padded(&out, since % 1000, 3, '0');
	return out;
}

static void put(struct chrome *c, struct text *out)
{
	text_string(out, "}");
	fwrite(c->line, 1, (size_t)(out->at - c->line), c->to);
}

static void named(struct text *out, const char *key, const char *value, size_t size)
{
	text_string(out, ",\"");
	text_string(out, key);
	text_string(out, "\":");
	text_json_quoted(out, value, size);
}

static void call_event(struct chrome *c, const struct event *e, int ended)
{
	static char shown[256 << 10];
	const struct record_word *word = event_record(c->r, e);
	const struct record_call *record = (const void *)word;
	const struct source *s = &c->r->sources[e->source];
	struct recorded_memory memory;
	struct text_call call;
	int thread = recorded_call(s, word, &call, &memory), timed = word->kind != RECORD_COALESCED && record->began;
	struct text text = {shown, shown + sizeof shown, 0};

	unsigned printed = text_call_enter(&text, &call, &memory.memory);
	if (ended)
		text_call_leave(&text, &call, printed, &memory.memory);
	const char *bracket = memchr(shown, '(', (size_t)(text.at - shown));
	struct text out = event(c, ended ? "X" : "B", s->header->pid, thread, timed ? record->began + s->header->epoch : e->time);
	if (ended) {
		uint64_t duration = timed ? record->duration : 0;
		text_string(&out, ",\"dur\":");
		text_unsigned(&out, duration / 1000);
		text_char(&out, '.');
		text_padded(&out, duration % 1000, 3, '0');
	}
	named(&out, "name", shown, bracket ? (size_t)(bracket - shown) : 0);
	named(&out, "cat", word->flags & RECORD_GATHERED ? "coalesced" : "syscall", word->flags & RECORD_GATHERED ? 9 : 7);
	text_string(&out, ",\"args\":{\"call\":");
	text_json_quoted(&out, shown, (size_t)(text.at - shown));
	text_string(&out, "}");
	put(c, &out);
}

static void instant(struct chrome *c, const struct event *e)
{
	const struct record_word *word = event_record(c->r, e);
	const struct record_batch *batch = (const void *)word;
	const struct record_signal *signal = (const void *)word;
	const struct source *s = &c->r->sources[e->source];
	char shown[160];
	struct text text = {shown, shown + sizeof shown, 0};

	if (word->kind == RECORD_BATCH)
		text_batch_line(&text, batch->fd, batch->writes, batch->bytes, batch->ended_by, batch->duration);
	else
		text_signal_line(&text, signal->signal, signal->code, signal->pid, signal->uid);
	struct text out = event(c, "i", s->header->pid, word->kind == RECORD_BATCH ? batch->thread : signal->thread, e->time);
	const char *name = word->kind == RECORD_BATCH ? "batch" : signal_name((unsigned)signal->signal);
	name = name ? name : "signal";
	named(&out, "name", name, strlen(name));
	text_string(&out, ",\"s\":\"t\",\"args\":{\"line\":");
	text_json_quoted(&out, shown, (size_t)(text.at - shown) - !text.cut);
	text_string(&out, "}");
	put(c, &out);
}

static void names(struct chrome *c)
{
	for (unsigned i = 0; i < c->r->sources_count; i++) {
		const struct record_header *h = c->r->sources[i].header;
		struct text out = event(c, "M", h->pid, h->pid, c->zero);
		text_string(&out, ",\"name\":\"process_name\",\"args\":{\"name\":");
		text_json_quoted(&out, h->program, strnlen(h->program, sizeof h->program));
		text_string(&out, "}");
		put(c, &out);
	}
}

void chrome_write(const struct recording *r, const struct filter *f, FILE *to)
{
	static struct chrome c;
	struct begun *begun = NULL;
	struct event left;

	c = (struct chrome){.r = r, .f = f, .to = to, .zero = r->events_count ? r->events[0].time : 0};
	for (unsigned i = 0; i < r->sources_count; i++)
		if (r->sources[i].header->began < c.zero)
			c.zero = r->sources[i].header->began;
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", to);
	names(&c);
	for (size_t i = 0; i < r->events_count; i++) {
		const struct event *e = &r->events[i];
		const struct record_word *word = event_record(r, e);
		const struct record_call *record = (const void *)word;
		const struct source *s = &r->sources[e->source];
		struct recorded_memory memory;
		struct text_call call;
		if ((word->kind == RECORD_BATCH || word->kind == RECORD_SIGNAL) && (!f->pid || f->pid == s->header->pid))
			instant(&c, e);
		if (word->kind != RECORD_CALL && word->kind != RECORD_BEGIN && word->kind != RECORD_COALESCED)
			continue;
		int thread = recorded_call(s, word, &call, &memory);
		if ((word->kind == RECORD_BEGIN && filter_by_end(f)) || !filter_wants(f, s, &call, thread, &memory) || !filter_lasts(f, word))
			continue;
		if (word->kind == RECORD_BEGIN) {
			begun_add(&begun, e, record->serial);
			continue;
		}
		if (is_exec_end(word)) {
			if (begun_exec(&begun, r, e, &left))
				call_event(&c, &left, 1);
			continue;
		}
		if (word->kind == RECORD_CALL && word->flags & RECORD_RESUMED)
			begun_end(&begun, e, record->serial);
		call_event(&c, e, 1);
	}
	while (begun_left(&begun, &left))
		call_event(&c, &left, begun_is_image(r, &left));
	fputs("\n],\"metadata\":{\"coverage\":{", to);
	recording_coverage_json(r, to);
	fputs("}}}\n", to);
}
