/* The primitives of the log's text: numbers, escapes, JSON, and that nothing is ever written behind a buffer's end. */
#include "said.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SAID(call) (out = said_begin(), (call), said_end(&out))

static void numbers_have_straces_look(void **state)
{
	struct text out;

	assert_string_equal(SAID(text_decimal(&out, 0)), "0");
	assert_string_equal(SAID(text_decimal(&out, -1)), "-1");
	assert_string_equal(SAID(text_decimal(&out, INT64_MIN)), "-9223372036854775808");
	assert_string_equal(SAID(text_unsigned(&out, UINT64_MAX)), "18446744073709551615");
	assert_string_equal(SAID(text_hex(&out, 0)), "0");
	assert_string_equal(SAID(text_hex(&out, 0xa0)), "0xa0");
	assert_string_equal(SAID(text_hex(&out, UINT64_MAX)), "0xffffffffffffffff");
	assert_string_equal(SAID(text_octal(&out, 0)), "0");
	assert_string_equal(SAID(text_octal(&out, 0644)), "0644");
	assert_string_equal(SAID(text_octal(&out, UINT64_MAX)), "01777777777777777777777");
	assert_string_equal(SAID(text_padded(&out, 42, 5, ' ')), "   42");
	assert_string_equal(SAID(text_padded(&out, 42, 5, '0')), "00042");
	assert_string_equal(SAID(text_padded(&out, 123456, 3, ' ')), "123456");
	assert_string_equal(SAID(text_padded(&out, 0, 0, ' ')), "0");
	assert_string_equal(SAID(text_seconds(&out, 0)), "0.000000");
	assert_string_equal(SAID(text_seconds(&out, 1000000999)), "1.000000");
	assert_string_equal(SAID(text_seconds(&out, 123456789012ull)), "123.456789");
}

static void amounts_have_three_digits_and_a_unit(void **state)
{
	struct text out;

	assert_string_equal(SAID(text_size(&out, 0, 0)), "0 B");
	assert_string_equal(SAID(text_size(&out, 1023, 0)), "1023 B");
	assert_string_equal(SAID(text_size(&out, 1024, 0)), "1.0 KiB");
	assert_string_equal(SAID(text_size(&out, 102399, 0)), "99.9 KiB");
	assert_string_equal(SAID(text_size(&out, 102400, 0)), "100 KiB");
	assert_string_equal(SAID(text_size(&out, UINT64_MAX, 0)), "16777215 TiB");
	assert_string_equal(SAID(text_size(&out, 5, 9)), "    5 B  ");
	assert_string_equal(SAID(text_size(&out, 3 << 20, 9)), "  3.0 MiB");
	assert_string_equal(SAID(text_duration(&out, 999, 0)), "999 ns");
	assert_string_equal(SAID(text_duration(&out, 1500, 0)), "1.5 us");
	assert_string_equal(SAID(text_duration(&out, 119999999999ull, 0)), "119 s");
	assert_string_equal(SAID(text_duration(&out, 150000000000ull, 0)), "2.5 min");
	assert_string_equal(SAID(text_duration(&out, 7200000000000ull, 0)), "2.0 h");
	assert_string_equal(SAID(text_duration(&out, 7200000000000ull, 9)), "  7200 s ");
	assert_string_equal(SAID(text_duration(&out, 11200, 9)), "  11.2 us");
	/* what finds no place in its column is whole all the same */
	assert_string_equal(SAID(text_duration(&out, 123456000000000ull, 4)), "123456 s ");
}

static void escapes_are_straces(void **state)
{
	struct text out;

	assert_string_equal(SAID(text_quoted(&out, "a\t\n\v\f\r\"\\b", 9)), "\"a\\t\\n\\v\\f\\r\\\"\\\\b\"");
	assert_string_equal(SAID(text_quoted(&out, "", 0)), "\"\"");
	assert_string_equal(SAID(text_quoted(&out, "\0", 1)), "\"\\0\"");
	/* as short as C's octal digits allow: three of them only where one follows, and 8 and 9 are none */
	assert_string_equal(SAID(text_quoted(&out, "\0x\1\33\177\377", 6)), "\"\\0x\\1\\33\\177\\377\"");
	assert_string_equal(SAID(text_quoted(&out, "\0000\0017\0337\3777", 8)), "\"\\0000\\0017\\0337\\3777\"");
	assert_string_equal(SAID(text_quoted(&out, "\0" "8\1" "9", 4)), "\"\\08\\19\"");
	assert_string_equal(SAID(text_quoted(&out, "caf\303\251", 5)), "\"caf\\303\\251\"");
	assert_string_equal(SAID(text_escaped(&out, "'$`\"", 4)), "'$`\\\"");
}

/* What C's own rules for string literals make of an escaped string is the string itself, whatever the bytes are. */
static void escapes_can_be_read_back(void **state)
{
	srand(1);
	for (int round = 0; round < 2000; round++) {
		char bytes[24], back[24];
		size_t n = 0, length = (size_t)rand() % sizeof bytes;
		for (size_t i = 0; i < length; i++)
			bytes[i] = (char)(rand() % 3 ? rand() % 12 + (rand() % 2 ? 0 : '0') : rand());
		struct text out = said_begin();
		text_escaped(&out, bytes, length);
		for (const char *c = said_end(&out); *c; n++) {
			assert_true(*c >= ' ' && *c < 127 && n < sizeof back);
			if (*c != '\\') {
				back[n] = *c++;
			} else if (*++c >= '0' && *c <= '7') {
				unsigned value = 0;
				for (int digits = 0; digits < 3 && *c >= '0' && *c <= '7'; digits++)
					value = value * 8 + (unsigned)(*c++ - '0');
				back[n] = (char)value;
			} else {
				back[n] = *c == 't' ? '\t' : *c == 'n' ? '\n' : *c == 'v' ? '\v' : *c == 'f' ? '\f' : *c == 'r' ? '\r' : *c;
				c++;
			}
		}
		assert_int_equal(n, length);
		assert_memory_equal(back, bytes, length);
	}
}

