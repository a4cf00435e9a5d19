/* Floor 1: what ld.so had loaded before our start, for a reader who wants to know which files that took. */
#ifndef SHIM_RECORD_OBJECTS_H
#define SHIM_RECORD_OBJECTS_H

struct process;

struct started {
	const char *file, *platform; /* AT_EXECFN, AT_PLATFORM; NULL: not told */
	char *const *arguments;      /* or NULL */
	char *const *environment;
	const char *version;         /* glibc's; NULL: another libc */
	int by_loader;               /* ld.so was executed, and the kernel has loaded no interpreter (AT_BASE) */
};

/* In the constructor, while only libc's loader is there. */
void objects_record(struct process *p, const struct started *started);

#endif
