/* The primitives of the log's text. All of them stay within out->end. */
#include "text.h"

int text_climbs(const char *path)
{
	for (const char *part = path; *part; part++)
		if (part[0] == '.' && part[1] == '.' && (!part[2] || part[2] == '/') && (part == path || part[-1] == '/'))
			return 1;
	return 0;
}

int text_names_loader(const char *name)
{
	static const char beginnings[][9] = {"ld-linux", "ld-2.", "ld.so"};

	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
		size_t same = 0;
		while (beginnings[i][same] && name[same] == beginnings[i][same])
			same++;
		if (!beginnings[i][same])
			return 1;
	}
	return 0;
}

int text_names_asan(const char *path, size_t length)
{
	static const char names[][17] = {"libasan.so", "libclang_rt.asan"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (size_t at = 0; at < length; at++) {
			size_t same = 0;
			while (names[i][same] && at + same < length && path[at + same] == names[i][same])
				same++;
			if (!names[i][same])
				return 1;
		}
	return 0;
}

enum { WORD = sizeof(uint64_t) };

/* Has a word a byte that is 0? (H. S. Warren, Hacker's Delight, 6-1) */
__attribute__((no_sanitize("address"))) static int has_zero(const char *at)
{
	uint64_t word;

	__builtin_memcpy(&word, at, WORD);
	return ((word - 0x0101010101010101u) & ~word & 0x8080808080808080u) != 0;
}

/* By words that lie in one page with their first byte: what is touched behind a string's end is on no other page. That is nobody's memory to a sanitizer. */
__attribute__((no_sanitize("address"))) size_t text_length_within(const char *s, size_t size)
{
	size_t length = 0;

	while (length < size && s[length])
		length += (uintptr_t)(s + length) % WORD == 0 && size - length >= WORD && !has_zero(s + length) ? WORD : 1;
	return length;
}

void text_char(struct text *out, char c)
{
	if (out->at < out->end)
		*out->at++ = c;
	else
		out->cut = 1;
}

void text_string(struct text *out, const char *s)
{
	while (*s)
		text_char(out, *s++);
}

void text_bytes(struct text *out, const char *s, size_t n)
{
	while (n--)
		text_char(out, *s++);
}

void text_padded(struct text *out, uint64_t value, unsigned width, char pad)
{
	char digits[20];
	unsigned n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	for (; width > n; width--)
		text_char(out, pad);
	while (n)
		text_char(out, digits[--n]);
}

void text_unsigned(struct text *out, uint64_t value)
{
	text_padded(out, value, 0, ' ');
}

void text_decimal(struct text *out, int64_t value)
{
	uint64_t size = (uint64_t)value;

	if (value < 0) {
		text_char(out, '-');
		size = -size;
	}
	text_unsigned(out, size);
}

static void in_base(struct text *out, uint64_t value, unsigned bits)
{
	int shift = 63 / (int)bits * (int)bits;

	while (shift > 0 && !(value >> shift))
		shift -= (int)bits;
	for (; shift >= 0; shift -= (int)bits)
		text_char(out, "0123456789abcdef"[value >> shift & ((1u << bits) - 1)]);
}

void text_hex(struct text *out, uint64_t value)
{
	text_char(out, '0');
	if (!value)
		return;
	text_char(out, 'x');
	in_base(out, value, 4);
}

void text_hex_bytes(struct text *out, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t byte = ((const uint8_t *)bytes)[i];
		text_char(out, "0123456789abcdef"[byte >> 4]);
		text_char(out, "0123456789abcdef"[byte & 15]);
	}
}

void text_octal(struct text *out, uint64_t value)
{
	text_char(out, '0');
	if (value)
		in_base(out, value, 3);
}

/* strace's escapes: C's letters, and octal as short as the next character allows. */
static void quoted_char(struct text *out, unsigned char c, int digit_follows)
{
	static const char letters[] = "\tt\nn\vv\ff\rr\"\"\\\\";

	for (const char *l = letters; *l; l += 2)
		if (c == (unsigned char)*l) {
			text_char(out, '\\');
			text_char(out, l[1]);
			return;
		}
	if (c >= ' ' && c < 127) {
		text_char(out, (char)c);
		return;
	}
	text_char(out, '\\');
	if (digit_follows || c > 077)
		text_char(out, (char)('0' + (c >> 6)));
	if (digit_follows || c > 07)
		text_char(out, (char)('0' + (c >> 3 & 7)));
	text_char(out, (char)('0' + (c & 7)));
}

