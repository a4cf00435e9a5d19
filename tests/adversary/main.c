/* A model-based adversary: from a seed it makes a program of random system calls, performs it natively and under the shim with settings of the
 * seed's own, and compares all that the program and its observers could see.
 *
 *   adversary --shim=PATH [--first=N] [--count=N] [--jobs=N] [--folder=DIR] [--most=N] [--seconds=N]
 *                                                     seeds N, N + 1, ...; status 1 when one differs; ends after --most failures or --seconds
 *   adversary --shim=PATH --seed=N [--only=LIST] [--times=N] [--print]         one, or only these operations of it
 *
 * A difference is made short and printed with the command that shows it again; --brief: only said. */
#include "harness.h"

#include <getopt.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NATIVE_TWICE = 50 /* one seed of so many runs natively twice */ };

static struct {
	const char *shim, *folder, *only;
	uint64_t first;
	long count, jobs, times, most, seconds, is_one, print, brief;
} wanted = {NULL, NULL, NULL, 1, 1000, 2, 1, 5, LONG_MAX, 0, 0, 0};

/* Of all workers. */
static struct {
	_Atomic uint64_t next;
	_Atomic long done, failed, undecided, hang, counted, with_batches, batches, writes, twice;
} *total;

static void try_one(struct place *place, uint64_t seed)
{
	struct counts counts = {0};
	char text[512];

	if (seed_differs(place, seed, wanted.only, text, sizeof text, &counts)) {
		if (wanted.brief)
			printf("seed %llu: %s\n", (unsigned long long)seed, text);
		if (wanted.brief || failure_explain(place, seed, wanted.only, text))
			total->failed++;
		else
			total->undecided++;
	}
	total->done++;
	total->hang += counts.hangs;
	total->counted += counts.is_counted;
	total->with_batches += counts.batches > 0;
	total->batches += counts.batches;
	total->writes += counts.writes;
}

/* The adversary itself must be deterministic, or its silence would mean nothing. */
static void try_natively_twice(struct place *place, uint64_t seed)
{
	struct outcome one, other;
	char text[512];

	run_natively(&one, place, seed, wanted.only, 0);
	run_natively(&other, place, seed, wanted.only, 0);
	if (outcomes_differ(&one, &other, text, sizeof text)) {
		printf("seed %llu: two native runs differ: %s\n", (unsigned long long)seed, text);
		fflush(stdout);
		total->undecided++;
	}
	outcome_free(&one);
	outcome_free(&other);
	total->twice++;
}

static void work(int worker, const char *self)
{
	struct place place;
	uint64_t seed;
	time_t began = time(NULL);

	place_make(&place, wanted.folder, worker, self, wanted.shim);
	while (total->failed + total->undecided < wanted.most && time(NULL) - began < wanted.seconds && (seed = total->next++) < wanted.first + (uint64_t)wanted.count) {
		for (int i = 0; i < wanted.times; i++)
			try_one(&place, seed);
		if (!wanted.is_one && seed % NATIVE_TWICE == 0)
			try_natively_twice(&place, seed);
	}
	place_remove(&place);
	exit(0);
}

static int read_options(int argc, char **argv)
{
	static const struct option options[] = {{"shim", 1, NULL, 's'}, {"first", 1, NULL, 'f'}, {"count", 1, NULL, 'c'}, {"jobs", 1, NULL, 'j'},
						{"folder", 1, NULL, 'd'}, {"seed", 1, NULL, 'n'}, {"only", 1, NULL, 'o'}, {"times", 1, NULL, 't'},
						{"most", 1, NULL, 'm'}, {"seconds", 1, NULL, 'e'}, {"brief", 0, NULL, 'b'}, {"print", 0, NULL, 'p'},
						{NULL, 0, NULL, 0}};
	int letter;

	while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (letter) {
		case 's':
			wanted.shim = realpath(optarg, NULL);
			break;
		case 'f':
			wanted.first = strtoull(optarg, NULL, 10);
			break;
		case 'c':
			wanted.count = atol(optarg);
			break;
		case 'j':
			wanted.jobs = atol(optarg);
			break;
		case 'd':
			wanted.folder = realpath(optarg, NULL);
			break;
		case 'n':
			wanted.first = strtoull(optarg, NULL, 10);
			wanted.count = wanted.jobs = wanted.is_one = 1;
			break;
		case 'o':
			wanted.only = optarg;
			break;
		case 't':
			wanted.times = atol(optarg);
			break;
		case 'm':
			wanted.most = atol(optarg);
			break;
		case 'e':
			wanted.seconds = atol(optarg);
			break;
		case 'b':
			wanted.brief = 1;
			break;
		case 'p':
			wanted.print = 1;
			break;
		default:
			return 0;
		}
	}
	return optind == argc && (wanted.shim || wanted.print);
}

static void print_one(void)
{
	struct program program;
	struct options options;

	program_make(&program, wanted.first);
	program_drop_all_but(&program, wanted.only);
	program_print(&program);
	options_make(&options, seed_of_options(wanted.first), "logs");
	for (int i = 0; i < options.count; i++)
		printf("  %s\n", options.text[i]);
}

static int perform_seed(char **argv)
{
	static struct program program;

	program_make(&program, strtoull(argv[2], NULL, 10));
	program_drop_all_but(&program, strcmp(argv[3], "-") == 0 ? NULL : argv[3]);
	return program_perform(&program, argv[4][0] == '1');
}

int main(int argc, char **argv)
{
	static char self[PATH_MAX], folder[] = "adversary.XXXXXX";
	struct timespec from, to;
	struct rusage used;

	if (argc == 5 && strcmp(argv[1], "perform") == 0)
		return perform_seed(argv);
	if (argc == 3 && strcmp(argv[1], "turns") == 0)
		return turns_serve(argv[2]);
	if (argc > 1 && argv[1][0] != '-')
		return helper(argc, argv);
	if (!read_options(argc, argv)) {
		fprintf(stderr, "usage: adversary --shim=PATH [--first=N] [--count=N] [--jobs=N] [--folder=DIR] [--most=N] [--seconds=N]\n"
				"       adversary --shim=PATH --seed=N [--only=LIST] [--times=N] [--print]\n");
		return 2;
	}
	if (wanted.print) {
		print_one();
		return 0;
	}
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return 2;
	const char *made = wanted.folder ? NULL : mkdtemp(folder);
	if (made)
		wanted.folder = realpath(made, NULL);
	total = mmap(NULL, sizeof *total, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (total == MAP_FAILED || !wanted.folder)
		return 2;
	total->next = wanted.first;
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < wanted.jobs; i++)
		if (fork() == 0)
			work(i, self);
	for (int status; wait(&status) > 0;)
		total->failed += status != 0;
	clock_gettime(CLOCK_MONOTONIC, &to);
	getrusage(RUSAGE_CHILDREN, &used);
	if (made)
		rmdir(made);
	printf("%ld seed%s from %llu in %ld s, %ld s of processors: %ld differ, %ld differ natively, %ld hang natively; %ld natively twice; ", total->done, total->done == 1 ? "" : "s",
	       (unsigned long long)wanted.first, (long)(to.tv_sec - from.tv_sec), (long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec),
	       total->failed, total->undecided, total->hang, total->twice);
	printf("%ld counted, %ld of them with batches: %ld batches of %ld writes\n", total->counted, total->with_batches, total->batches, total->writes);
	return total->failed || total->undecided;
}
