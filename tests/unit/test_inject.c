/* SYSSHIM_INJECT and run --inject: strace's grammar means the same here, and what is wrong is pointed at. */
#include "said.h"

#include "format/inject.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

static struct inject_rules rules;

static const struct inject_rule *take(const char *text)
{
	struct inject_wrong wrong = {NULL, 0, NULL};

	memset(&rules, 0, sizeof rules);
	if (inject_parse(&rules, text, &wrong) != 0)
		fail_msg("%s is refused at %.*s: %s", text, (int)wrong.size, wrong.at, wrong.allowed);
	return &rules.rules[rules.count - 1];
}

/* Which of the first twenty turns are its own, as "2 4 6". */
static const char *turns(const char *when)
{
	static char text[256];
	char whole[64];
	const struct inject_rule *rule;

	snprintf(whole, sizeof whole, "read:error=EIO%s%s", *when ? ":when=" : "", when);
	rule = take(whole);
	*text = 0;
	for (unsigned turn = 1; turn <= 20; turn++)
		if (inject_is_due(rule, turn))
			sprintf(text + strlen(text), "%s%u", *text ? " " : "", turn);
	return text;
}

static void turns_are_straces(void **state)
{
	assert_string_equal(turns("3"), "3");
	assert_string_equal(turns("18+"), "18 19 20");
	assert_string_equal(turns("12+3"), "12 15 18");
	assert_string_equal(turns("4..6"), "4 5 6");
	assert_string_equal(turns("4..6+"), "4 5 6");
	assert_string_equal(turns("4..9+2"), "4 6 8");
	assert_string_equal(turns("1..1"), "1");
	assert_string_equal(turns(""), "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20");
	/* the last of several */
	assert_string_equal(turns("1:when=2"), "2");
	assert_int_equal(take("read:error=EIO:when=65535+65535")->first, 65535);
}

static void actions_have_values(void **state)
{
	assert_int_equal(take("read:error=EIO")->answer, -EIO);
	assert_int_equal(take("read:error=eio")->answer, -EIO);
	assert_int_equal(take("read:error=4095")->answer, -4095);
	assert_int_equal(take("read:retval=-1")->answer, -1);
	assert_int_equal(take("read:retval=0x10")->answer, 16);
	assert_int_equal(take("read:short=0")->most, 0);
	assert_int_equal(take("read:signal=SIGTERM")->signal, SIGTERM);
	assert_int_equal(take("read:signal=term")->signal, SIGTERM);
	assert_int_equal(take("read:signal=RT_1")->signal, 33);
	assert_int_equal(take("read:signal=64")->signal, 64);
	assert_int_equal(take("read:delay_enter=2000")->delay_enter, 2000000);
	assert_int_equal(take("read:delay_exit=1.5ms")->delay_exit, 1500000);
	assert_int_equal(take("read:delay_exit=1s")->delay_exit, 1000000000);
	assert_int_equal(take("read:delay_exit=7ns")->delay_exit, 7);
	assert_int_equal(take("read:delay_exit=.5us")->delay_exit, 500);
	const struct inject_rule *rule = take("read:signal=USR1:error=EIO:delay_enter=1:when=2");
	assert_int_equal(rule->what, INJECT_ANSWER | INJECT_SIGNAL | INJECT_DELAY);
}

static void calls_get_the_last_rule_that_names_them(void **state)
{
	take("read,write:error=EIO;write:retval=1;%file:delay_enter=1");
	assert_int_equal(rules.count, 3);
	assert_int_equal(rules.of_call[SYS_read], 1);
	assert_int_equal(rules.of_call[SYS_write], 2);
	assert_int_equal(rules.of_call[SYS_openat], 3);
	assert_int_equal(rules.of_call[SYS_lseek], 0);
	take("all:error=EIO");
	assert_int_equal(rules.of_call[SYSCALL_LIMIT - 1], 1);
}

