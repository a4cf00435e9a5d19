/* The rows behind the slots of entry.S: one for each rewritten site. Filled by the constructor before the site is patched, read-only
 * afterwards. */
#ifndef SHIM_SYS_SITES_H
#define SHIM_SYS_SITES_H

#include <stddef.h>
#include <stdint.h>

struct site {
	const void *back;   /* the byte behind the site's `syscall`: the return address for unwinders */
	const void *resume; /* where the program goes on, behind what the tail has executed */
	const void *tail;   /* tail_* in entry.S */
	const void *kernel; /* special sites: their entry into the kernel */
	int32_t number;     /* for sites whose `mov` was replaced; -1: it is in eax; below: it is on the stack at ~number(%rsp) */
	uint32_t looked;    /* special sites: the number of the call under way */
};
_Static_assert(sizeof(struct site) == 40 && offsetof(struct site, number) == 32, "entry.S knows this layout");

enum { SITES_TAIL = 704, SITES_BEFORE = 128, SITES_SPECIAL = 160, SLOT_SIZE = 16, DOOR_SIZE = 32 };

extern struct site sites_tail[SITES_TAIL], sites_before[SITES_BEFORE], sites_special[SITES_SPECIAL], site_cancel;
extern const char slots_tail[], slots_before[], slots_special[], special_doors[], slot_cancel[], slot_cancelled[];
extern const char tail_plain[], tail_cmp_rax_4095[], tail_cmp_rax_4096[], tail_cmp_eax_4095[], tail_cmp_eax_4096[], tail_ret[];

#endif
