/* Flag names, in a pool without pointers like all tables of this folder. */
#include "flags.h"

#include <linux/fcntl.h>

struct pool {
#define FLAG(set, name, value) char at_##name[sizeof #name];
#define VALUE(set, name, value) char at_##name[sizeof #name];
#include "flags.def"
#undef FLAG
#undef VALUE
};

static const struct pool pool = {
#define FLAG(set, name, value) #name,
#define VALUE(set, name, value) #name,
#include "flags.def"
#undef FLAG
#undef VALUE
};

static const struct {
	uint32_t value;
	uint16_t name;
	uint8_t set, is_flag;
} rows[] = {
#define FLAG(set, name, value) {(uint32_t)(value), offsetof(struct pool, at_##name), ARG_##set, 1},
#define VALUE(set, name, value) {(uint32_t)(value), offsetof(struct pool, at_##name), ARG_##set, 0},
#include "flags.def"
#undef FLAG
#undef VALUE
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static const char *row_name(unsigned row)
{
	return (const char *)&pool + rows[row].name;
}

uint64_t flags_names(struct text *out, enum argument_kind set, uint64_t bits, int *any)
{
	for (unsigned i = 0; i < ROWS; i++) {
		if (rows[i].set != set || !rows[i].is_flag || (bits & rows[i].value) != rows[i].value)
			continue;
		if (*any)
			text_char(out, '|');
		*any = 1;
		text_string(out, row_name(i));
		bits &= ~(uint64_t)rows[i].value;
	}
	return bits;
}

void flags_text(struct text *out, enum argument_kind set, uint64_t bits)
{
	int any = 0;
	uint64_t rest = flags_names(out, set, bits, &any);

	if (any && rest)
		text_char(out, '|');
	if (rest || !any)
		text_hex(out, rest);
}

void flags_value(struct text *out, enum argument_kind set, uint64_t value)
{
	for (unsigned i = 0; i < ROWS; i++)
		if (rows[i].set == set && !rows[i].is_flag && rows[i].value == value) {
			text_string(out, row_name(i));
			return;
		}
	text_decimal(out, (int32_t)value);
}
