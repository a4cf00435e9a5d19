/* Arguments that lie in the program's memory: strings, buffers, vectors, signal sets, socket addresses, and memory that cannot be read.
 * What is expected was printed by strace 6.1 with -s 32, as SYSSHIM_DATA=32 is to look. */
#include "said.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

static char *page; /* readable as the one in front of it, and none behind it */

static int with_page(void **state)
{
	char *three = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	page = three + 4096;
	return three == MAP_FAILED || mprotect(page + 4096, 4096, PROT_NONE) != 0;
}

static const char *chdir_to(const char *path)
{
	return DONE(SYS_chdir, 0, P(path));
}

static void paths_are_whole_to_their_greatest_length(void **state)
{
	static char path[4097], expected[4200];

	assert_string_equal(chdir_to("a b\n\"\\\33\1" "1\377"), "chdir(\"a b\\n\\\"\\\\\\33\\0011\\377\") = 0");
	assert_string_equal(chdir_to(""), "chdir(\"\") = 0");
	assert_string_equal(chdir_to(NULL), "chdir(NULL) = 0");
	assert_string_equal(chdir_to((char *)16), "chdir(0x10) = 0");
	memset(path, 'x', 4095);
	snprintf(expected, sizeof expected, "chdir(\"%s\") = 0", path);
	assert_string_equal(chdir_to(path), expected);
	/* one that is too long for the kernel has no end that anybody reads */
	snprintf(expected, sizeof expected, "chdir(\"%s\"...) = 0", path);
	memset(path, 'x', 4096);
	assert_string_equal(chdir_to(path), expected);
}

static void strings_up_to_the_last_byte_of_a_page(void **state)
{
	char expected[64];

	strcpy(page + 4096 - 4, "end");
	assert_string_equal(chdir_to(page + 4096 - 4), "chdir(\"end\") = 0");
	/* without its end it is no string: its address is said */
	memcpy(page + 4096 - 3, "end", 3);
	snprintf(expected, sizeof expected, "chdir(%p) = 0", (void *)(page + 4096 - 3));
	assert_string_equal(chdir_to(page + 4096 - 3), expected);
	assert_string_equal(DATA(32, SYS_write, 3, 1, P(page + 4096 - 3), 3), "write(1, \"end\", 3) = 3");
	snprintf(expected, sizeof expected, "write(1, %p, 4) = 3", (void *)(page + 4096 - 3));
	assert_string_equal(DATA(32, SYS_write, 3, 1, P(page + 4096 - 3), 4), expected);
}

/* The text is read in pieces, and what is said does not depend on where one ends: an escape looks at the digit behind it. */
static void pieces_do_not_show(void **state)
{
	static char path[300], expected[700];

	for (size_t at = 0; at < 280; at++) {
		memset(path, 'x', sizeof path - 1);
		memcpy(path + at, "\001" "1\377", 3);
		memset(expected, 0, sizeof expected);
		snprintf(expected, sizeof expected, "chdir(\"%.*s\\0011\\377%s\") = 0", (int)at, path, path + at + 3);
		assert_string_equal(chdir_to(path), expected);
	}
}

/* Nor where a page ends: `\11` would be a tab. */
static void pages_do_not_show(void **state)
{
	strcpy(page - 3, "ab\001" "1c");
	assert_string_equal(chdir_to(page - 3), "chdir(\"ab\\0011c\") = 0");
	strcpy(page - 3, "abcdef");
	assert_string_equal(chdir_to(page - 3), "chdir(\"abcdef\") = 0");
	assert_string_equal(DATA(32, SYS_write, 6, 1, P(page - 3), 6), "write(1, \"abcdef\", 6) = 6");
}

