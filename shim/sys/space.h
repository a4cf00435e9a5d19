/* Floor 0: what statfs(2) says of a file system, in bytes. */
#ifndef SHIM_SYS_SPACE_H
#define SHIM_SYS_SPACE_H

#include <asm/statfs.h>
#include <stdint.h>

/* NB: blocks are counted in f_frsize; servers of FUSE may say another f_bsize. Any context. */
static inline uint64_t space_of(const struct statfs *s, uint64_t blocks)
{
	return blocks * (uint64_t)(s->f_frsize ? s->f_frsize : s->f_bsize);
}

#endif
