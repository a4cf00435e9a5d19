/* What a recording does not show: the end of every output. */
#include "recording.h"
#include "ahead.h"
#include "clock.h"
#include "tasks.h"
#include "../format/trace_set.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct gaps {
	uint64_t dropped, overwritten, missed, broken, pathless, results_unseen, left_out, not_followed[3], unrecorded, without_end;
	uint64_t kernel_reads, kernel_writes, counted_reads, counted_writes; /* of those that have both counts */
	unsigned uncounted;
	unsigned lost, not_rewritten, processes, seldom, traced, narrowed, without_libc, without_threads;
	const char *why_not;
};

static int by_family(const void *x, const void *y)
{
	const struct record_header *a = *(const struct record_header *const *)x, *b = *(const struct record_header *const *)y;

	return a->family < b->family ? -1 : a->family > b->family;
}

/* An image and its forked children count together, so of a family the latest word counts. */
static void add_families(const struct recording *r, struct gaps *g)
{
	const struct record_header **headers = resized(NULL, (r->sources_count + 1) * sizeof(struct record_header *));

	for (unsigned i = 0; i < r->sources_count; i++)
		headers[i] = r->sources[i].header;
	qsort(headers, r->sources_count, sizeof *headers, by_family);
	for (unsigned i = 0; i < r->sources_count;) {
		uint32_t most[4] = {0};
		uint64_t family = headers[i]->family;
		for (; i < r->sources_count && headers[i]->family == family; i++)
			for (unsigned k = 0; k < 4; k++) {
				uint32_t count = k < 3 ? headers[i]->not_followed[k] : headers[i]->unrecorded;
				most[k] = count > most[k] ? count : most[k];
			}
		for (unsigned k = 0; k < 3; k++)
			g->not_followed[k] += most[k];
		g->unrecorded += most[3];
	}
	free(headers);
}

/* By the clock that nobody sets. */
static uint64_t ended(const struct record_header *h)
{
	return h->ended - h->epoch;
}

/* Did any of them run when the files were looked for? began: tasks_began. */
static int any_ran(const struct recording *r, uint64_t began)
{
	uint64_t now = clock_now(CLOCK_MONOTONIC);
	int any = 0;

	for (unsigned i = 0; i < r->sources_count && !any; i++) {
		const struct record_header *h = r->sources[i].header;
		any = image_runs(r, i, began) || (ended(h) >= r->listed && ended(h) <= now);
	}
	return any;
}

int image_may_come(const struct recording *r, uint64_t since)
{
	uint64_t began = since + SECOND > r->listed ? tasks_began(r) : 0;

	return began && any_ran(r, began);
}

/* Of how many images is the next one of their process not there? Those of which something else says why are left out. What vfork children executed is not among
 * them: their files do not end with it. */
static unsigned lost_of(const struct recording *r, const struct gaps *g)
{
	uint64_t lost = 0, said = g->not_followed[0] + g->not_followed[1] + g->not_followed[2] + r->unborn + r->refused;

	/* It was asked for one file. */
	if (r->sources_count == 1 && !strcmp(r->sources[0].path, r->path))
		return 0;
	for (unsigned i = 0; i < r->sources_count; i++) {
		const struct source *s = &r->sources[i];
		lost += s->header->end == RECORD_EXECED && !image_comes(r, s->header->pid, 1, s->began, i) && !image_may_come(r, ended(s->header));
	}
	return lost > said ? (unsigned)(lost - said) : 0;
}

int recorded_lacks(const struct record_header *h, unsigned flags)
{
	for (unsigned number = 0; number < SYSCALL_LIMIT; number++) {
		const struct syscall_row *row = syscall_row(number);
		if (row && (row->flags & flags) == flags && !trace_set_has(h->trace, number))
			return 1;
	}
	return 0;
}

static struct gaps gaps_of(const struct recording *r)
{
	struct gaps g = {.processes = processes_of(r)};

