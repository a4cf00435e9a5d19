/* Floor 6: the ways in. They bring calls to the gate and hold no policy. All of this is for the constructor only. */
#ifndef SHIM_INTERCEPT_INTERCEPT_H
#define SHIM_INTERCEPT_INTERCEPT_H

#include <stdint.h>

/* Finds the next definition of every interposed name. Afterwards names go straight on to it. */
void interpose_start(void);
/* From now on the names lead to the gate: where nothing is rewritten. */
void interpose_to_gate(void);

/* The interposed write becomes the short way into the buffer. After rewrite_start, and only where a log of every write is not wanted. */
void interpose_coalesce(void);

/* Does this address lie in libc's text, whose sites have been rewritten? */
int rewrite_covers(const void *address);

/* The handler of SIGSYS; `text` is all that this object may execute. */
void dispatch_start(uint64_t text, uint64_t size);

/* Tells death.c where exit() of glibc stands. */
void rewrite_know_exit(void);

/* Where tables of sites are kept: the values of XDG_STATE_HOME and HOME, or NULL. Before rewrite_start; without it none are. */
void cache_start(const char *state_home, const char *home);

/* Rewrites the sites of libc and ld.so. Returns NULL, and counts into `inherited`; or why nothing was changed, static text. */
const char *rewrite_start(int all_sites, uint64_t ld_so_base);

#endif
