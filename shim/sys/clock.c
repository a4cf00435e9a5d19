/* The clock: clock_gettime of the vDSO, found in its dynamic symbols. The vDSO is the kernel's code: it needs no libc, takes no lock,
 * and uses general registers only. Between two looks at it the time-stamp counter tells how far time has gone (ticks.h). */
#include "clock.h"
#include "elf.h"
#include "memory.h"
#include "raw.h"
#include "ticks.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "poison.h"

struct kernel_time {
	int64_t seconds, nanoseconds;
};

enum { REALTIME = 0, MONOTONIC = 1 }; /* linux/time.h; not included: it clashes with the compiler's own headers on old systems */

static long (*vdso_clock)(long clock, struct kernel_time *time);
static uint8_t stopped;
/* While dispatch is on: a call that the vDSO makes, where the kernel keeps time by something that it cannot read (a clock source of xen, hpet or acpi_pm; any other may become so
 * at any time), is trapped like any other outside of our text. */
static uint8_t asking;
struct blocked blocked;

/* The time-stamp counter: is it there, may it be read, and does it always run, and equally fast? The last is asked of the processor when so many looks have
 * shown that it is worth it: in a virtual machine the question costs ten microseconds. (Where the processors' counters differ the vDSO is not answered from them, and then
 * is too slow to be believed: see TOGETHER.) */
enum { COUNTER_NONE, COUNTER_UNKNOWN, COUNTER_STEADY };
static int counter;
static struct ticks estimate;

static inline uint64_t ticks_now(void)
{
#ifdef __x86_64__
	return __builtin_ia32_rdtsc();
#else
	return 0;
#endif
}

static int is_steady(void)
{
#ifdef __x86_64__
	unsigned a, b, c, d;

	/* A program may have made the question deadly (arch_prctl(2), ARCH_SET_CPUID): 0 says so, an error that it cannot be. */
	if (is_filtered() || RAW(__NR_arch_prctl, 0x1011 /* ARCH_GET_CPUID, asm/prctl.h */) == 0)
		return 0;
	/* Every x86-64 has this leaf's number. Bit 8 of edx: invariant TSC (Intel SDM volume 3, 18.17.1; AMD APM volume 3, E.4.6). */
	__cpuid(0x80000007, a, b, c, d);
	return d >> 8 & 1;
#else
	return 0;
#endif
}

/* A program may forbid itself the counter, and the vDSO with it (prctl(2), PR_SET_TSC); what it has executed then begins so. */
static int is_forbidden(void)
{
	int how = PR_TSC_ENABLE;

	return !filtered_at_start && RAW(__NR_prctl, PR_GET_TSC, &how) == 0 && how != PR_TSC_ENABLE;
}

void clock_start(const void *vdso)
{
	const Elf64_Ehdr *header = vdso;
	const Elf64_Phdr *dynamic = NULL;
	intptr_t bias = 0;
	int loaded = 0;

	if (!vdso || is_forbidden())
		return;
	const Elf64_Phdr *segments = (const void *)((const char *)vdso + header->e_phoff);
	for (int i = 0; i < header->e_phnum; i++) {
		if (segments[i].p_type == PT_LOAD && !loaded) {
			bias = (intptr_t)vdso + (intptr_t)segments[i].p_offset - (intptr_t)segments[i].p_vaddr;
			loaded = 1;
		} else if (segments[i].p_type == PT_DYNAMIC) {
			dynamic = &segments[i];
		}
	}
	if (!loaded || !dynamic)
		return;
	struct elf_symbols t = elf_symbols(bias, (const void *)(bias + (intptr_t)dynamic->p_vaddr));
	const Elf64_Sym *found = elf_symbol(&t, "__vdso_clock_gettime");
	if (!found)
		found = elf_symbol(&t, "__kernel_clock_gettime"); /* aarch64 */
	if (!found)
		return;
	vdso_clock = (long (*)(long, struct kernel_time *))(bias + (intptr_t)found->st_value);
	counter = COUNTER_UNKNOWN;
}