static void buffers_show_what_was_asked_for(void **state)
{
	static char long_one[100];

	memset(long_one, 'y', sizeof long_one);
	assert_string_equal(DATA(0, SYS_write, 5, 1, P("hello"), 5), "write(1, \"\"..., 5) = 5");
	assert_string_equal(DATA(0, SYS_write, 0, 1, P("hello"), 0), "write(1, \"\", 0) = 0");
	assert_string_equal(DATA(32, SYS_write, 5, 1, P("he\0o\n"), 5), "write(1, \"he\\0o\\n\", 5) = 5");
	assert_string_equal(DATA(3, SYS_write, 5, 1, P("hello"), 5), "write(1, \"hel\"..., 5) = 5");
	assert_string_equal(DATA(5, SYS_write, 5, 1, P("hello"), 5), "write(1, \"hello\", 5) = 5");
	assert_string_equal(DATA(32, SYS_write, 100, 1, P(long_one), 100), "write(1, \"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\"..., 100) = 100");
	assert_string_equal(DATA(32, SYS_write, -EFAULT, 1, 16, 5), "write(1, 0x10, 5) = -1 EFAULT (Bad address)");
	assert_string_equal(DATA(32, SYS_write, -EFAULT, 1, 0, 5), "write(1, NULL, 5) = -1 EFAULT (Bad address)");
	/* what the kernel fills: as many bytes as it says, none when it failed */
	assert_string_equal(DATA(32, SYS_read, 2, 0, P("hello"), 5), "read(0, \"he\", 5) = 2");
	assert_string_equal(DATA(32, SYS_read, 0, 0, P("hello"), 5), "read(0, \"\", 5) = 0");
	assert_string_equal(DATA(32, SYS_read, -EFAULT, 0, 16, 5), "read(0, 0x10, 5) = -1 EFAULT (Bad address)");
	/* more than was filled: what stands behind that is the program's own */
	assert_string_equal(DATA(32, SYS_recvfrom, 10, 5, P("hello"), 2, 0x20), "recvfrom(5, \"he\", 2, MSG_TRUNC, NULL, NULL) = 10");
	assert_string_equal(DATA(32, SYS_fgetxattr, 5, 3, P("user.a"), P("hello"), 0), "fgetxattr(3, \"user.a\", \"\", 0) = 5");
}

/* readlink's answer has no NUL behind it, getcwd's length counts it. */
static void paths_that_the_kernel_fills(void **state)
{
	assert_string_equal(DONE(SYS_readlink, 3, P("a"), P("/tmp/x"), 3), "readlink(\"a\", \"/tm\", 3) = 3");
	assert_string_equal(DONE(SYS_getcwd, 5, P("/tmp"), 100), "getcwd(\"/tmp\", 100) = 5");
	assert_string_equal(DONE(SYS_readlink, -ENOENT, P("a"), 16, 3), "readlink(\"a\", 0x10, 3) = -1 ENOENT (No such file or directory)");
}

static void vectors_of_buffers(void **state)
{
	struct iovec two[] = {{(char[]){"ab"}, 2}, {NULL, 0}, {(void *)16, 3}}, many[40];
	char three[] = "hel", ten[] = "lo########";
	struct iovec in[] = {{three, 3}, {ten, 10}, {ten, 5}};

	assert_string_equal(DATA(32, SYS_writev, 2, 1, P(two), 2), "writev(1, [{iov_base=\"ab\", iov_len=2}, {iov_base=NULL, iov_len=0}], 2) = 2");
	assert_string_equal(DATA(32, SYS_writev, -EFAULT, 1, P(two + 2), 1),
			    "writev(1, [{iov_base=0x10, iov_len=3}], 1) = -1 EFAULT (Bad address)");
	assert_string_equal(DATA(32, SYS_writev, 0, 1, P(two), 0), "writev(1, [], 0) = 0");
	assert_string_equal(DATA(32, SYS_writev, -EFAULT, 1, 0, 3), "writev(1, NULL, 3) = -1 EFAULT (Bad address)");
	assert_string_equal(DATA(32, SYS_readv, 5, 0, P(in), 3),
			    "readv(0, [{iov_base=\"hel\", iov_len=3}, {iov_base=\"lo\", iov_len=10}, {iov_base=\"\", iov_len=5}], 3) = 5");
	assert_string_equal(DATA(0, SYS_readv, 3, 0, P(in), 1), "readv(0, [{iov_base=\"\"..., iov_len=3}], 1) = 3");
	for (int i = 0; i < 40; i++)
		many[i] = two[1];
	const char *line = DATA(32, SYS_writev, 0, 1, P(many), 40);
	assert_non_null(strstr(line, "iov_len=0}, ...], 40) = 0"));
	assert_int_equal(strlen(line), strlen("writev(1, [") + 32 * strlen("{iov_base=NULL, iov_len=0}, ") + strlen("...], 40) = 0"));
}

