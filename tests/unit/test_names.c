/* Names of calls, errors and signals, and what every row of the table must hold. */
#include "said.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void names_and_numbers_are_each_others(void **state)
{
	unsigned rows = 0;

	for (uint64_t number = 0; number < SYSCALL_LIMIT; number++) {
		const struct syscall_row *row = syscall_row(number);
		const char *name = syscall_name(number);
		assert_true(!row == !name);
		if (!row)
			continue;
		rows++;
		assert_int_equal(syscall_number(name, strlen(name)), number);
		assert_true(row->class < CLASS_COUNT);
		for (int i = 0, ended = 0; i < 6; i++) {
			assert_true(row->kinds[i] < ARG_COUNT);
			/* ARG_NONE only behind the last */
			assert_false(ended && row->kinds[i] != ARG_NONE);
			ended = row->kinds[i] == ARG_NONE;
		}
	}
	assert_true(rows > 330);
	assert_string_equal(syscall_name(SYS_openat), "openat");
	assert_string_equal(syscall_name(0), "read");
}

static void what_has_no_row_has_no_name(void **state)
{
	const uint64_t none[] = {SYSCALL_LIMIT - 1, SYSCALL_LIMIT, 0x40000001, 0x100000001, UINT64_MAX};

	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		assert_null(syscall_row(none[i]));
		assert_null(syscall_name(none[i]));
	}
	assert_int_equal(syscall_number("nonsense", 8), -1);
	assert_int_equal(syscall_number("", 0), -1);
	/* the length counts, not a NUL */
	assert_int_equal(syscall_number("readlink", 4), SYS_read);
	assert_int_equal(syscall_number("readlink", 5), -1);
	assert_int_equal(syscall_number("rea", 3), -1);
	assert_int_equal(syscall_number("READ", 4), -1);
}

/* A row that says that bytes are counted says where they are, and one that is %file has a path. */
static void flags_and_kinds_agree(void **state)
{
	for (uint64_t number = 0; number < SYSCALL_LIMIT; number++) {
		const struct syscall_row *row = syscall_row(number);
		int path = 0;
		if (!row)
			continue;
		for (int i = 0; i < 6; i++)
			path |= row->kinds[i] == ARG_PATH || row->kinds[i] == ARG_OUT_PATH;
		/* open_by_handle_at has a handle and no path */
		if (row->flags & CALL_OPENS && !(row->flags & CALL_FILE) && number != SYS_open_by_handle_at)
			fail_msg("%s opens and is not %%file", syscall_name(number));
		if (row->class == CLASS_COALESCIBLE && !(row->flags & CALL_BYTES_OUT) && number != SYS_sendmsg && number != SYS_sendmmsg)
			fail_msg("%s may be coalesced and counts no bytes", syscall_name(number));
		if (row->flags & CALL_BYTES_IN && row->flags & CALL_BYTES_OUT)
			fail_msg("%s counts its bytes twice", syscall_name(number));
		if (path && !(row->flags & CALL_FILE))
			fail_msg("%s has a path and is not %%file", syscall_name(number));
	}
}

/* What libc says to compare with; Debian 11's says none of it. */
#if !__GLIBC_PREREQ(2, 32)
#define strerrorname_np(error) ((void)(error), skip(), "")
#define strerrordesc_np(error) ""
#define sigabbrev_np(signal) ((void)(signal), skip(), "")
#endif

/* What arguments can say of a call its row says too, for nobody asks of others. */
static void only_rows_that_say_so_begin(void **state)
{
	static const uint64_t none[6], all[6] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
	unsigned asked = 0;

	for (uint64_t number = 0; number < SYSCALL_LIMIT; number++) {
		const struct syscall_row *row = syscall_row(number);
		if (syscall_begins(number, none) && syscall_begins(number, all))
			continue;
		assert_non_null(row);
		if (!(row->flags & CALL_BEGINS))
			fail_msg("%s", syscall_name(number));
		asked++;
	}
	assert_true(asked >= 20);
}

