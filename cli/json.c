/* Members of JSON objects. */
#include "json.h"

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
