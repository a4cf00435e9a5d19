/* Birth: the constructor's process and each forked child open their own record. A child is known by its wiped struct process; it is
 * born at its first gate entry, with signals blocked, because a handler's calls come to the gate too. */
#include "life.h"
#include "../record/birth_stderr.h"
#include "../record/files.h"
#include "../record/recordings.h"
#include "../sys/clock.h"
#include "../sys/memory.h"

#include "../sys/poison.h"

enum { STATS_WINDOW = 16 << 20 };
enum { DEAD, ALIVE, BEING_BORN };

/* Returns 0 or what opening the two files said: first the log's, then the summary's. */
static void open_record(struct process *p, int *log, int *stats)
{
	/* Who answers may be waiting for this child, or be this child (daemon(3)). */
	*log = inherited.answers_opens && settings.log == OUTPUT_PATH ? -EBUSY : log_open(p);
	*stats = 0;
	if (settings.stats == OUTPUT_PATH && !inherited.answers_opens)
		*stats = sink_open(&p->stats, settings_stats_path, p->pid, !process_is_first(p),
				   !inherited.later_image, &inherited.stats_again, STATS_WINDOW);
}

static void unrecorded(void)
{
	if (settings.recording && inherited.family)
		__atomic_fetch_add(&inherited.family->unrecorded, 1, __ATOMIC_RELAXED);
}

static void born(struct process *p, int *log, int *stats)
{
	p->pid = (int32_t)RAW(__NR_getpid);
	clock_forked();
	/* Without rewriting a new thread comes unseen. */
	p->threads = inherited.rewriting ? 0 : THREADS_MORE;
	p->suspect = inherited.vforks;
	if (p->suspect)
		p->threads |= THREADS_BORROWED;
	if (settings.stats != OUTPUT_OFF) {
		p->born = clock_monotonic();
		files_start(p);
	}
	open_record(p, log, stats);
	/* What is too many is counted elsewhere. */
	if (*log && *log != -EDQUOT)
		unrecorded();
	__atomic_store_n(&p->alive, ALIVE, __ATOMIC_RELEASE);
}

static void complain(const struct process *p, const char *variable, const char *path, int error)
{
	/* Said once, by the recording's first program. */
	if (!error || !process_is_first(p) || inherited.later_image)
		return;
	const char *reason = error == -EINVAL ? "not a regular file" :
			     error == -ENODEV ? "its file system has no shared mappings for writing" : errno_text((unsigned)-error);

	COMPLAIN(variable, "=", path, ": ", reason ? reason : "cannot be opened",
		 "; a path in a folder that this user can write, - or off would do; nothing is recorded there");
}

/* Nobody has asked for it: the summary says why there is none, and nothing is left of it. */
static void no_recording(struct process *p, int error)
{
	const char *reason = errno_text((unsigned)-error);

	inherited.no_recording = reason ? reason : "no recording can be made";
	recordings_unmake(p->log.sink.path);
}

void life_start(struct process *p)
{
	int log, stats;

	born(p, &log, &stats);
	if (settings.log_asked)
		complain(p, "SYSSHIM_LOG", settings_log_path, log);
	else if (log && process_is_first(p) && !inherited.later_image)
		no_recording(p, log);
	complain(p, "SYSSHIM_STATS", settings_stats_path, stats);
	if (inherited.later_image)
		log_resume_exec(p);
}

static void born_in_filter(struct process *p)
{
	/* No private call may be made here, not even getpid: this child is counted for nobody. */
	p->sealed = SEALED;
	p->threads = THREADS_MORE;
	p->ended = 1;
	unrecorded();
	if (batch)
		batch->off = LET_GO_FILTER;
	__atomic_store_n(&p->alive, ALIVE, __ATOMIC_RELEASE);
}

int life_born(struct process *p)
{
	uint32_t dead = DEAD;
	uint64_t mask;
	int log, stats;

	if (p->alive == ALIVE)
		return 1;
	if (inherited.sealed) {
		born_in_filter(p);
		return 1;
	}
	block_signals(&mask);
	arm_in_child(&mask);
	int mine = __atomic_compare_exchange_n(&p->alive, &dead, BEING_BORN, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE);
	if (mine) {
		/* What ran before the fork is the parent's. */
		inherited.later_image = inherited.is_first = 0;
		inherited.is_forked = 1;
		inherited.log_again = inherited.stats_again = 0;
		born(p, &log, &stats);
		if (inherited.no_batches)
			p->batches.let_go[inherited.no_batches]++;
		/* Another thread may have been in a vfork, for whose time the defaults stood. */
		if (p->pid == 1)
			signals_first_pid(p);
		else
			signals_hook(p);
	}
	unblock_signals(&mask);
	return mine || p->alive == ALIVE;
}
