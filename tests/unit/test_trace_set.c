/* SYSSHIM_TRACE and -e trace=: strace's words mean the same here, and what is not known is pointed at. */
#include "said.h"

#include "format/trace_set.h"

static uint64_t set[SYSCALL_LIMIT / 64];

static int has(long number)
{
	return set[number / 64] >> (number % 64) & 1;
}

static unsigned members(void)
{
	unsigned count = 0;

	for (long number = 0; number < SYSCALL_LIMIT; number++)
		count += (unsigned)has(number);
	return count;
}

static void take(const char *spec)
{
	const char *wrong = NULL;

	/* what stood there before does not count */
	memset(set, 0x5a, sizeof set);
	if (trace_set_parse(set, spec, &wrong) != 0)
		fail_msg("%s is refused at %s", spec, wrong);
}

static void a_list_of_names(void **state)
{
	take("openat");
	assert_int_equal(members(), 1);
	assert_true(has(SYS_openat));
	take("read,write,read");
	assert_int_equal(members(), 2);
	assert_true(has(SYS_read) && has(SYS_write));
	take("?no_such_call,close,?read");
	assert_int_equal(members(), 2);
	assert_true(has(SYS_close) && has(SYS_read));
	take("?no_such_call");
	assert_int_equal(members(), 0);
}

static void numbers_are_taken(void **state)
{
	take("0,?1,write,511");
	assert_int_equal(members(), 3);
	assert_true(has(0) && has(1) && has(511));
	/* as calls without a name are printed */
	take("!syscall_0x190,?syscall_0x1,syscall_0x1ff");
	assert_int_equal(members(), SYSCALL_LIMIT - 3);
	assert_false(has(0x190) || has(1) || has(511));
}

static void all_none_and_the_opposite(void **state)
{
	take("all");
	assert_int_equal(members(), SYSCALL_LIMIT);
	take("none");
	assert_int_equal(members(), 0);
	take("!all");
	assert_int_equal(members(), 0);
	take("!none");
	assert_int_equal(members(), SYSCALL_LIMIT);
	take("!read,write");
	assert_int_equal(members(), SYSCALL_LIMIT - 2);
	assert_false(has(SYS_read) || has(SYS_write));
	take("none,read");
	assert_int_equal(members(), 1);
}

/* The members are the rows' flags; strace's older words without a percent sign mean the same. */
static void classes_are_the_tables_flags(void **state)
{
	static const struct {
		const char *with, *without;
		unsigned flags;
	} classes[] = {
		{"%file", "file", CALL_FILE},	    {"%desc", "desc", CALL_DESC},	{"%network", "network", CALL_NETWORK},
		{"%net", "net", CALL_NETWORK},	    {"%process", "process", CALL_PROC}, {"%signal", "signal", CALL_SIGNAL},
		{"%memory", "memory", CALL_MEMORY}, {"%io", "io", CALL_BYTES_IN | CALL_BYTES_OUT},
	};

	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		for (int old = 0; old < 2; old++) {
			take(old ? classes[i].without : classes[i].with);
			assert_true(members() > 5);
			for (long number = 0; number < SYSCALL_LIMIT; number++) {
				const struct syscall_row *row = syscall_row((uint64_t)number);
				assert_int_equal(has(number), row && row->flags & classes[i].flags);
			}
		}
	take("%file,%network,getpid");
	assert_true(has(SYS_openat) && has(SYS_connect) && has(SYS_getpid) && has(SYS_execve));
	assert_false(has(SYS_read) || has(SYS_kill));
	take("%process");
	assert_true(has(SYS_execve) && has(SYS_clone) && has(SYS_exit_group) && has(SYS_wait4));
	take("%all");
	assert_int_equal(members(), SYSCALL_LIMIT);
}

/* strace(1), -e trace=: classes that are lists. */
static void classes_of_names(void **state)
{
	static const struct {
		const char *class, *same;
	} lists[] = {
		{"%stat", "stat"}, {"%lstat", "lstat"}, {"%fstat", "fstat,newfstatat,statx"}, {"%%stat", "stat,lstat,fstat,newfstatat,statx"},
		{"%statfs", "statfs"}, {"%fstatfs", "fstatfs"}, {"%%statfs", "statfs,fstatfs,ustat"}, {"!%stat,read", "!stat,read"},
		{"%ipc", "msgctl,msgget,msgrcv,msgsnd,semctl,semget,semop,semtimedop,shmat,shmctl,shmdt,shmget"},
	};
	uint64_t one[SYSCALL_LIMIT / 64];

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		take(lists[i].class);
		memcpy(one, set, sizeof one);
		take(lists[i].same);
		assert_memory_equal(one, set, sizeof one);
	}
	take("%clock,%creds,%pure");
	assert_true(has(SYS_clock_gettime) && has(SYS_settimeofday) && has(SYS_setuid) && has(SYS_capset) && has(SYS_getpid) && has(SYS_gettid));
	assert_false(has(SYS_clock_nanosleep) || has(SYS_read) || has(SYS_stat));
}

static void what_is_not_known_is_pointed_at(void **state)
{
	/* what is given, and where its wrong word begins */
	static const struct {
		const char *spec;
		size_t at;
	} wrong[] = {
		{"", 0},      {"nonsense", 0}, {"read,nonsense,write", 5}, {"read,", 5},   {",read", 0},     {"read,,write", 5}, {"!", 1},
		{"!bad", 1},  {"%bad", 0},     {"read,%", 5},		   {"read write", 0}, {"READ", 0},   {"read, write", 5}, {"read,!write", 5},
		{"openatx", 0}, {"opena", 0},  {"%File", 0},		   {"!!read", 1},  {"trace=read", 0}, {"4x", 0}, {"-1", 0},
		{"512", 0},   {"99999999999", 0}, {"0x1", 0}, {"syscall_0x", 0}, {"syscall_0x200", 0},
		{"syscall_0xg", 0}, {"syscall_400", 0}, {"syscall_0x10000000000000001", 0},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		const char *at = NULL;
		if (trace_set_parse(set, wrong[i].spec, &at) != -1)
			fail_msg("'%s' is taken", wrong[i].spec);
		assert_ptr_equal(at, wrong[i].spec + wrong[i].at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_of_names),
		cmocka_unit_test(numbers_are_taken),
		cmocka_unit_test(all_none_and_the_opposite),
		cmocka_unit_test(classes_are_the_tables_flags),
		cmocka_unit_test(classes_of_names),
		cmocka_unit_test(what_is_not_known_is_pointed_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
