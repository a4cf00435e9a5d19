/* A whole call in strace's look, for the kinds of argument that are numbers and names; those that lie in memory are in
 * test_memory_arguments.c. What is expected was printed by strace 6.1, its spaces before " = " aside. */
#include "said.h"

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

static void results(void **state)
{
	assert_string_equal(DONE(SYS_close, 0, 3), "close(3) = 0");
	assert_string_equal(DONE(SYS_dup, 12, 3), "dup(3) = 12");
	assert_string_equal(DONE(SYS_close, -EBADF, -1u), "close(-1) = -1 EBADF (Bad file descriptor)");
	assert_string_equal(DONE(SYS_sched_yield, 0, 0), "sched_yield() = 0");
	assert_string_equal(DONE(SYS_exit_group, 0, 3), "exit_group(3) = ?");
	assert_string_equal(DONE(SYS_brk, 0x5555000, 0), "brk(NULL) = 0x5555000");
	assert_string_equal(DONE(SYS_lseek, 5000000000, 3, 5000000000, SEEK_SET), "lseek(3, 5000000000, SEEK_SET) = 5000000000");
	/* -4095 is the last error, -4096 a value; an error without a name is said by its number */
	assert_string_equal(DONE(SYS_close, -4095, 3), "close(3) = -1 ERRNO_4095");
	assert_string_equal(DONE(SYS_close, -4096, 3), "close(3) = -4096");
}

/* Nothing is known of them: six words as they are. */
static void calls_without_a_row(void **state)
{
	assert_string_equal(DONE(500, -ENOSYS, 1, 2, 0, 0xff, 5, 6),
			    "syscall_0x1f4(0x1, 0x2, 0, 0xff, 0x5, 0x6) = -1 ENOSYS (Function not implemented)");
	assert_string_equal(DONE(0x40000001, -ENOSYS, 0), "syscall_0x40000001(0, 0, 0, 0, 0, 0) = -1 ENOSYS (Function not implemented)");
}

static void descriptors(void **state)
{
	assert_string_equal(DONE(SYS_dup3, 7, 3, 7, O_CLOEXEC), "dup3(3, 7, O_CLOEXEC) = 7");
	/* an int: the register's upper half is nobody's */
	assert_string_equal(DONE(SYS_close, 0, 0xdead00000003), "close(3) = 0");
	assert_string_equal(DONE(SYS_unlinkat, -EFAULT, (uint64_t)AT_FDCWD, 0, AT_REMOVEDIR),
			    "unlinkat(AT_FDCWD, NULL, AT_REMOVEDIR) = -1 EFAULT (Bad address)");
	assert_string_equal(DONE(SYS_unlinkat, -EFAULT, (uint32_t)AT_FDCWD, 0, 0), "unlinkat(AT_FDCWD, NULL, 0) = -1 EFAULT (Bad address)");
	assert_string_equal(DONE(SYS_unlinkat, -EFAULT, 4, 0, 0), "unlinkat(4, NULL, 0) = -1 EFAULT (Bad address)");
}

/* AT_REMOVEDIR, AT_EACCESS and AT_HANDLE_FID are one bit. */
static void one_bit_has_a_name_for_each_call(void **state)
{
	const char *path = "a";

	assert_string_equal(DONE(__NR_faccessat2, 0, (uint32_t)AT_FDCWD, P(path), R_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW),
			    "faccessat2(AT_FDCWD, \"a\", R_OK, AT_SYMLINK_NOFOLLOW|AT_EACCESS) = 0");
	assert_string_equal(DONE(SYS_name_to_handle_at, -EFAULT, 5, P(path), 0, 0, 0x200), "name_to_handle_at(5, \"a\", NULL, NULL, AT_HANDLE_FID) = -1 EFAULT (Bad address)");
	assert_string_equal(DONE(SYS_unlinkat, -EINVAL, 5, P(path), AT_REMOVEDIR | 0x10000), "unlinkat(5, \"a\", AT_REMOVEDIR|0x10000) = -1 EINVAL (Invalid argument)");
}

static void users_and_groups(void **state)
{
	assert_string_equal(DONE(SYS_setuid, -EPERM, 4294967294), "setuid(4294967294) = -1 EPERM (Operation not permitted)");
	assert_string_equal(DONE(SYS_setresgid, 0, -1u, 0, 65534), "setresgid(-1, 0, 65534) = 0");
	assert_string_equal(DONE(SYS_fchown, 0, 3, -1ull, 4000000000), "fchown(3, -1, 4000000000) = 0");
}