void clock_without_counter(void)
{
	__atomic_store_n(&vdso_clock, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&counter, COUNTER_NONE, __ATOMIC_RELAXED);
}

void clock_guard(int is_on)
{
	blocked = (struct blocked){(uint8_t)is_on, (uint8_t)is_on, 0, 0};
	asking = 0;
}

void clock_childless(void)
{
	blocked.depth = 0;
	blocked.selector = blocked.wanted;
	asking = 0;
}

int clock_has_trapped(void)
{
	/* NB: what a handler has jumped away from still stands in `asking`. */
	if (!asking || !vdso_clock)
		return 0;
	clock_without_counter();
	return 1;
}

void clock_forked(void)
{
	estimate = (struct ticks){0};
}

void clock_stop(void)
{
	stopped = 1;
}

void clock_go_on(void)
{
	stopped = 0;
}

static long ask_vdso(long (*vdso)(long, struct kernel_time *), long clock, struct kernel_time *time)
{
	/* A handler may come in between and look at the clock. */
	uint8_t was = asking;

	if (!blocked.matters)
		return vdso(clock, time);
	asking = 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	long result = vdso(clock, time);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	asking = was;
	return result;
}

static uint64_t clock_now(long clock)
{
	struct kernel_time t = {0, 0};
	/* Another thread may do without it from now on. */
	long (*vdso)(long, struct kernel_time *) = __atomic_load_n(&vdso_clock, __ATOMIC_RELAXED);

	if (stopped)
		return 0;
	if (!vdso || blocked.depth || ask_vdso(vdso, clock, &t) != 0)
		RAW(__NR_clock_gettime, clock, &t);
	return (uint64_t)t.seconds * 1000000000u + (uint64_t)t.nanoseconds;
}

/* The vDSO's answer takes so many ticks at most, its barrier and two looks at the counter included; whoever takes longer was interrupted, or has asked
 * the kernel: whoever does so always goes without the counter. */
enum { TOGETHER = 300, ALWAYS = 100, WORTH_IT = 1000 };

static __attribute__((noinline)) uint64_t look(void)
{
	static uint8_t interrupted;
	static uint32_t looks;

	if (stopped || !counter || blocked.depth || looks++ < WORTH_IT || !ticks_may_learn(&estimate, ticks_now()))
		return clock_now(MONOTONIC);
	int unknown = COUNTER_UNKNOWN;
	/* Somebody may do without it meanwhile. */
	if (counter == unknown)
		__atomic_compare_exchange_n(&counter, &unknown, is_steady() ? COUNTER_STEADY : COUNTER_NONE, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	if (!__atomic_load_n(&counter, __ATOMIC_RELAXED))
		return clock_now(MONOTONIC);
	uint64_t before = ticks_now();
	uint64_t time = clock_now(MONOTONIC), took = ticks_now() - before;
	interrupted = took > TOGETHER ? interrupted + 1 : 0;
	if (interrupted == ALWAYS)
		counter = COUNTER_NONE;
	return counter ? ticks_learn(&estimate, before + took / 2, time, took <= TOGETHER) : time;
}

uint64_t clock_monotonic(void)
{
	uint64_t time = !stopped && counter ? ticks_time(&estimate, ticks_now()) : 0;

	return time ? time : look();
}

uint64_t clock_realtime(void)
{
	return clock_now(REALTIME);
}

enum { TRIES = 8, CLOSE = 2000 /* ns */ };

uint64_t clock_epoch(void)
{
	uint64_t best = ~0ul, epoch = 0;

	/* Whoever is interrupted between the two clocks looks again. */
	for (int i = 0; i < TRIES && best > CLOSE; i++) {
		uint64_t before = clock_monotonic(), now = clock_realtime(), took = clock_monotonic() - before;
		if (took < best) {
			best = took;
			epoch = now - before - took / 2;
		}
	}
	return epoch;
}