	for (unsigned i = 0; i < r->sources_count; i++) {
		const struct record_header *h = r->sources[i].header;
		g.dropped += h->dropped;
		g.overwritten += h->overwritten;
		g.broken += r->sources[i].broken;
		g.missed += r->sources[i].missed;
		g.pathless += r->sources[i].pathless;
		g.results_unseen += h->results_unseen;
		g.left_out += h->left_out;
		g.without_end += h->end == RECORD_RUNNING;
		g.traced += h->rewriting == RECORD_BY_PTRACE;
		g.without_libc += (h->without_libc & RECORD_HAS_GO) != 0;
		g.without_threads += (h->without_libc & RECORD_THREADS_UNSEEN) != 0;
		g.seldom += h->rewriting == RECORD_REWRITTEN_MOST;
		g.narrowed += (unsigned)recorded_lacks(h, 0);
		g.uncounted += !h->kernel_counted;
		if (h->kernel_counted) {
			g.kernel_reads += h->kernel_reads;
			g.kernel_writes += h->kernel_writes;
			g.counted_reads += h->counted_reads;
			g.counted_writes += h->counted_writes;
		}
		/* Before its end a file does not say whether libc was rewritten. */
		if (h->end != RECORD_RUNNING && !h->rewriting) {
			g.not_rewritten++;
			g.why_not = h->why_not;
		}
	}
	add_families(r, &g);
	g.lost = lost_of(r, &g);
	return g;
}

static const char *const unfollowed[3] = {"static", "set-user-id", "of another word size"};

uint32_t recording_not_followed(const struct recording *r)
{
	struct gaps g = gaps_of(r);

	return g.not_followed[0] + g.not_followed[1] + g.not_followed[2];
}

int recording_gaps(const struct recording *r)
{
	struct gaps g = gaps_of(r);

	return g.dropped || g.overwritten || g.missed || g.broken || g.pathless || g.results_unseen || g.left_out || g.not_rewritten || g.without_libc || g.without_threads || g.not_followed[0] || g.not_followed[1] ||
	       g.not_followed[2] || g.unrecorded || r->unborn || r->refused || r->problems;
}

void recording_coverage(const struct recording *r, FILE *to)
{
	struct gaps g = gaps_of(r);
	char why_not[4 * sizeof r->sources->header->why_not];

	recorded_text(why_not, sizeof why_not, g.why_not ? g.why_not : "", sizeof r->sources->header->why_not);
	fprintf(to, "coverage: %u process%s, %u program%s; not seen: %ssystem calls that a program or a library makes without libc", g.processes,
		g.processes == 1 ? "" : "es", r->sources_count, r->sources_count == 1 ? "" : "s", r->starts_told ? "" : "what ld.so does before our start, and ");
#define GAP(number, ...) \
	do { \
		if (number) \
			fprintf(to, "; " __VA_ARGS__); \
	} while (0)
	GAP(g.seldom, "libc's own that are not about I/O, files, processes or signals (SYSSHIM_INTERCEPT=rewrite-all, or named by -e trace)");
	GAP(g.without_libc, "nearly all calls of %u of them, which have Go code (its runtime makes them without libc; run --trace-static follows those that name files)", g.without_libc);
	GAP(g.without_threads, "calls that threads can be cancelled in (read, write, open, close and others), of %u of them: their libc has no room for a jump there", g.without_threads);
	GAP(g.without_end, "%" PRIu64 " without an end: running, or killed", g.without_end);
	GAP(g.dropped, "%" PRIu64 " record%s found no place", g.dropped, g.dropped == 1 ? "" : "s");
	GAP(g.overwritten, "the oldest %" PRIu64 " KiB were overwritten by newer records", g.overwritten >> 10);
	GAP(g.missed, "%" PRIu64 " KiB that the program has used again while they were read", g.missed * RECORD_CHUNK >> 10);
	GAP(g.broken, "%" PRIu64 " bytes were damaged", g.broken);
	GAP(g.pathless, "the path of %" PRIu64 " call%s (under a seccomp filter)", g.pathless, g.pathless == 1 ? "" : "s");
	GAP(g.results_unseen, "%" PRIu64 " result%s", g.results_unseen, g.results_unseen == 1 ? "" : "s");
	GAP(g.left_out, "%" PRIu64 " call%s left out (SYSSHIM_PATH_EXCLUDE, SYSSHIM_STATUS, SYSSHIM_MIN_DURATION)", g.left_out, g.left_out == 1 ? "" : "s");
	/* What was asked for is what a list of files needs, or it says so itself. */
	if (!r->is_for_files)
		GAP(g.narrowed, "calls that were not asked for in %u of them (SYSSHIM_TRACE)", g.narrowed);
	GAP(g.not_rewritten, "calls inside libc in %u of them (%s)", g.not_rewritten, *why_not ? why_not : "as asked");
	GAP(g.traced, "all but the calls that name files in %u of them (followed by ptrace)", g.traced);
	for (unsigned k = 0; k < 3; k++)
		GAP(g.not_followed[k], "%" PRIu64 " program%s %s", g.not_followed[k], g.not_followed[k] == 1 ? "" : "s", unfollowed[k]);
	if (!r->is_for_files)
		GAP(g.lost, "%u program%s at least of which there is no recording (sysshim files names them)", g.lost, g.lost == 1 ? "" : "s");
	GAP(g.unrecorded, "%" PRIu64 " forked process%s that could make no recording", g.unrecorded, g.unrecorded == 1 ? "" : "es");
	if (g.uncounted < r->sources_count)
		fprintf(to, "; reads and writes by the kernel's count: %" PRIu64 " and %" PRIu64 ", by ours: %" PRIu64 " and %" PRIu64, g.kernel_reads, g.kernel_writes,
			g.counted_reads, g.counted_writes);
	GAP(g.uncounted, "without the kernel's count: %u of them", g.uncounted);
	GAP(r->unborn, "%u program%s killed before the first record, or without room for it", r->unborn, r->unborn == 1 ? "" : "s");
	GAP(r->refused, "%u program%s more than a recording holds", r->refused, r->refused == 1 ? "" : "s");
	GAP(r->problems, "%u file%s that could not be read whole", r->problems, r->problems == 1 ? "" : "s");
	fputc('\n', to);
}