static void namespaces(void **state)
{
	assert_string_equal(DONE(SYS_unshare, -EINVAL, 0x11), "unshare(0x11) = -1 EINVAL (Invalid argument)");
	assert_string_equal(DONE(SYS_setns, 0, 3, 0x80), "setns(3, CLONE_NEWTIME) = 0");
}

/* Mode and attributes are what stood in the registers where nothing is made. */
static void message_queues(void **state)
{
	const char *name = "q";

	assert_string_equal(DONE(SYS_mq_open, 3, P(name), O_RDWR, 07777, 0x1234), "mq_open(\"q\", O_RDWR) = 3");
	assert_string_equal(DONE(SYS_mq_open, 3, P(name), O_RDONLY | O_CREAT, 0600, 0), "mq_open(\"q\", O_RDONLY|O_CREAT, 0600, NULL) = 3");
}

static void offsets_use_all_their_bits(void **state)
{
	assert_string_equal(DONE(SYS_lseek, -EBADF, -1u, -1ull, SEEK_END), "lseek(-1, -1, SEEK_END) = -1 EBADF (Bad file descriptor)");
	assert_string_equal(DONE(SYS_lseek, 2147483648, 3, 2147483648, SEEK_SET), "lseek(3, 2147483648, SEEK_SET) = 2147483648");
	assert_string_equal(DONE(SYS_ftruncate, 0, 3, 3000000000), "ftruncate(3, 3000000000) = 0");
	assert_string_equal(DONE(SYS_fallocate, 0, 3, 0, 3000000000, 2), "fallocate(3, 0, 3000000000, 2) = 0");
	assert_string_equal(DONE(SYS_pread64, -EBADF, 3, 0, 1, 4294967295), "pread64(3, NULL, 1, 4294967295) = -1 EBADF (Bad file descriptor)");
	/* in one register: there is no upper half */
	assert_string_equal(DONE(SYS_pwritev, -EBADF, 3, 0, 1, 5000000000, 7), "pwritev(3, NULL, 1, 5000000000) = -1 EBADF (Bad file descriptor)");
	assert_string_equal(DONE(SYS_preadv2, -EBADF, 3, 0, 1, -1ull, 7, 8), "preadv2(3, NULL, 1, -1, 0x8) = -1 EBADF (Bad file descriptor)");
}

static void opens_and_their_modes(void **state)
{
	const char *path = "a";

	assert_string_equal(DONE(SYS_openat, 3, (uint32_t)AT_FDCWD, P(path), O_RDONLY | O_CLOEXEC, 0777),
			    "openat(AT_FDCWD, \"a\", O_RDONLY|O_CLOEXEC) = 3");
	assert_string_equal(DONE(SYS_openat, 3, 5, P(path), O_WRONLY | O_CREAT | O_EXCL | O_TRUNC, 0644),
			    "openat(5, \"a\", O_WRONLY|O_CREAT|O_EXCL|O_TRUNC, 0644) = 3");
	assert_string_equal(DONE(SYS_openat, 3, 5, P(path), O_RDWR | O_TMPFILE, 0600), "openat(5, \"a\", O_RDWR|O_TMPFILE, 0600) = 3");
	/* O_DIRECTORY alone is no O_TMPFILE, which holds its bit */
	assert_string_equal(DONE(SYS_openat, 3, 5, P(path), O_DIRECTORY, 0600), "openat(5, \"a\", O_RDONLY|O_DIRECTORY) = 3");
	assert_string_equal(DONE(SYS_openat, -EINVAL, 5, P(path), 3 | 0x40000000, 0),
			    "openat(5, \"a\", O_ACCMODE|0x40000000) = -1 EINVAL (Invalid argument)");
	assert_string_equal(DONE(SYS_open, 3, P(path), O_RDONLY, 0), "open(\"a\", O_RDONLY) = 3");
	assert_string_equal(DONE(SYS_creat, 3, P(path), 0600), "creat(\"a\", 0600) = 3");
	assert_string_equal(DONE(SYS_pipe2, -EFAULT, 0, O_NONBLOCK | O_CLOEXEC), "pipe2(NULL, O_NONBLOCK|O_CLOEXEC) = -1 EFAULT (Bad address)");
}

