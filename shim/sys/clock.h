/* Floor 0: time without entering the kernel where the vDSO allows it (vdso(7)). Nanoseconds. Any context. */
#ifndef SHIM_SYS_CLOCK_H
#define SHIM_SYS_CLOCK_H

#include <stdint.h>

uint64_t clock_monotonic(void); /* CLOCK_MONOTONIC, to a microsecond; in a thread it never goes back */
uint64_t clock_realtime(void);  /* CLOCK_REALTIME, since the epoch */
/* What makes the first out of the second, to a few hundred ns. */
uint64_t clock_epoch(void);

/* From one look to a later one. Another thread's may be earlier by a microsecond. */
static inline uint64_t clock_from_to(uint64_t began, uint64_t now)
{
	return now > began ? now - began : 0;
}

/* Finds the vDSO's clock_gettime; vdso is AT_SYSINFO_EHDR or 0. Constructor only. Without it the kernel is asked. */
void clock_start(const void *vdso);
/* From now on both clocks answer 0: strict seccomp makes even the time-stamp counter deadly (kernel/seccomp.c, disable_TSC). */
void clock_stop(void);
void clock_go_on(void);
/* From now on the kernel is asked: the program forbids itself the counter (prctl(2), PR_SET_TSC). */
void clock_without_counter(void);
/* Dispatch will be on when the section with signals blocked that this is said in has ended: what the vDSO asks the kernel comes to the handler of SIGSYS then. 0: dispatch is off. */
void clock_guard(int is_on);
/* Outside of any section, when nobody borrows our memory any more: a child that was killed there has not left what it had entered. */
void clock_childless(void);
/* For that handler. 1: the call was ours, made by the vDSO, which is not asked again; the handler makes it. */
int clock_has_trapped(void);
/* In a forked child: another thread may have been about to set what is known of the counter. */
void clock_forked(void);

#endif
