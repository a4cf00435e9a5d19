/* A call as a line of JSON; see json.h. */
#include "json.h"

#include <linux/limits.h>

static void json_name(struct text *out, const char *name)
{
	text_string(out, ",\"");
	text_string(out, name);
	text_string(out, "\":");
}

void json_number(struct text *out, const char *name, int64_t value)
{
	json_name(out, name);
	text_decimal(out, value);
}

void json_string(struct text *out, const char *name, const char *value, size_t size)
{
	json_name(out, name);
	text_json_quoted(out, value, size);
}

static void result(struct text *out, const struct text_call *call)
{
	const struct syscall_row *row = syscall_row(call->number);

	if (row && row->flags & CALL_NORETURN) {
		text_string(out, ",\"result\":null,\"errno\":null");
		return;
	}
	int failed = is_failure(call->result);
	const char *error = failed ? errno_name((unsigned)-call->result) : NULL;

	json_number(out, "result", failed ? -1 : call->result);
	if (error)
		json_string(out, "errno", error, text_length_within(error, 32));
	else if (failed)
		json_number(out, "errno", -call->result);
	else
		text_string(out, ",\"errno\":null");
}

/* What the printers of arguments have written from `from` on becomes the inside of a JSON string where it stands. It is printable ASCII. */
static void escape(struct text *out, char *from)
{
	size_t more = 0;

	for (const char *c = from; c < out->at; c++)
		more += *c == '"' || *c == '\\';
	if (more > (size_t)(out->end - out->at)) {
		out->cut = 1;
		return;
	}
	char *to = out->at + more, *c = out->at;
	out->at = to;
	while (c > from && to > c) {
		char last = *--c;
		*--to = last;
		if (last == '"' || last == '\\')
			*--to = '\\';
	}
}

/* "3, \"a\", 1": what stands between the call's name and its result. What a string holds is escaped, so no `) = ` in it can be meant. */
static void arguments(struct text *out, const struct json_call *about, const struct text_call *call, const struct text_memory *memory)
{
	text_string(out, ",\"args\":\"");
	char *to = out->at, *from = to;
	unsigned printed = text_call_enter(out, call, memory);
	if (!about->unfinished)
		text_call_leave(out, call, printed, memory);
	char *end = out->at;
	for (char *c = from; !about->unfinished && c + 4 <= out->at; c++)
		if (c[0] == ')' && c[1] == ' ' && c[2] == '=' && c[3] == ' ')
			end = c;
	while (from < end && *from != '(')
		from++;
	from += from < end;
	out->at = to + (end - from);
	for (char *start = to; from < end;)
		*start++ = *from++;
	escape(out, to);
	text_char(out, '"');
}

enum { REST = 128 }; /* bytes behind arguments and path, or instead of them */

void json_call_line(struct text *out, const struct json_call *about, const struct text_call *call, const struct text_memory *memory)
{
	text_string(out, "{\"call\":\"");
	text_call_name(out, call);
	text_char(out, '"');
	json_number(out, "pid", about->pid);
	json_number(out, "tid", about->tid);
	json_number(out, "start_ns", (int64_t)about->start);
	json_number(out, "duration_ns", (int64_t)about->duration);
	if (about->unfinished)
		text_string(out, ",\"result\":null,\"errno\":null,\"unfinished\":true");
	else
		result(out, call);
	char *behind = out->at;
	out->end -= REST;
	if (about->no_arguments)
		text_string(out, ",\"args\":null");
	else
		arguments(out, about, call, memory);
	if (about->path)
		json_string(out, "path", about->path, text_length_within(about->path, 1 << 20));
	else
		text_string(out, ",\"path\":null");
	out->end += REST;
	if (out->cut) {
		out->at = behind;
		out->cut = 0;
		text_string(out, ",\"args\":null,\"path\":null,\"cut\":true");
	}
	text_string(out, about->coalesced ? ",\"coalesced\":true" : ",\"coalesced\":false");
	json_number(out, "count", (int64_t)about->count);
	if (about->injected)
		text_string(out, ",\"injected\":true");
	text_string(out, "}\n");
}

const char *text_string_at(const struct text_memory *memory, uint64_t address, char *buffer, size_t size)
{
	size_t length = 0;
	long got;

	/* It may come in pieces. Where one is missing it is no string (the kernel says EFAULT), but what is longer than any path may be is not kept to its end. */
	while (length < size - 1 && (got = memory->read(memory, buffer + length, address + length, size - 1 - length)) > 0) {
		size_t part = text_length_within(buffer + length, (size_t)got);
		length += part;
		if (part < (size_t)got)
			return buffer;
	}
	buffer[length] = 0;
	return length >= PATH_MAX - 1 && length < size - 1 ? buffer : NULL;
}

const char *text_call_path(const struct text_call *call, const struct text_memory *memory, char *buffer, size_t size)
{
	int index = syscall_path_argument(syscall_row(call->number));

	return index < 0 ? NULL : text_string_at(memory, call->arguments[index], buffer, size);
}
