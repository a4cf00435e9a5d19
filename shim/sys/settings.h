/* What the user asked for, read once from the environment (options.c) and constant afterwards. Inherited by forked children. */
#ifndef SHIM_SYS_SETTINGS_H
#define SHIM_SYS_SETTINGS_H

#include "../../format/syscalls.h"

enum { PATH_LIMIT = 4096 };

enum output {
	OUTPUT_OFF,
	OUTPUT_STDERR,
	OUTPUT_PATH,
	OUTPUT_STATE /* a recording in the state folder; at birth it becomes OUTPUT_PATH, or OUTPUT_OFF where that cannot be */
};

enum log_format {
	LOG_UNSAID, /* text for a log that has a place, a recording where none was named */
	LOG_TEXT,
	LOG_JSON,
	LOG_BINARY
};

enum rewrite {
	REWRITE_OFF,
	REWRITE_HOT, /* I/O, files, directories, process, signals */
	REWRITE_ALL
};

enum { BATCH_FILES = 1, BATCH_PIPES = 2, BUFFER_MOST = 1000000, LATENCY_MOST = 1000, BURST_MOST = 4096, PATH_EXCLUDE_MOST = 1024 };

struct settings {
	uint8_t log;          /* enum output */
	uint8_t log_format;   /* enum log_format */
	uint8_t log_asked;    /* somebody has asked for a log; 0: this one is the default */
	uint8_t log_found;    /* its place is the one that the recording's first program has found in the state folder */
	uint8_t recording;    /* LOG_BINARY, and there is a place for it: the log is a folder of recordings (include/sysshim/record.h), not text */
	uint8_t stats;        /* enum output */
	uint8_t stats_json;
	uint8_t timing;       /* a clock is read around each call */
	uint8_t follow;       /* children are observed too */
	uint8_t rewrite;      /* enum rewrite */
	uint8_t interpose;
	uint8_t watch;        /* dispatch stands from the start, not only while bytes may be buffered */
	uint8_t inject;        /* there are rules (inject.c) */
	uint8_t batch;         /* BATCH_FILES | BATCH_PIPES: which small writes are gathered */
	uint32_t latency;      /* ms: a buffered byte is never older */
	uint32_t buffer;       /* bytes of a batch at most */
	uint32_t burst;        /* small writes in a row before coalescing begins */
	uint32_t data;        /* bytes of each buffer in the log */
	uint64_t trace[SYSCALL_LIMIT / 64]; /* which calls are logged */
	uint64_t asked[SYSCALL_LIMIT / 64]; /* those of them that somebody wants to see */
	uint8_t trace_named;  /* somebody has chosen them */
	uint8_t excludes_paths;
	uint8_t audit;        /* SYSSHIM_TRACE=audit: which files are named, each way once (record/audit.h) */
	uint64_t least;       /* ns: only calls that took so long at least */
	uint8_t only_good, only_failed;
	uint8_t by_end;       /* what only a call's end tells decides: nothing is logged when it begins */
};

extern struct settings settings;
/* Absolute, %p, %n and %t not yet expanded. */
extern char settings_log_path[PATH_LIMIT], settings_stats_path[PATH_LIMIT];
extern char settings_path_exclude[PATH_EXCLUDE_MOST + 2]; /* globs, each with its NUL, a second one behind the last */

/* Of libc only the sites of calls about I/O, files, processes and signals are rewritten: nobody has asked for more. */
static inline int settings_rewrite_most(void)
{
	return settings.rewrite == REWRITE_HOT && !settings.trace_named;
}

#endif
