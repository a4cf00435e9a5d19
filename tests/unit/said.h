/* For the unit tests of the log's text: what a call looks like, as one string to compare. The program's memory is this process's own,
 * read as the shim reads it: a bad address is an error and no fault. */
#ifndef UNIT_SAID_H
#define UNIT_SAID_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>
/* cmocka before 2.0 has one for both signs. */
#ifndef assert_uint_in_range
#define assert_uint_in_range assert_in_range
#endif

#include "format/text.h"

/* arguments of a call, as they stand in the registers */
#define A(...) ((const uint64_t[6]){__VA_ARGS__})
#define P(pointer) ((uint64_t)(uintptr_t)(pointer))
#define DONE(number, result, ...) said_call(number, A(__VA_ARGS__), result, 0)
#define DATA(bytes, number, result, ...) said_call(number, A(__VA_ARGS__), result, bytes)

static inline long said_read(const struct text_memory *self, void *to, uint64_t from, size_t size)
{
	struct iovec here = {to, size}, there = {(void *)(uintptr_t)from, size};

	(void)self;
	return process_vm_readv(getpid(), &here, 1, &there, 1, 0);
}

static char said_buffer[1 << 16];

static inline struct text said_begin(void)
{
	memset(said_buffer, '#', sizeof said_buffer);
	return (struct text){said_buffer, said_buffer + sizeof said_buffer - 1, 0};
}

static inline const char *said_end(struct text *out)
{
	assert_false(out->cut);
	*out->at = 0;
	return said_buffer;
}

/* The whole line: what can be said beforehand and what only the result tells. */
static inline const char *said_call(long number, const uint64_t *arguments, int64_t result, size_t data)
{
	struct text_memory memory = {.read = said_read, .data = data};
	struct text_call call = {.number = (uint64_t)number, .result = result};
	struct text out = said_begin();

	memcpy(call.arguments, arguments, sizeof call.arguments);
	unsigned printed = text_call_enter(&out, &call, &memory);
	text_call_leave(&out, &call, printed, &memory);
	return said_end(&out);
}

#endif