static void vectors_of_strings(void **state)
{
	char text[200];
	const char *two[] = {"a", "b c", NULL}, *none[] = {NULL}, *bad[] = {(char *)16, NULL};
	const char *edge[] = {"01234567890123456789012345678901", "012345678901234567890123456789012", NULL};

	snprintf(text, sizeof text, "execve(\"/none\", [\"a\", \"b c\"], %p /* 2 vars */) = -1 ENOENT (No such file or directory)", (void *)two);
	assert_string_equal(DONE(SYS_execve, -ENOENT, P("/none"), P(two), P(two)), text);
	snprintf(text, sizeof text, "execve(\"/none\", [], %p /* 1 var */) = 0", (void *)bad);
	assert_string_equal(DONE(SYS_execve, 0, P("/none"), P(none), P(bad)), text);
	snprintf(text, sizeof text, "execve(\"/none\", [0x10], %p /* 0 vars */) = 0", (void *)none);
	assert_string_equal(DONE(SYS_execve, 0, P("/none"), P(bad), P(none)), text);
	assert_string_equal(DONE(SYS_execve, -EFAULT, P("/none"), 0, 16), "execve(\"/none\", NULL, 0x10) = -1 EFAULT (Bad address)");
	assert_string_equal(DONE(SYS_execve, -EFAULT, P("/none"), 16, 0), "execve(\"/none\", 0x10, NULL) = -1 EFAULT (Bad address)");
	/* a word of exactly the greatest length is whole */
	assert_string_equal(DONE(SYS_execve, 0, P("/none"), P(edge), 0),
			    "execve(\"/none\", [\"01234567890123456789012345678901\", \"01234567890123456789012345678901\"...], NULL) = 0");
}

static void many_arguments_are_cut(void **state)
{
	const char *many[41];

	for (int i = 0; i < 40; i++)
		many[i] = "q";
	many[40] = NULL;
	const char *line = DONE(SYS_execve, 0, P("/none"), P(many), 0);
	assert_non_null(strstr(line, "\"q\", ...], NULL) = 0"));
	assert_int_equal(strlen(line), strlen("execve(\"/none\", [") + 32 * strlen("\"q\", ") + strlen("...], NULL) = 0"));
}

static const char *masked(uint64_t set)
{
	return DONE(SYS_rt_sigprocmask, 0, SIG_BLOCK, P(&set), 0, 8);
}

static void sets_of_signals(void **state)
{
	assert_string_equal(masked(0), "rt_sigprocmask(SIG_BLOCK, [], NULL, 8) = 0");
	assert_string_equal(masked(1ull << (SIGINT - 1) | 1ull << (SIGTERM - 1) | 1ull << 31 | 1ull << 63),
			    "rt_sigprocmask(SIG_BLOCK, [INT TERM RTMIN RT_32], NULL, 8) = 0");
	assert_string_equal(masked(~0ull), "rt_sigprocmask(SIG_BLOCK, ~[], NULL, 8) = 0");
	assert_string_equal(masked(~(3ull << 31)), "rt_sigprocmask(SIG_BLOCK, ~[RTMIN RT_1], NULL, 8) = 0");
	assert_string_equal(DONE(SYS_rt_sigprocmask, 0, SIG_SETMASK, 0, 0, 8), "rt_sigprocmask(SIG_SETMASK, NULL, NULL, 8) = 0");
	assert_string_equal(DONE(SYS_rt_sigprocmask, -EFAULT, SIG_SETMASK, 16, 0, 8),
			    "rt_sigprocmask(SIG_SETMASK, 0x10, NULL, 8) = -1 EFAULT (Bad address)");
}

/* strace turns a set around from two thirds of all signals on: 42. */
static void full_sets_are_turned_around(void **state)
{
	assert_non_null(strstr(masked(~0ull << 22), "~[HUP INT QUIT"));
	assert_non_null(strstr(masked(~0ull << 23), " [XCPU XFSZ VTALRM"));
}

