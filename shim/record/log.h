/* Floor 1: the log as text, one line a call in strace's look; or as a recording (recording.h), where SYSSHIM_LOG_FORMAT asks for one.
 *
 * Lines gather in a buffer of the process and are published into its sink when 8 KiB are there, 10 ms have passed, or the process is
 * about to wait, fork, exec or end: so a hanging program's log ends with the call it hangs in. A call that may wait is written up to
 * its first answer (`read(0, `) when it begins; when another line comes in between, that one is closed with `<unfinished ...>` and
 * goes on as `<... read resumed>`, as strace does. */
#ifndef SHIM_RECORD_LOG_H
#define SHIM_RECORD_LOG_H

#include "../../format/text.h"
#include "../../format/trace_set.h"
#include "../sys/lock.h"
#include "../sys/raw.h"
#include "recording.h"
#include "sink.h"

enum {
	LOG_PENDING = 65536,      /* the buffer */
	LOG_LINE = 36864,         /* the longest line: two paths of 4,095 bytes, four characters each at most, and more */
	LOG_PUBLISH = 8192,
	LOG_PATIENCE = 10000000,  /* ns */
};
#define LOG_WINDOW (1ull << 30) /* bytes a process may log; the rest is counted as dropped */

struct log {
	uint32_t on;
	uint32_t timed;         /* on, and a clock is read around each call */
	uint32_t quick;         /* of a gathered write(2) nothing but its 16 bytes is wanted: recording_gathered */
	struct lock lock;
	uint64_t open_ticket;   /* the call whose line stands unfinished at the end, or 0 */
	uint64_t tickets;
	uint64_t published_at;  /* clock_monotonic */
	uint64_t epoch;         /* add to clock_monotonic for the time since the epoch */
	uint64_t last;          /* when no clock may be read any more */
	uint32_t pending;
	uint32_t is_half;       /* what was published last is no whole line */
	struct recording recording;
	struct sink sink;
	char buffer[LOG_PENDING] __attribute__((aligned(8)));
};

/* A call under way, on the caller's stack. */
struct log_ticket {
	uint64_t serial;  /* 0: nothing was written when it began */
	uint64_t began;   /* clock_monotonic */
	unsigned printed; /* arguments; in a recording: the file offset of its beginning, 0: nobody knows */
	uint16_t injected; /* RECORD_INJECTED, RECORD_DELAYED */
	uint16_t sealed;  /* the call installs a filter (gate.c) */
	uint64_t came;    /* what came while its beginning was logged (signals_came) */
};

struct process;

/* A call as format/ prints it. */
static inline struct text_call log_text_of(const struct call *call, long result)
{
	const uint64_t *a = call->arguments;

	return (struct text_call){(uint32_t)call->number, {a[0], a[1], a[2], a[3], a[4], a[5]}, result};
}

/* begin: only for calls that may wait or not return. end: for every call that is logged. Any context. */
void log_begin(struct process *p, const struct text_call *call, struct log_ticket *ticket);
void log_end(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now);

/* Of a call that is not recorded: what a reader must know all the same to resolve later paths. */
void log_unseen(struct process *p, const struct text_call *call);
/* The same for those of a recording that log_is_quick names: of memory a path is wanted at most when they begin, and their results do not matter. Of them
 * log_is_plain knows those whose records plain.h makes. The first looks at the clock, if anybody does (log.timed). */
int log_is_quick(uint32_t number);
int log_is_plain(uint32_t number);
/* And this one, in an audit: what it does to a descriptor is all that matters of it. */
int log_only_follows(uint32_t number);
void log_quick_begin(struct process *p, const struct text_call *call, struct log_ticket *ticket);
void log_quick_end(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now);

/* A write of the program that was gathered: `write(3, ""..., 1) = 1 <coalesced>`; no clock is read, its time is that of the line before. */
void log_coalesced(struct process *p, const struct text_call *call);
/* `PID TIME --- batch of 12 writes, 34 bytes to 3, ended by close <0.000012> ---`; end: enum batch_end or a number; began: 0, or when its
 * write began. Called with signals blocked. */
void log_batch(struct process *p, int fd, uint32_t writes, uint32_t bytes, unsigned end, uint64_t began);

/* `PID TIME +++ text +++` */
void log_note(struct process *p, const char *text);
/* `PID TIME --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=1, si_uid=0} ---`; information: the kernel's siginfo. */
void log_signal(struct process *p, int signal, const void *information);
void log_publish(struct process *p);
/* Gives a reserve (rights.c) back: the file ends with its last line. */
void log_trim(struct process *p);
/* Of a recording: the counters and how it ended so far (enum record_end). */
void log_state(struct process *p, unsigned end, int status);

/* Opens the log of a new process or image; returns 0 or -errno. Constructor, or the child's side of a fork. */
int log_open(struct process *p);
/* The first line of a later image: the exec that led here has returned 0. */
void log_resume_exec(struct process *p);

/* Does it change the working folder? */
static inline int log_moves(uint64_t number)
{
	return number == __NR_chdir || number == __NR_fchdir;
}

/* Is this number in SYSSHIM_TRACE? */
static inline int log_wants(uint32_t number)
{
	return trace_set_has(settings.trace, number);
}

#endif
