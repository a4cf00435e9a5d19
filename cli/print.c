/* Escaped text; see print.h. */
#include "print.h"
#include "../format/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Nothing that is printed is longer: a path has less than 9,000 bytes, and each becomes six at most. */
static char line[64 << 10];

static void put(FILE *to, void (*escape)(struct text *out, const char *text, size_t size), const char *text, size_t size)
{
	struct text out = {line, line + sizeof line, 0};

	escape(&out, text, size);
	fwrite(line, 1, (size_t)(out.at - line), to);
}

void print_escaped(FILE *to, const char *text, size_t size)
{
	put(to, text_escaped, text, size);
}

void print_quoted(FILE *to, const char *text, size_t size)
{
	put(to, text_json_quoted, text, size);
}

/* Is what stands there, *size bytes, a character for people? */
static int is_legible(const char *text, size_t left, size_t *size)
{
	const unsigned char *bytes = (const unsigned char *)text;
	unsigned length = text_utf8_length(bytes, left);

	*size = length ? length : 1;
	return length && !text_is_control(bytes);
}

static void sentence(struct text *out, const char *text, size_t size)
{
	for (size_t i = 0, length; i < size; i += length)
		if (is_legible(text + i, size - i, &length))
			text_bytes(out, text + i, length);
		else
			text_escaped_before(out, text + i, length, i + length < size ? text[i + length] : 0);
}

/* utf8: its characters stay. $'...' is known to bash, zsh and ksh; what stands in it is escaped as strace does. */
static void word(struct text *out, const char *text, size_t size, int utf8)
{
	size_t bare = 0, plain = 0;

	for (size_t i = 0, length; i < size; i += length) {
		int is_whole = is_legible(text + i, size - i, &length) && (utf8 || length == 1) && text[i] != '\'';
		plain += is_whole ? length : 0;
		/* zsh takes =NAME for where that program lies. */
		bare += is_whole && length == 1 && (isalnum(text[i]) || strchr("_@%+:,./-", text[i]) || (i && text[i] == '='));
	}
	if (size && bare == size) {
		text_bytes(out, text, size);
		return;
	}
	text_string(out, plain == size ? "'" : "$'");
	for (size_t i = 0, length; i < size; i += length) {
		if (is_legible(text + i, size - i, &length) && (plain == size || (utf8 && length > 1)))
			text_bytes(out, text + i, length);
		else if (length = 1, text[i] == '\'')
			text_string(out, "\\'");
		else
			text_escaped_before(out, text + i, 1, i + 1 < size ? text[i + 1] : 0);
	}
	text_char(out, '\'');
}

void print_word(FILE *to, const char *text, size_t size)
{
	struct text out = {line, line + sizeof line, 0};

	word(&out, text, size, 0);
	fwrite(line, 1, (size_t)(out.at - line), to);
}

void print_html_word(FILE *to, const char *text, size_t size)
{
	static char quoted[sizeof line];
	struct text out = {quoted, quoted + sizeof quoted, 0};

	word(&out, text, size, 1);
	print_html(to, quoted, (size_t)(out.at - quoted));
}

void print_html(FILE *to, const char *text, size_t size)
{
	for (size_t i = 0, length; i < size; i += length)
		if (is_legible(text + i, size - i, &length) && strchr("<>&\"'", text[i]))
			fprintf(to, "&#%u;", (unsigned)text[i]);
		else
			put(to, sentence, text + i, length);
}

void print_sentence(FILE *to, const char *text)
{
	put(to, sentence, text, strlen(text));
}

void print_complaint(const char *format, ...)
{
	enum { MOST = sizeof line / 4 - 1, HALF = MOST / 2 };
	static const char left_out[] = "[...]";
	va_list values;
	char *said;

	va_start(values, format);
	int size = vasprintf(&said, format, values);
	va_end(values);
	if (size < 0)
		return;
	/* Of what is longer than any name the middle: what would do instead stands at the end. */
	if (size >= MOST) {
		memmove(said + HALF, said + size - HALF, HALF + 1);
		memcpy(said + HALF, left_out, sizeof left_out - 1);
	}
	struct text out = {line, line + sizeof line, 0};
	sentence(&out, said, strlen(said));
	text_char(&out, '\n');
	/* At once: lines of others may come in between. */
	fwrite(line, 1, (size_t)(out.at - line), stderr);
	free(said);
}

const char *print_size(char to[32], uint64_t bytes)
{
	struct text out = {to, to + 31, 0};

	text_size(&out, bytes, 0);
	*out.at = 0;
	return to;
}

const char *print_duration(char to[32], uint64_t nanoseconds)
{
	struct text out = {to, to + 31, 0};

	text_duration(&out, nanoseconds, 0);
	*out.at = 0;
	return to;
}
