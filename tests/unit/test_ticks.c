/* The counter between two looks at the clock: it errs by little, never goes back, and lets go where the clock or the counter jumps. */
#include "said.h"

#include "shim/sys/ticks.h"

#include <stdint.h>

static struct ticks estimate;

/* A processor whose counter makes 2.3 ticks a nanosecond, beside a clock. */
static uint64_t tick, time_of_clock;
static double pace, part, blur;

static void go(uint64_t ns)
{
	part += (double)ns * pace;
	tick += (uint64_t)part;
	part -= (double)(uint64_t)part;
	time_of_clock += ns;
}

/* As clock.c asks: the counter where it may, else the clock, whose answer is off by `blur` ticks. */
static uint64_t tell(void)
{
	uint64_t time = ticks_time(&estimate, tick);

	if (time || !ticks_may_learn(&estimate, tick))
		return time ? time : time_of_clock;
	blur = -blur;
	return ticks_learn(&estimate, tick + (uint64_t)(int64_t)blur, time_of_clock, 1);
}

static void begin(void)
{
	memset(&estimate, 0, sizeof estimate);
	tick = 987654321;
	time_of_clock = 5000000000;
	pace = 2.3;
	blur = 60;
}

/* Of `count` looks, `apart` ns from each other: how far off is the worst, in ns? None is before the one before. */
static int64_t worst(int count, uint64_t apart)
{
	int64_t worst = 0;

	for (uint64_t last = 0; count > 0; count--) {
		go(apart + (uint64_t)count % 7);
		uint64_t told = tell();
		int64_t off = (int64_t)(told - time_of_clock);
		assert_true(told >= last);
		last = told;
		worst = off > worst ? off : -off > worst ? -off : worst;
	}
	return worst;
}

static unsigned asked(int count, uint64_t apart)
{
	unsigned clock = 0;

	for (; count > 0; count--) {
		go(apart);
		clock += !ticks_time(&estimate, tick);
		tell();
	}
	return clock;
}

static void errs_by_less_than_a_microsecond(void **state)
{
	(void)state;
	static const uint64_t apart[] = {30, 200, 1000, 50000, 900000, 3000000, 700000000, 9000000000};

	begin();
	for (unsigned i = 0; i < sizeof apart / sizeof *apart; i++)
		assert_uint_in_range(worst(100000, apart[i]), 0, 999);
}

static void asks_the_clock_seldom(void **state)
{
	(void)state;
	begin();
	asked(10000, 200);
	/* 200 ms, and 4,194,304 ticks are 1.8 ms. */
	assert_uint_in_range(asked(1000000, 200), 100, 120);
}

static void follows_a_clock_that_is_slewed(void **state)
{
	(void)state;
	begin();
	worst(100000, 200);
	/* NTP's most: 500 parts in a million, either way (adjtimex(2)). */
	pace = 2.3 * 1.0005;
	assert_uint_in_range(worst(1000000, 200), 0, 1999);
	pace = 2.3 * 0.9995;
	assert_uint_in_range(worst(1000000, 200), 0, 1999);
}

/* A virtual machine that was put back, suspended, or goes on elsewhere; another time namespace. Two answers of the clock later all is well. */
static void jumps_are_followed(void **state)
{
	static const struct {
		int64_t ticks, ns;
		double pace;
	} jumps[] = {{-900000000, 0, 2.3}, {1ll << 40, 0, 2.3}, {0, 3600000000000, 2.3}, {0, -1000000000, 2.3}, {0, -100000, 2.3}, {0, 0, 3.1}, {0, 0, 1.2}};

	(void)state;
	begin();
	for (unsigned i = 0; i < sizeof jumps / sizeof *jumps; i++) {
		worst(100000, 200);
		tick += (uint64_t)jumps[i].ticks;
		time_of_clock += (uint64_t)jumps[i].ns;
		pace = jumps[i].pace;
		asked(60000, 200);
		assert_uint_in_range(worst(100000, 200), 0, 999);
	}
}

/* Its answer may have been late: nothing is learned from it, and it is not told when it is behind what was told. */
static void an_interrupted_look_teaches_nothing(void **state)
{
	struct ticks before;

	(void)state;
	begin();
	worst(100000, 200);
	before = estimate;
	go(10000000);
	assert_int_equal(ticks_learn(&estimate, tick + 700000, time_of_clock + 400000, 0), time_of_clock + 400000);
	before.turn = estimate.turn;
	assert_memory_equal(&before, &estimate, sizeof before);
}

/* A handler learns while a look is interrupted, whose answer then is the older one. */
static void an_older_look_is_not_told_ahead(void **state)
{
	(void)state;
	begin();
	worst(100000, 200);
	uint64_t then = tick, time_then = time_of_clock;
	go(1000000);
	uint64_t told = ticks_learn(&estimate, tick, time_of_clock, 1);
	assert_int_equal(ticks_learn(&estimate, then, time_then, 0), told);
}

static void two_that_learn_at_once_are_as_good_as_one(void **state)
{
	(void)state;
	begin();
	worst(100000, 200);
	go(3000000);
	uint64_t told = ticks_learn(&estimate, tick, time_of_clock, 1);
	struct ticks before = estimate;
	go(100);
	assert_true(ticks_learn(&estimate, tick, time_of_clock, 1) >= told);
	before.turn = estimate.turn;
	assert_memory_equal(&before, &estimate, sizeof before);
	assert_true(ticks_time(&estimate, tick) >= told);
}

static void who_meets_somebody_that_sets_it_asks_the_clock(void **state)
{
	(void)state;
	begin();
	worst(100000, 200);
	estimate.turn++;
	assert_int_equal(ticks_time(&estimate, tick), 0);
	assert_int_equal(ticks_learn(&estimate, tick, time_of_clock - 5, 1), time_of_clock - 5);
	assert_int_equal(estimate.turn & 1, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(errs_by_less_than_a_microsecond),
		cmocka_unit_test(asks_the_clock_seldom),
		cmocka_unit_test(follows_a_clock_that_is_slewed),
		cmocka_unit_test(jumps_are_followed),
		cmocka_unit_test(an_interrupted_look_teaches_nothing),
		cmocka_unit_test(an_older_look_is_not_told_ahead),
		cmocka_unit_test(two_that_learn_at_once_are_as_good_as_one),
		cmocka_unit_test(who_meets_somebody_that_sets_it_asks_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