/* strace gives a mode at least three digits. */
static void modes_have_three_digits(void **state)
{
	assert_string_equal(DONE(SYS_fchmod, 0, 3, 04755), "fchmod(3, 04755) = 0");
	assert_string_equal(DONE(SYS_fchmod, 0, 3, 022), "fchmod(3, 022) = 0");
	assert_string_equal(DONE(SYS_fchmod, 0, 3, 0), "fchmod(3, 000) = 0");
	assert_string_equal(DONE(SYS_fchmod, 0, 3, 07), "fchmod(3, 007) = 0");
}

static void memory_flags(void **state)
{
	assert_string_equal(DONE(SYS_mmap, 0x7f0000000000, 0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, (uint32_t)-1, 0),
			    "mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000");
	assert_string_equal(DONE(SYS_mmap, -ENODEV, 0x1000, 4096, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, 3, 0x3000),
			    "mmap(0x1000, 4096, PROT_READ|PROT_EXEC, MAP_SHARED|MAP_FIXED, 3, 0x3000) = -1 ENODEV (No such device)");
	assert_string_equal(DONE(SYS_mprotect, 0, 0x1000, 1, 3), "mprotect(0x1000, 1, PROT_READ|PROT_WRITE) = 0");
}

static void signals_and_waits(void **state)
{
	assert_string_equal(DONE(SYS_kill, 0, 12, SIGTERM), "kill(12, SIGTERM) = 0");
	assert_string_equal(DONE(SYS_kill, 0, (uint64_t)-12, 0), "kill(-12, 0) = 0");
	assert_string_equal(DONE(SYS_kill, -EINVAL, 12, 65), "kill(12, 65) = -1 EINVAL (Invalid argument)");
	assert_string_equal(DONE(SYS_tgkill, 0, 12, 13, 34), "tgkill(12, 13, SIGRT_2) = 0");
	assert_string_equal(DONE(SYS_wait4, 12, (uint64_t)-1, 0, 0, 0), "wait4(-1, NULL, 0, NULL) = 12");
	assert_string_equal(DONE(SYS_wait4, 0, (uint64_t)-1, 0, WNOHANG | WCONTINUED, 0), "wait4(-1, NULL, WNOHANG|WCONTINUED, NULL) = 0");
	/* WUNTRACED and WSTOPPED are one bit, and strace says the latter */
	assert_string_equal(DONE(SYS_wait4, 0, 5, 0, WUNTRACED | __WCLONE, 0), "wait4(5, NULL, WSTOPPED|__WCLONE, NULL) = 0");
}

