/* The list of libraries that ldconfig makes and ld.so asks (/etc/ld.so.cache), as glibc 2.2 and later write it (sysdeps/generic/dl-cache.h). */
#ifndef CLI_LOADER_CACHE_H
#define CLI_LOADER_CACHE_H

#include <stdint.h>

/* RECORD_CACHE_SUM of the one that is there now; 0: there is none, or it cannot be read. It is read once. */
uint32_t loader_cache_sum(void);

/* Does it lead from this name to this file? If not, *other is the first file that it leads to; NULL: it does not have the name. */
int loader_cache_has(const char *name, const char *path, const char **other);

#endif
