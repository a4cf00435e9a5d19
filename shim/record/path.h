/* Floor 1: numbers that stand for what was seen: 64 bits of a path; and of a folder, and a way to ask, for the audit. */
#ifndef SHIM_RECORD_PATH_H
#define SHIM_RECORD_PATH_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

uint64_t mix_path(uint64_t hash, const char *path, size_t length);

/* A path as it was read, once: its first byte, -1: it cannot be read; all of it, 0: it cannot be read. */
struct read_path {
	uint64_t path;
	int first;
};

/* was_read: the kernel has just read it, and it may be read as it stands (recording_was_read); else by the kernel, from this process. */
struct read_path path_at(int32_t pid, uint64_t from, int was_read);

#endif
