/* The clock: clock_gettime of the vDSO, found in its dynamic symbols. The vDSO is the kernel's code: it needs no libc, takes no lock,
 * and uses general registers only. */
#include "clock.h"
#include "elf.h"
#include "memory.h"
#include "raw.h"

#include "poison.h"

struct kernel_time {
	int64_t seconds, nanoseconds;
};

enum { REALTIME = 0, MONOTONIC = 1 }; /* linux/time.h; not included: it clashes with the compiler's own headers on old systems */

static long (*vdso_clock)(long clock, struct kernel_time *time);
static uint8_t stopped;

void clock_start(const void *vdso)
{
	const Elf64_Ehdr *header = vdso;
	const Elf64_Phdr *dynamic = NULL;
	intptr_t bias = 0;
	int loaded = 0;

	if (!vdso)
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
	if (found)
		vdso_clock = (long (*)(long, struct kernel_time *))(bias + (intptr_t)found->st_value);
}

void clock_stop(void)
{
	stopped = 1;
}

void clock_go_on(void)
{
	stopped = 0;
}

static uint64_t clock_now(long clock)
{
	struct kernel_time t = {0, 0};

	if (stopped)
		return 0;
	if (!vdso_clock || vdso_clock(clock, &t) != 0)
		RAW(__NR_clock_gettime, clock, &t);
	return (uint64_t)t.seconds * 1000000000u + (uint64_t)t.nanoseconds;
}

uint64_t clock_monotonic(void)
{
	return clock_now(MONOTONIC);
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
