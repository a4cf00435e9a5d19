/* Names of flag bits and values: strace's order, what has no name in hex or decimal, and nothing twice. */
#include "said.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "format/flags.h"

static const char *bits(enum argument_kind set, uint64_t value)
{
	struct text out = said_begin();

	flags_text(&out, set, value);
	return said_end(&out);
}

static const char *value(enum argument_kind set, uint64_t number)
{
	struct text out = said_begin();

	flags_value(&out, set, number);
	return said_end(&out);
}

static void bits_are_named_and_the_rest_is_hex(void **state)
{
	assert_string_equal(bits(ARG_PROT, PROT_READ | PROT_WRITE | PROT_EXEC), "PROT_READ|PROT_WRITE|PROT_EXEC");
	assert_string_equal(bits(ARG_PROT, 0), "0");
	assert_string_equal(bits(ARG_PROT, PROT_READ | 0x40), "PROT_READ|0x40");
	assert_string_equal(bits(ARG_PROT, 0x40), "0x40");
	assert_string_equal(bits(ARG_ACCESS, 7), "R_OK|W_OK|X_OK");
	assert_string_equal(bits(ARG_AT_FLAGS, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH), "AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH");
	assert_string_equal(bits(ARG_MSG_FLAGS, MSG_NOSIGNAL | MSG_DONTWAIT), "MSG_DONTWAIT|MSG_NOSIGNAL");
	assert_string_equal(bits(ARG_CLONE_FLAGS, CLONE_IO), "CLONE_IO");
	assert_string_equal(bits(ARG_OPEN_FLAGS, UINT64_C(0x8000000000000000)), "0x8000000000000000");
}

/* A group of bits has its own name and not its parts': O_SYNC holds O_DSYNC, O_TMPFILE holds O_DIRECTORY. */
static void groups_of_bits_are_named_once(void **state)
{
	assert_string_equal(bits(ARG_OPEN_FLAGS, O_SYNC), "O_SYNC");
	assert_string_equal(bits(ARG_OPEN_FLAGS, O_DSYNC), "O_DSYNC");
	assert_string_equal(bits(ARG_OPEN_FLAGS, O_TMPFILE), "O_TMPFILE");
	assert_string_equal(bits(ARG_OPEN_FLAGS, O_DIRECTORY), "O_DIRECTORY");
	assert_string_equal(bits(ARG_MAP_FLAGS, MAP_SHARED_VALIDATE), "MAP_SHARED_VALIDATE");
	assert_string_equal(bits(ARG_MAP_FLAGS, MAP_PRIVATE | MAP_ANONYMOUS), "MAP_PRIVATE|MAP_ANONYMOUS");
}

static void a_list_is_continued(void **state)
{
	struct text out = said_begin();
	int any = 1;

	text_string(&out, "O_RDWR");
	assert_int_equal(flags_names(&out, ARG_OPEN_FLAGS, O_CREAT | 0x40000000, &any), 0x40000000);
	assert_string_equal(said_end(&out), "O_RDWR|O_CREAT");
	out = said_begin();
	any = 0;
	assert_int_equal(flags_names(&out, ARG_OPEN_FLAGS, 0x40000000, &any), 0x40000000);
	assert_string_equal(said_end(&out), "");
	assert_int_equal(any, 0);
}

static void values_are_named_or_decimal(void **state)
{
	assert_string_equal(value(ARG_WHENCE, SEEK_END), "SEEK_END");
	assert_string_equal(value(ARG_WHENCE, 9), "9");
	assert_string_equal(value(ARG_WHENCE, (uint32_t)-1), "-1");
	assert_string_equal(value(ARG_FCNTL, F_DUPFD_CLOEXEC), "F_DUPFD_CLOEXEC");
	assert_string_equal(value(ARG_FCNTL, F_OFD_SETLKW), "F_OFD_SETLKW");
	assert_string_equal(value(ARG_DOMAIN, AF_INET6), "AF_INET6");
	assert_string_equal(value(ARG_SOCKET_TYPE, SOCK_SEQPACKET), "SOCK_SEQPACKET");
	assert_string_equal(value(ARG_CLOCK, 11), "CLOCK_TAI");
	assert_string_equal(value(ARG_HOW, 2), "SIG_SETMASK");
	assert_string_equal(value(ARG_FUTEX, 9), "FUTEX_WAIT_BITSET");
	/* a set's values are not another set's */
	assert_string_equal(value(ARG_HOW, 3), "3");
	/* and bits are not values */
	assert_string_equal(value(ARG_PROT, 1), "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_are_named_and_the_rest_is_hex),
		cmocka_unit_test(groups_of_bits_are_named_once),
		cmocka_unit_test(a_list_is_continued),
		cmocka_unit_test(values_are_named_or_decimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