/* Only calls that move bytes can be short. */
static void short_is_for_bytes(void **state)
{
	int vector;

	take("%desc:short=1");
	assert_int_equal(rules.of_call[SYS_write], 1);
	assert_int_equal(rules.of_call[SYS_close], 0);
	assert_int_equal(inject_size_argument(SYS_read, &vector), 2);
	assert_false(vector);
	assert_int_equal(inject_size_argument(SYS_writev, &vector), 2);
	assert_true(vector);
	assert_int_equal(inject_size_argument(SYS_copy_file_range, &vector), 4);
	assert_int_equal(inject_size_argument(SYS_sendto, &vector), 2);
	assert_int_equal(inject_size_argument(SYS_sendmsg, &vector), -1);
	assert_int_equal(inject_size_argument(SYS_close, &vector), -1);
}

static void too_many_rules_are_counted(void **state)
{
	char text[1024] = "read:error=EIO";

	for (int i = 0; i < INJECT_RULES + 1; i++)
		strcat(text, ";write:error=EIO");
	take(text);
	assert_int_equal(rules.count, INJECT_RULES);
	assert_int_equal(rules.left, 2);
	assert_int_equal(rules.of_call[SYS_write], INJECT_RULES);
}

static void what_is_wrong_is_pointed_at(void **state)
{
	static const struct {
		const char *text, *part;
	} all[] = {
		{"", ""}, {"read", "read"}, {"read:", ""}, {"read:when=2", "read:when=2"}, {"nonsense:error=EIO", "nonsense"}, {":error=EIO", ""},
		{"read,nonsense:error=EIO", "nonsense"}, {"read:error=EFOO", "error=EFOO"}, {"read:error=", "error="}, {"read:error=0", "error=0"},
		{"read:error=4096", "error=4096"}, {"read:error=-5", "error=-5"}, {"read:error=EIO:retval=3", "retval=3"}, {"read:error=EIO:error=EIO", "error=EIO"},
		{"read:retval=x", "retval=x"}, {"read:retval=", "retval="}, {"read:signal=65", "signal=65"}, {"read:signal=0", "signal=0"},
		{"read:signal=NONE", "signal=NONE"}, {"read:signal=1:signal=2", "signal=2"}, {"read:delay_enter=1d", "delay_enter=1d"},
		{"read:delay_exit=", "delay_exit="}, {"read:delay_exit=99999999999s", "delay_exit=99999999999s"}, {"read:bogus=1", "bogus=1"}, {"read:error", "error"},
		{"read:error=EIO:when=0", "when=0"}, {"read:error=EIO:when=3..2", "when=3..2"}, {"read:error=EIO:when=1+0", "when=1+0"},
		{"read:error=EIO:when=65536", "when=65536"}, {"read:error=EIO:when=", "when="}, {"read:error=EIO:when=2.3", "when=2.3"},
		{"read:error=EIO:when=1..65535", "when=1..65535"}, {"close:short=1", "close:short=1"}, {"read:short=-1", "short=-1"},
		{"read:short=1:error=EIO", "read:short=1:error=EIO"}, {"read:error=EIO;", ""}, {"read:error=EIO;write:error=X", "error=X"}, {"read:poke_enter=@arg1=00", "poke_enter=@arg1=00"},
		{"read:ERROR", "ERROR"}, {"read:syscall=getpid", "syscall=getpid"},
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct inject_wrong wrong = {"?", 1, NULL};
		memset(&rules, 0, sizeof rules);
		if (inject_parse(&rules, all[i].text, &wrong) != -1)
			fail_msg("'%s' is taken", all[i].text);
		if (wrong.size != strlen(all[i].part) || strncmp(wrong.at, all[i].part, wrong.size) != 0)
			fail_msg("'%s' is refused at '%.*s'", all[i].text, (int)wrong.size, wrong.at);
		assert_true(wrong.at >= all[i].text && wrong.at + wrong.size <= all[i].text + strlen(all[i].text));
		assert_true(strlen(wrong.allowed) > 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_are_straces),
		cmocka_unit_test(actions_have_values),
		cmocka_unit_test(calls_get_the_last_rule_that_names_them),
		cmocka_unit_test(short_is_for_bytes),
		cmocka_unit_test(too_many_rules_are_counted),
		cmocka_unit_test(what_is_wrong_is_pointed_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