static void sockets(void **state)
{
	assert_string_equal(DONE(SYS_socket, 3, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
			    "socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0) = 3");
	assert_string_equal(DONE(SYS_socket, -EINVAL, AF_INET, SOCK_NONBLOCK, 0), "socket(AF_INET, SOCK_NONBLOCK, 0) = -1 EINVAL (Invalid argument)");
	assert_string_equal(DONE(SYS_socket, -EAFNOSUPPORT, 77, SOCK_DGRAM, 0),
			    "socket(77, SOCK_DGRAM, 0) = -1 EAFNOSUPPORT (Address family not supported by protocol)");
	assert_string_equal(DONE(SYS_sendto, -EBADF, -1u, 0, 3, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0),
			    "sendto(-1, NULL, 3, MSG_DONTWAIT|MSG_NOSIGNAL, NULL, 0) = -1 EBADF (Bad file descriptor)");
}

static void other_names(void **state)
{
	const char *path = "a";

	assert_string_equal(DONE(SYS_access, -ENOENT, P(path), F_OK), "access(\"a\", F_OK) = -1 ENOENT (No such file or directory)");
	assert_string_equal(DONE(SYS_access, 0, P(path), R_OK | X_OK), "access(\"a\", R_OK|X_OK) = 0");
	assert_string_equal(DONE(SYS_newfstatat, -ENOENT, 4, P(path), 0, AT_SYMLINK_NOFOLLOW),
			    "newfstatat(4, \"a\", NULL, AT_SYMLINK_NOFOLLOW) = -1 ENOENT (No such file or directory)");
	assert_string_equal(DONE(SYS_clock_gettime, -EFAULT, CLOCK_MONOTONIC, 16), "clock_gettime(CLOCK_MONOTONIC, 0x10) = -1 EFAULT (Bad address)");
	assert_string_equal(DONE(SYS_clone, 77, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD, 0, 0, 0x7f10, 0),
			    "clone(CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, NULL, NULL, 0x7f10, NULL) = 77");
	assert_string_equal(DONE(SYS_unshare, 0, CLONE_NEWUSER | CLONE_NEWNS), "unshare(CLONE_NEWNS|CLONE_NEWUSER) = 0");
	assert_string_equal(DONE(SYS_fcntl, 0, 3, F_SETFD, 1), "fcntl(3, F_SETFD, 0x1) = 0");
	assert_string_equal(DONE(SYS_futex, 0, 0x1000, 128, 2, 0, 0x77, 0x66), "futex(0x1000, FUTEX_WAIT_PRIVATE, 2, NULL) = 0");
	assert_string_equal(DONE(SYS_futex, 1, 0x1000, 1, 7, 0x88, 0x77, 0x66), "futex(0x1000, FUTEX_WAKE, 7) = 1");
	assert_string_equal(DONE(SYS_futex, 0, 0x1000, 9 | 128 | 256, 0, 0, 0, 0xffffffff), "futex(0x1000, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 4294967295) = 0");
	assert_string_equal(DONE(SYS_futex, 0, 0x1000, 99, 0, 0, 0, 0), "futex(0x1000, 99, 0, NULL, NULL, 0) = 0");
}

/* A call that waits stands in the log before its answer, and is taken up when another line came in between. */
static void what_is_said_before_the_answer(void **state)
{
	char buffer[] = "hello";
	struct text_memory memory = {.read = said_read, .data = 32};
	struct text_call call = {SYS_read, {3, P(buffer), 5}, 5};
	struct text out = said_begin();

	assert_int_equal(text_call_enter(&out, &call, &memory), 1);
	assert_string_equal(said_end(&out), "read(3");
	out = said_begin();
	text_call_resumed(&out, &call);
	text_call_leave(&out, &call, 1, &memory);
	assert_string_equal(said_end(&out), "<... read resumed>, \"hello\", 5) = 5");
	out = said_begin();
	assert_int_equal(text_call_enter(&out, &(struct text_call){SYS_wait4, {5}, 0}, &memory), 4);
	assert_string_equal(said_end(&out), "wait4(5, NULL, 0, NULL");
}

/* Every row with every result into every size: nothing is written behind the end, and the beginning is what a large buffer has. */
static void cut_lines_stay_in_their_buffer(void **state)
{
	static const uint64_t patterns[][6] = {{0}, {-1ull, -1ull, -1ull, -1ull, -1ull, -1ull}, {16, 16, 16, 16, 16, 16}, {1, 2, 3, 4, 5, 6}};
	struct text_memory memory = {.read = said_read, .data = 64};

	for (uint64_t number = 0; number < SYSCALL_LIMIT; number++)
		for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
			struct text_call call = {.number = number, .result = p % 2 ? -EINVAL : 3};
			memcpy(call.arguments, patterns[p], sizeof call.arguments);
			struct text out = said_begin();
			text_call_leave(&out, &call, text_call_enter(&out, &call, &memory), &memory);
			size_t whole = strlen(said_end(&out));
			for (size_t size = 0; size < 40; size += 3) {
				char small[48];
				memset(small, '#', sizeof small);
				out = (struct text){small, small + size, 0};
				text_call_leave(&out, &call, text_call_enter(&out, &call, &memory), &memory);
				assert_true(out.at <= small + size);
				assert_int_equal(!!out.cut, size < whole);
				for (size_t i = size; i < sizeof small; i++)
					assert_int_equal(small[i], '#');
			}
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results),	       cmocka_unit_test(calls_without_a_row),
		cmocka_unit_test(descriptors),	       cmocka_unit_test(offsets_use_all_their_bits),
		cmocka_unit_test(one_bit_has_a_name_for_each_call), cmocka_unit_test(users_and_groups),
		cmocka_unit_test(namespaces),	       cmocka_unit_test(message_queues),
		cmocka_unit_test(opens_and_their_modes), cmocka_unit_test(modes_have_three_digits),
		cmocka_unit_test(memory_flags),	       cmocka_unit_test(signals_and_waits),
		cmocka_unit_test(sockets),	       cmocka_unit_test(other_names),
		cmocka_unit_test(what_is_said_before_the_answer), cmocka_unit_test(cut_lines_stay_in_their_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