static void arguments_say_who_waits(void **state)
{
	static const struct {
		uint64_t number;
		unsigned which;
		uint64_t waits, does_not;
	} calls[] = {
		{SYS_poll, 2, 1, 0},			   {SYS_poll, 2, (uint32_t)-1, 1ull << 32},
		{SYS_epoll_wait, 3, UINT64_MAX, 0},	   {SYS_epoll_pwait, 3, 10, 0},
		{SYS_recvfrom, 3, MSG_PEEK, MSG_DONTWAIT}, {SYS_sendto, 3, 0, MSG_DONTWAIT | MSG_NOSIGNAL},
		{SYS_recvmsg, 2, 0, MSG_DONTWAIT},	   {SYS_sendmsg, 2, 0, MSG_DONTWAIT},
		{SYS_recvmmsg, 3, 0, MSG_DONTWAIT},	   {SYS_sendmmsg, 3, 0, MSG_DONTWAIT},
		{SYS_wait4, 2, WUNTRACED, WNOHANG},	   {SYS_waitid, 3, WEXITED, WEXITED | WNOHANG},
		{SYS_msgsnd, 3, 0, 04000 /* IPC_NOWAIT */}, {SYS_msgrcv, 4, 0, 04000},
		{SYS_futex, 1, FUTEX_WAIT, FUTEX_WAKE},	   {SYS_futex, 1, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, FUTEX_WAKE | FUTEX_PRIVATE_FLAG},
		{SYS_futex, 1, FUTEX_LOCK_PI, FUTEX_TRYLOCK_PI}, {SYS_futex, 1, 13 /* FUTEX_LOCK_PI2 */, FUTEX_UNLOCK_PI},
		{SYS_fcntl, 1, F_SETLKW, F_GETFL},	   {SYS_fcntl, 1, F_SETLEASE, F_DUPFD_CLOEXEC},
		{SYS_fcntl, 1, F_SETLK, F_SETFL},	   {SYS_ioctl, 1, 0xdeadbeef, FIONREAD},
		{SYS_kill, 1, SIGKILL, 0},		   {SYS_kill, 1, SIGTERM, 1ull << 32},
		{SYS_tgkill, 2, SIGABRT, 0},		   {SYS_tkill, 1, SIGSTOP, 0},
		{SYS_rt_sigqueueinfo, 1, SIGUSR1, 0},	   {SYS_rt_tgsigqueueinfo, 2, SIGUSR1, 0},
		{SYS_pidfd_send_signal, 1, SIGKILL, 0},
	};

	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		uint64_t arguments[6] = {1, 1, 1, 1, 1, 1};
		arguments[calls[i].which] = calls[i].waits;
		assert_true(syscall_begins(calls[i].number, arguments));
		arguments[calls[i].which] = calls[i].does_not;
		assert_false(syscall_begins(calls[i].number, arguments));
	}
}

static void errors_read_as_libcs(void **state)
{
	unsigned seen = 0;

	for (int error = 1; error < 4096; error++) {
		const char *name = errno_name((unsigned)error), *text = errno_text((unsigned)error);
		const char *libc = strerrorname_np(error);
		assert_true(!name == !text);
		if (libc && error <= EHWPOISON) {
			if (!name)
				fail_msg("%s has no row", libc);
			assert_string_equal(name, libc);
			assert_string_equal(text, strerrordesc_np(error));
			seen++;
		} else {
			assert_null(name);
		}
	}
	assert_true(seen > 125);
	assert_null(errno_name(0));
	assert_string_equal(errno_name(EAGAIN), "EAGAIN");
	assert_null(errno_name(UINT32_MAX));
}

static void signals_read_as_straces(void **state)
{
	char name[24];

	for (unsigned signal = 1; signal < 32; signal++) {
		const char *libc = sigabbrev_np((int)signal);
		snprintf(name, sizeof name, "SIG%s", signal == SIGIO ? "IO" : libc);
		assert_string_equal(signal_name(signal), name);
	}
	assert_string_equal(signal_name(32), "SIGRTMIN");
	assert_string_equal(signal_name(33), "SIGRT_1");
	assert_string_equal(signal_name(64), "SIGRT_32");
	assert_null(signal_name(0));
	assert_null(signal_name(65));
	assert_null(signal_name(UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_numbers_are_each_others), cmocka_unit_test(what_has_no_row_has_no_name),
		cmocka_unit_test(only_rows_that_say_so_begin),	     cmocka_unit_test(arguments_say_who_waits),
		cmocka_unit_test(flags_and_kinds_agree),	     cmocka_unit_test(errors_read_as_libcs),
		cmocka_unit_test(signals_read_as_straces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