static void structs_of_numbers(void **state)
{
	uint64_t vfork[] = {0x100004100, 0, 0, 0, SIGCHLD, 0x7000, 0x9000, 0, 0, 0, 0};
	uint64_t thread[] = {0x3d0f00, 0, 0x10, 0x20, 0, 0x7000, 0x9000, 0x30};
	uint64_t how[] = {O_RDWR | O_CREAT, 0640, 8}, reads[] = {O_RDONLY, 0, 0};

	(void)state;
	assert_string_equal(DONE(SYS_clone3, 7, P(vfork), sizeof vfork),
			    "clone3({flags=CLONE_VM|CLONE_VFORK|CLONE_CLEAR_SIGHAND, exit_signal=SIGCHLD, stack=0x7000, stack_size=0x9000}, 88) = 7");
	assert_string_equal(DONE(SYS_clone3, 7, P(thread), sizeof thread),
			    "clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID, "
			    "child_tid=0x10, parent_tid=0x20, exit_signal=0, stack=0x7000, stack_size=0x9000, tls=0x30}, 64) = 7");
	assert_string_equal(DONE(SYS_clone3, -EFAULT, 16, 88), "clone3(0x10, 88) = -1 EFAULT (Bad address)");
	assert_string_equal(DONE(__NR_openat2, 3, 5, P("x"), P(how), sizeof how), "openat2(5, \"x\", {flags=O_RDWR|O_CREAT, mode=0640, resolve=0x8}, 24) = 3");
	assert_string_equal(DONE(__NR_openat2, 3, 5, P("x"), P(reads), sizeof reads), "openat2(5, \"x\", {flags=O_RDONLY, resolve=0}, 24) = 3");
	assert_non_null(strstr(DONE(__NR_openat2, -EINVAL, 5, P("x"), P(how), 8), "openat2(5, \"x\", 0x"));
}

static const char *connected(const void *address, size_t size)
{
	return DONE(SYS_connect, 0, 3, P(address), size);
}

static void addresses(void **state)
{
	struct sockaddr_un local = {AF_UNIX, "/tmp/a b"}, abstract = {AF_UNIX, "\0abs"};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr = {htonl(0x7f000001)}};
	char expected[100];

	assert_string_equal(connected(&local, sizeof local), "connect(3, {sa_family=AF_UNIX, sun_path=\"/tmp/a b\"}, 110) = 0");
	assert_string_equal(connected(&local, 7), "connect(3, {sa_family=AF_UNIX, sun_path=\"/tmp/\"}, 7) = 0");
	assert_string_equal(connected(&abstract, 6), "connect(3, {sa_family=AF_UNIX, sun_path=@\"abs\"}, 6) = 0");
	assert_string_equal(connected(&local, 2), "connect(3, {sa_family=AF_UNIX}, 2) = 0");
	assert_string_equal(connected(&four, sizeof four),
			    "connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0");
	snprintf(expected, sizeof expected, "connect(3, %p, 1) = 0", (void *)&local);
	assert_string_equal(connected(&local, 1), expected);
	assert_string_equal(connected(NULL, 16), "connect(3, NULL, 16) = 0");
	assert_string_equal(connected((void *)16, 16), "connect(3, 0x10, 16) = 0");
}

/* All of an IPv6 address is there, and inet_pton reads it back. */
static void addresses_of_ipv6(void **state)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(443)};
	const char *names[] = {"2001:db8:1:2:3:4:5:6", "2001:db8::1", "::1", "::", "::ffff:1.2.3.4", "fe80::1:0:0:1"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct in6_addr back;
		char name[64];
		assert_int_equal(inet_pton(AF_INET6, names[i], &six.sin6_addr), 1);
		const char *line = connected(&six, sizeof six), *at = strstr(line, "inet_pton(AF_INET6, \"");
		assert_non_null(strstr(line, "{sa_family=AF_INET6, sin6_port=htons(443), "));
		assert_non_null(at);
		assert_int_equal(sscanf(at, "inet_pton(AF_INET6, \"%63[^\"]", name), 1);
		assert_int_equal(inet_pton(AF_INET6, name, &back), 1);
		assert_memory_equal(&back, &six.sin6_addr, sizeof back);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_whole_to_their_greatest_length),
		cmocka_unit_test(strings_up_to_the_last_byte_of_a_page),
		cmocka_unit_test(pieces_do_not_show),
		cmocka_unit_test(pages_do_not_show),
		cmocka_unit_test(buffers_show_what_was_asked_for),
		cmocka_unit_test(paths_that_the_kernel_fills),
		cmocka_unit_test(vectors_of_buffers),
		cmocka_unit_test(vectors_of_strings),
		cmocka_unit_test(many_arguments_are_cut),
		cmocka_unit_test(structs_of_numbers),
		cmocka_unit_test(sets_of_signals),
		cmocka_unit_test(full_sets_are_turned_around),
		cmocka_unit_test(addresses),
		cmocka_unit_test(addresses_of_ipv6),
	};

	return cmocka_run_group_tests(tests, with_page, NULL);
}