static void json_is_valid_for_any_bytes(void **state)
{
	struct text out;

	assert_string_equal(SAID(text_json_quoted(&out, "a\"b\\c/d", 7)), "\"a\\\"b\\\\c/d\"");
	assert_string_equal(SAID(text_json_quoted(&out, "\n\t\0\177", 4)), "\"\\u000a\\u0009\\u0000\\u007f\"");
	/* valid UTF-8 of two, three and four bytes stays */
	assert_string_equal(SAID(text_json_quoted(&out, "\303\251\342\202\254\360\237\230\200", 9)),
			    "\"\303\251\342\202\254\360\237\230\200\"");
	/* controls of two bytes do not; what stands before and behind them does */
	assert_string_equal(SAID(text_json_quoted(&out, "\302\200\302\233\302\237\302\240", 8)), "\"\\u0080\\u009b\\u009f\302\240\"");
	/* a lone continuation, an overlong '/', a surrogate, one above U+10FFFF, 0xff */
	assert_string_equal(SAID(text_json_quoted(&out, "\200", 1)), "\"\\u0080\"");
	assert_string_equal(SAID(text_json_quoted(&out, "\300\257", 2)), "\"\\u00c0\\u00af\"");
	assert_string_equal(SAID(text_json_quoted(&out, "\340\200\257", 3)), "\"\\u00e0\\u0080\\u00af\"");
	assert_string_equal(SAID(text_json_quoted(&out, "\355\240\200", 3)), "\"\\u00ed\\u00a0\\u0080\"");
	assert_string_equal(SAID(text_json_quoted(&out, "\360\200\200\257", 4)), "\"\\u00f0\\u0080\\u0080\\u00af\"");
	assert_string_equal(SAID(text_json_quoted(&out, "\364\220\200\200", 4)), "\"\\u00f4\\u0090\\u0080\\u0080\"");
	assert_string_equal(SAID(text_json_quoted(&out, "\377z", 2)), "\"\\u00ffz\"");
	/* one that the end cuts: the byte behind it is not looked at */
	assert_string_equal(SAID(text_json_quoted(&out, "x\303\251", 2)), "\"x\\u00c3\"");
	assert_string_equal(SAID(text_json_quoted(&out, "\342\202x", 3)), "\"\\u00e2\\u0082x\"");
}

/* Each primitive into each size that is too small: the beginning stands there, `cut` is set, the byte behind the end is untouched. */
static void nothing_is_written_behind_the_end(void **state)
{
	for (int which = 0; which < 8; which++) {
		char whole[64];
		size_t needed = 0;
		for (size_t size = sizeof whole; size-- > 0;) {
			char small[64];
			memset(small, '#', sizeof small);
			struct text out = {small, small + size, 0};
			switch (which) {
			case 0: text_string(&out, "a string"); break;
			case 1: text_decimal(&out, -1234567); break;
			case 2: text_hex(&out, 0xabcdef); break;
			case 3: text_octal(&out, 01234567); break;
			case 4: text_quoted(&out, "\n\1\377\"", 4); break;
			case 5: text_json_quoted(&out, "\n\303\251\377\"", 5); break;
			case 6: text_seconds(&out, 1234567890); break;
			default: text_padded(&out, 7, 12, ' '); break;
			}
			if (size == sizeof whole - 1) {
				assert_false(out.cut);
				needed = (size_t)(out.at - small);
				memcpy(whole, small, needed);
			}
			size_t written = size < needed ? size : needed;
			assert_int_equal(out.at - small, written);
			assert_memory_equal(small, whole, written);
			assert_int_equal(!!out.cut, size < needed);
			for (size_t i = written; i < sizeof small; i++)
				assert_int_equal(small[i], '#');
		}
		assert_true(needed > 5);
	}
}

/* The next page is nobody's, and what lies in front of a string is anything. */
static void lengths_are_found_at_every_place_before_the_end_of_a_page(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *end = memory + page;

	(void)state;
	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_int_equal(munmap(end, page), 0);
	for (size_t length = 0; length < 40; length++) {
		for (size_t behind = 0; behind < 20; behind++) {
			char *s = end - behind - 1 - length;
			memset(memory, 0, page);
			memset(s, '\x80', length);
			memset(s + length + 1, 'x', behind);
			assert_int_equal(text_length_within(s, 1 << 20), length);
			for (size_t size = 0; size <= length; size++)
				assert_int_equal(text_length_within(s, size), size);
		}
	}
	munmap(memory, page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_straces_look),
		cmocka_unit_test(amounts_have_three_digits_and_a_unit),
		cmocka_unit_test(escapes_are_straces),
		cmocka_unit_test(escapes_can_be_read_back),	  cmocka_unit_test(json_is_valid_for_any_bytes),
		cmocka_unit_test(nothing_is_written_behind_the_end), cmocka_unit_test(lengths_are_found_at_every_place_before_the_end_of_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
