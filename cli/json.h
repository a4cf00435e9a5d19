/* Members of a JSON object that is put together in a struct text; each brings the comma in front of it. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "../format/text.h"

void json_number(struct text *out, const char *name, int64_t value);
void json_string(struct text *out, const char *name, const char *value, size_t size);

#endif
