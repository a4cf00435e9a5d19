/* Death: the last lines of the log and the summary, once, whichever way comes first. The summary on stderr is only the first
 * process's, in the last program that it runs; a file gets one entry for each program (image). */
#include "life.h"
#include "../record/birth_stderr.h"
#include "../record/shards.h"
#include "../record/summary.h"
#include "../sys/clock.h"
#include "../sys/memory.h"

#include "../sys/poison.h"

enum { STDERR_LIMIT = 4096 };

static struct range {
	uint64_t start, end;
} exit_code, fclose_code;

static struct range range_of(uint64_t start, uint64_t size)
{
	return (struct range){start, start + size};
}

void death_know_exit(uint64_t exit_start, uint64_t exit_size, uint64_t fclose_start, uint64_t fclose_size)
{
	exit_code = range_of(exit_start, exit_size);
	fclose_code = range_of(fclose_start, fclose_size);
}

/* Is there a return address into this code within `depth` bytes above us? */
static int is_on_stack(const struct range *code, uint64_t depth)
{
	uint64_t words[16], at = (uint64_t)__builtin_frame_address(0);
	const uint64_t end = at + depth;

	if (!code->start)
		return 0;
	at &= ~(uint64_t)(sizeof words - 1);
	for (; at < end; at += sizeof words) {
		if (memory_read(words, at, sizeof words) != (long)sizeof words)
			return 0;
		for (unsigned i = 0; i < 16; i++)
			if (words[i] > code->start && words[i] <= code->end)
				return 1;
	}
	return 0;
}

/* Is this the end? A return address behind a call in exit() exists only if exit was called, because it never returns: so finding one on the
 * stack above us is proof, and no frame and no interposed name is needed to know it. tar closes stderr by fclose in main, right before it
 * returns: a program that closes stderr so has said its last word there, whatever it does afterwards. */
static int stderr_is_finished(void)
{
	return is_on_stack(&exit_code, 64 << 10) || is_on_stack(&fclose_code, 2 << 10);
}

static void summarize(struct text *out, struct process *p, const char *how, unsigned status, uint64_t now)
{
	shards_gather(p);
	(settings.stats_json ? summary_json : summary_text)(out, p, how, status, now);
}

static void write_stderr(struct process *p, const char *how, unsigned status, uint64_t now)
{
	struct text out = {p->text, p->text + STDERR_LIMIT, 0};

	if (settings.stats != OUTPUT_STDERR || p->printed || p->sealed || !process_is_first(p))
		return;
	p->printed = 1;
	if (settings.stats_json)
		out.end = p->text + sizeof p->text;
	summarize(&out, p, how, status, now);
	if (out.cut)
		out.at[-1] = '\n';
	birth_stderr_write(p->text, (size_t)(out.at - p->text));
}

static void take_back_locked(struct process *p)
{
	if (p->stats_published)
		sink_cut(&p->stats, p->stats_published - 1);
	p->stats_published = 0;
}

static void write_file(struct process *p, const char *how, unsigned status, uint64_t now)
{
	struct text out = {p->text, p->text + sizeof p->text, 0};

	take_back_locked(p);
	summarize(&out, p, how, status, now);
	size_t size = (size_t)(out.at - p->text);
	/* NB: where the end is by then. */
	p->stats_published = sink_append(&p->stats, p->text, size) ? 0 : p->stats.end - size + 1;
}

static void end(struct process *p, const char *how, unsigned status)
{
	uint64_t mask, now = clock_monotonic();

	if (settings.stats == OUTPUT_OFF || !process_lock(p, &p->end_lock, &mask))
		return;
	if (!p->ended) {
		p->ended = 1;
		if (settings.stats == OUTPUT_PATH) {
			write_file(p, how, status, now);
			/* What rights_reserve has put there is given back. */
			if (p->stats.size > p->stats.end)
				sink_cut(&p->stats, p->stats.end);
		} else {
			write_stderr(p, how, status, now);
		}
	}
	lock_release(&p->end_lock, &mask);
}

static void note_end(struct process *p, unsigned how, const char *what, const char *name, unsigned status)
{
	char line[48];
	struct text out = {line, line + sizeof line - 1, 0};

	text_string(&out, what);
	if (name)
		text_string(&out, name);
	else
		text_unsigned(&out, status);
	*out.at = 0;
	log_note(p, line);
	log_state(p, how, (int)status);
	log_trim(p);
}

/* NB: behind a filter of the program's own nobody is asked who he is. But who has no threads sleeps while a vfork child is here: it is the child that ends. */
static int is_another(const struct process *p)
{
	return p->sealed && p->suspect && !(p->threads & THREADS_MORE);
}

void death_exit(struct process *p, unsigned status)
{
	if (!process_is_ours(p) || is_another(p))
		return;
	note_end(p, RECORD_EXITED, "exited with ", NULL, status);
	end(p, "exit status", status);
}

void death_destructor(struct process *p)
{
	if (p->alive != 1 || !process_is_ours(p) || is_another(p))
		return;
	if (!p->ended) {
		log_note(p, "exited");
		log_state(p, RECORD_FINISHED, 0);
	}
	end(p, "exited", 0);
}

void death_signal(struct process *p, int signal, const void *information)
{
	if (!process_is_ours(p))
		return;
	log_signal(p, signal, information);
	note_end(p, RECORD_SIGNALLED, "killed by ", signal_name((unsigned)signal), (unsigned)signal);
	end(p, "killed by", (unsigned)signal);
}

void death_provisional(struct process *p, const char *how, unsigned status)
{
	uint64_t mask;

	if (settings.stats != OUTPUT_PATH || p->sealed || p->ended || !process_is_ours(p) || !process_lock(p, &p->end_lock, &mask))
		return;
	/* NB: another thread may have ended the process meanwhile, which stands there for good. */
	if (!p->ended)
		write_file(p, how, status, clock_monotonic());
	lock_release(&p->end_lock, &mask);
}

void death_take_back(struct process *p)
{
	uint64_t mask;

	if (!p->stats_published || p->ended || !process_is_ours(p) || !process_lock(p, &p->end_lock, &mask))
		return;
	if (!p->ended)
		take_back_locked(p);
	lock_release(&p->end_lock, &mask);
}

void death_stderr_closing(struct process *p)
{
	uint64_t mask;

	if (settings.stats != OUTPUT_STDERR || p->printed || p->ended || p->sealed || !process_is_first(p) || !process_is_ours(p) ||
	    !stderr_is_finished() || !process_lock(p, &p->end_lock, &mask))
		return;
	write_stderr(p, "closing stderr", 0, clock_monotonic());
	lock_release(&p->end_lock, &mask);
}
