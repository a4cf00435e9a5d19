/* The Trace Event Format: an object with an array of events; complete events ("X") for calls, "B" for one that never ended, instants ("i") for
 * signals and batches, metadata ("M") for names. https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU */
#include "chrome.h"
#include "ahead.h"
#include "walk.h"
#include "../format/json.h"

#include <string.h>

struct chrome {
	const struct recording *r;
	FILE *to;
	uint64_t zero; /* ns since 1970 of the first record */
	int any;
	char line[256 << 10];
};

static void microseconds(struct text *out, uint64_t nanoseconds)
{
	text_unsigned(out, nanoseconds / 1000);
	text_char(out, '.');
	text_padded(out, nanoseconds % 1000, 3, '0');
}

static struct text event(struct chrome *c, const char *phase, int pid, int thread, uint64_t time)
{
	struct text out = {c->line, c->line + sizeof c->line, 0};

	text_string(&out, c->any++ ? ",\n{\"ph\":\"" : "\n{\"ph\":\"");
	text_string(&out, phase);
	text_string(&out, "\",\"pid\":");
	text_decimal(&out, pid);
	json_number(&out, "tid", thread);
	text_string(&out, ",\"ts\":");
	microseconds(&out, time > c->zero ? time - c->zero : 0);
	return out;
}

static void put(struct chrome *c, struct text *out)
{
	text_string(out, "}");
	fwrite(c->line, 1, (size_t)(out->at - c->line), c->to);
}

static void call_event(void *self, const struct event *e, enum call_end end, size_t count)
{
	(void)count;
	struct chrome *c = self;
	int ended = end != END_NOT;
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
	struct text out = event(c, ended ? "X" : "B", vforked_pid(c->r, e, thread), thread, timed ? record->began + s->epoch : e->time);
	if (ended) {
		text_string(&out, ",\"dur\":");
		microseconds(&out, timed ? record->duration : 0);
	}
	json_string(&out, "name", shown, bracket ? (size_t)(bracket - shown) : 0);
	json_string(&out, "cat", word->flags & RECORD_GATHERED ? "coalesced" : "syscall", word->flags & RECORD_GATHERED ? 9 : 7);
	text_string(&out, ",\"args\":{\"call\":");
	text_json_quoted(&out, shown, (size_t)(text.at - shown));
	text_string(&out, "}");
	put(c, &out);
}

static void instant(void *self, const struct event *e)
{
	struct chrome *c = self;
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
	json_string(&out, "name", name, strlen(name));
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

void chrome_write(struct recording *r, const struct filter *f, FILE *to)
{
	static struct chrome c;

	c = (struct chrome){.r = r, .to = to, .zero = UINT64_MAX};
	for (unsigned i = 0; i < r->sources_count; i++)
		if (r->sources[i].began < c.zero)
			c.zero = r->sources[i].began;
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", to);
	names(&c);
	walk(r, f, &(struct walker){call_event, instant, 0, &c});
	fputs("\n],\"metadata\":{", to);
	recording_coverage_json(r, to);
	fputs("}}\n", to);
}