void recording_coverage_json(const struct recording *r, FILE *to)
{
	struct gaps g = gaps_of(r);

	fprintf(to,
		"\"coverage\":{\"processes\":%u,\"programs\":%u,\"without_end\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"overwritten_bytes\":%" PRIu64
		",\"missed_bytes\":%" PRIu64 ",\"damaged_bytes\":%" PRIu64 ",\"paths_unknown\":%" PRIu64 ",\"results_unseen\":%" PRIu64 ",\"left_out\":%" PRIu64 ",\"narrowed\":%u,\"not_rewritten\":%u,\"seldom_ones_of_libc\":%u,\"without_libc\":%u,\"without_threads\":%u,\"traced\":%u,\"not_followed\":{\"static\":%" PRIu64
		",\"setuid\":%" PRIu64 ",\"foreign\":%" PRIu64 "},\"programs_lost\":%u,\"unrecorded\":%" PRIu64 ",\"programs_unborn\":%u,\"programs_refused\":%u,\"unreadable_files\":%u,\"kernel\":{\"programs\":%u,\"reads\":%" PRIu64
		",\"writes\":%" PRIu64 ",\"counted_reads\":%" PRIu64 ",\"counted_writes\":%" PRIu64 "}}",
		g.processes, r->sources_count, g.without_end, g.dropped, g.overwritten, g.missed * RECORD_CHUNK, g.broken, g.pathless, g.results_unseen, g.left_out, g.narrowed, g.not_rewritten, g.seldom, g.without_libc, g.without_threads, g.traced,
		g.not_followed[0], g.not_followed[1], g.not_followed[2], g.lost, g.unrecorded, r->unborn, r->refused, r->problems, r->sources_count - g.uncounted,
		g.kernel_reads, g.kernel_writes, g.counted_reads, g.counted_writes);
}

void recording_coverage_line(const struct recording *r, FILE *to)
{
	fputc('{', to);
	recording_coverage_json(r, to);
	fputs("}\n", to);
}