void text_escaped_before(struct text *out, const char *s, size_t n, char next)
{
	for (size_t i = 0; i < n; i++) {
		char follows = i + 1 < n ? s[i + 1] : next;
		quoted_char(out, (unsigned char)s[i], follows >= '0' && follows <= '7');
	}
}

void text_escaped(struct text *out, const char *s, size_t n)
{
	text_escaped_before(out, s, n, 0);
}

void text_quoted(struct text *out, const char *s, size_t n)
{
	text_char(out, '"');
	text_escaped(out, s, n);
	text_char(out, '"');
}

unsigned text_utf8_length(const unsigned char *s, size_t n)
{
	unsigned length = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

	if (!length || length > n)
		return 0;
	for (unsigned i = 1; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return length;
}

int text_is_control(const unsigned char *character)
{
	return character[0] < ' ' || character[0] == 0x7f || (character[0] == 0xc2 && character[1] < 0xa0);
}

void text_quieten(char *text, size_t size)
{
	unsigned char *bytes = (unsigned char *)text;

	for (size_t i = 0; i < size;) {
		unsigned character = text_utf8_length(bytes + i, size - i), length = character ? character : 1;
		for (size_t end = i + length, is_wrong = !character || text_is_control(bytes + i); i < end; i++)
			bytes[i] = is_wrong ? '?' : bytes[i];
	}
}

void text_json_quoted(struct text *out, const char *s, size_t n)
{
	const unsigned char *bytes = (const unsigned char *)s;

	text_char(out, '"');
	for (size_t i = 0; i < n;) {
		unsigned length = text_utf8_length(bytes + i, n - i);
		if (!length || text_is_control(bytes + i)) {
			/* Its last byte is the character's number. */
			i += length ? length : 1;
			text_string(out, "\\u00");
			text_hex_bytes(out, bytes + i - 1, 1);
			continue;
		}
		if (bytes[i] == '"' || bytes[i] == '\\')
			text_char(out, '\\');
		text_bytes(out, s + i, length);
		i += length;
	}
	text_char(out, '"');
}

void text_seconds(struct text *out, uint64_t nanoseconds)
{
	text_unsigned(out, nanoseconds / 1000000000);
	text_char(out, '.');
	text_padded(out, nanoseconds / 1000 % 1000000, 6, '0');
}

struct unit {
	const char *name;
	unsigned length, column; /* of its name; of the longest one in a table */
	unsigned most, step;     /* from `most` on the next one stands, which is `step` of it; 0: there is none */
};

static void scaled(struct text *out, uint64_t value, const struct unit *unit, unsigned width)
{
	uint64_t whole = value, rest = 0;
	unsigned step = 1;

	for (; unit->most && whole >= unit->most; unit++) {
		step = unit->step;
		rest = whole % step;
		whole /= step;
	}
	unsigned digits = width > unit->column + 1 ? width - unit->column - 1 : 1;
	if (step > 1 && whole < 100) {
		text_padded(out, whole, digits > 2 ? digits - 2 : 1, ' ');
		text_char(out, '.');
		text_unsigned(out, rest * 10 / step);
	} else {
		text_padded(out, whole, digits, ' ');
	}
	text_char(out, ' ');
	text_string(out, unit->name);
	for (unsigned i = unit->length; width && i < unit->column; i++)
		text_char(out, ' ');
}

void text_size(struct text *out, uint64_t bytes, unsigned width)
{
	static const struct unit units[] = {{"B", 1, 3, 1024, 1024}, {"KiB", 3, 3, 1024, 1024}, {"MiB", 3, 3, 1024, 1024}, {"GiB", 3, 3, 1024, 1024}, {"TiB", 3, 3, 0, 0}};

	scaled(out, bytes, units, width);
}

void text_duration(struct text *out, uint64_t nanoseconds, unsigned width)
{
	static const struct unit to_seconds[] = {{"ns", 2, 2, 1000, 1000}, {"us", 2, 2, 1000, 1000}, {"ms", 2, 2, 1000, 1000}, {"s", 1, 2, 0, 0}};
	static const struct unit to_hours[] = {{"ns", 2, 0, 1000, 1000}, {"us", 2, 0, 1000, 1000}, {"ms", 2, 0, 1000, 1000}, {"s", 1, 0, 120, 60}, {"min", 3, 0, 120, 60}, {"h", 1, 0, 0, 0}};

	scaled(out, nanoseconds, width ? to_seconds : to_hours, width);
}
