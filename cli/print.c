/* Escaped text; see print.h. */
#include "print.h"
#include "../format/text.h"

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

void print_html(FILE *to, const char *text, size_t size)
{
	for (size_t i = 0, length; i < size; i += length) {
		unsigned char c = (unsigned char)text[i];
		unsigned character = text_utf8_length((const unsigned char *)text + i, size - i);
		length = character ? character : 1;
		if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
			fprintf(to, "&#%u;", (unsigned)c);
		else if (!character || c < ' ' || c == 0x7f)
			fprintf(to, "\\%o", (unsigned)c);
		else
			fwrite(text + i, 1, length, to);
	}
}

void print_sentence(FILE *to, const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;

	for (size_t left = strlen(text), length; left; bytes += length, left -= length) {
		unsigned character = text_utf8_length(bytes, left);
		length = character ? character : 1;
		int is_control = !character || text_is_control(bytes);
		for (size_t i = 0; i < length; i++)
			fprintf(to, is_control ? "\\%o" : "%c", bytes[i]);
	}
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
