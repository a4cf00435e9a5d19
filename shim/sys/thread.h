/* Floor 0: who the calling thread is, without asking the kernel. */
#ifndef SHIM_SYS_THREAD_H
#define SHIM_SYS_THREAD_H

#include <stdint.h>

extern uint8_t thread_pointer_readable; /* memory.c; set once by the constructor: AT_HWCAP2 has bit 1 (arch/x86: HWCAP2_FSGSBASE, Linux 5.9) */

/* The thread pointer: another one in each thread of libc; 0: it cannot be read. Nothing is dereferenced, so a thread that has none is
 * no matter. Any context. */
static inline uint64_t thread_pointer(void)
{
	uint64_t pointer = 0;

#ifdef __x86_64__
	if (thread_pointer_readable)
		__asm__("rdfsbase %0" : "=r"(pointer));
#elif defined __aarch64__
	__asm__("mrs %0, tpidr_el0" : "=r"(pointer));
#endif
	return pointer;
}

#endif
