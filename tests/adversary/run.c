/* Runs a seed's program in a fresh process and a fresh folder, and collects what came of it: what it told, how it ended, which files it left. */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONGEST = 10000 /* ms without a word: it hangs */, SAID_STEP = 1 << 16 };

void fail(const char *what)
{
	perror(what);
	exit(2);
}

/* What a program leaves, folders too: the shim's recording is one. */
void empty(const char *folder)
{
	char path[8192];
	DIR *all = opendir(folder);
	struct dirent *entry;

	while (all && (entry = readdir(all))) {
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] == '.')
			continue;
		if (unlink(path) && errno == EISDIR) {
			empty(path);
			rmdir(path);
		}
	}
	if (all)
		closedir(all);
}

void place_make(struct place *place, const char *folder, int worker, const char *self, const char *shim)
{
	place->self = self;
	place->shim = shim;
	snprintf(place->world, sizeof place->world, "%s/world.%d", folder, worker);
	snprintf(place->logs, sizeof place->logs, "%s/logs.%d", folder, worker);
	if ((mkdir(place->world, 0755) && errno != EEXIST) || (mkdir(place->logs, 0755) && errno != EEXIST))
		fail(place->world);
	/* What a run that was killed has left. */
	empty(place->world);
	empty(place->logs);
}

void place_remove(struct place *place)
{
	turns_end(place);
	empty(place->world);
	empty(place->logs);
	rmdir(place->world);
	rmdir(place->logs);
}

/* The world that a program begins in: an empty folder, nothing to read, a file to write to, and the place where it tells. */
void world_enter(const char *folder, int told)
{
	static const struct rlimit no_core = {0, 0};
	int out, none = open("/dev/null", O_RDONLY);

	if (chdir(folder) || (out = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0644)) < 0)
		_exit(125);
	dup2(none, 0);
	dup2(out, 1);
	dup2(told, 2);
	syscall(__NR_close_range, 3, ~0u, 0);
	setrlimit(RLIMIT_CORE, &no_core);
}

void seed_perform(uint64_t seed, const char *only, int verbose)
{
	static struct program program;

	program_make(&program, seed);
	program_drop_all_but(&program, only);
	exit(program_perform(&program, verbose));
}

void place_execute(struct place *place, char *const *arguments, const struct options *options)
{
	char preload[4200];
	char *environment[SETTINGS_MOST + 3] = {(char *)"PATH=/usr/bin:/bin"};
	int count = 1;

	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", place->shim);
	environment[count++] = preload;
	for (int i = 0; i < options->count; i++)
		environment[count++] = (char *)options->text[i];
	execve(place->self, arguments, environment);
	_exit(126);
}

static void become(struct place *place, uint64_t seed, const char *only, int verbose, const struct options *options, int told)
{
	char seed_text[24];
	char *arguments[] = {(char *)"adversary", (char *)"perform", seed_text, (char *)(only ? only : "-"), (char *)(verbose ? "1" : "0"), NULL};

	setpgid(0, 0);
	snprintf(seed_text, sizeof seed_text, "%llu", (unsigned long long)seed);
	world_enter(place->world, told);
	if (options)
		place_execute(place, arguments, options);
	/* Natively a copy of this process is as good as a fresh one, and cheaper. */
	clearenv();
	setenv("PATH", "/usr/bin:/bin", 1);
	seed_perform(seed, only, verbose);
}

/* Until the last process that could tell something has gone. */
void listen_to(struct outcome *outcome, int from, int group)
{
	size_t room = 0;
	ssize_t got;
	struct pollfd one = {from, POLLIN, 0};

	for (;;) {
		if (room - outcome->said_size < 4096)
			outcome->said = realloc(outcome->said, room += SAID_STEP);
		if (poll(&one, 1, LONGEST) == 0) {
			outcome->hangs = 1;
			kill(-group, SIGKILL);
		}
		got = read(from, outcome->said + outcome->said_size, room - outcome->said_size);
		if (got <= 0)
			break;
		outcome->said_size += (size_t)got;
	}
}

static int by_name(const void *one, const void *other)
{
	return strcmp(((const struct file *)one)->name, ((const struct file *)other)->name);
}

/* A link's own bytes are where it leads to; a FIFO has none, and a folder those of its files. */
static void take(struct file *file, const char *path)
{
	int fd;

	file->bytes = malloc(file->size + 1);
	if (S_ISLNK(file->mode)) {
		if (readlink(path, file->bytes, file->size) != (ssize_t)file->size)
			fail(path);
		return;
	}
	file->size = S_ISREG(file->mode) ? file->size : 0;
	if (!file->size)
		return;
	/* A mode that keeps its owner out is the program's, and the bytes are ours all the same. */
	if ((fd = open(path, O_RDONLY)) < 0 && errno == EACCES && !chmod(path, 0400)) {
		fd = open(path, O_RDONLY);
		chmod(path, file->mode & 07777);
	}
	if (fd < 0 || read(fd, file->bytes, file->size) != (ssize_t)file->size)
		fail(path);
	close(fd);
}

static void collect_from(struct outcome *outcome, const char *folder, const char *prefix)
{
	char path[8192];
	DIR *all = opendir(folder);
	struct dirent *entry;
	struct stat status;

	while (all && (entry = readdir(all)) && outcome->count < FILES_MOST) {
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] == '.' || lstat(path, &status))
			continue;
		struct file *file = &outcome->files[outcome->count++];
		snprintf(file->name, sizeof file->name, "%s%.31s", prefix, entry->d_name);
		file->mode = status.st_mode;
		file->links = (unsigned)status.st_nlink;
		file->size = (size_t)status.st_size;
		take(file, path);
		/* Folders within folders have one name. */
		if (S_ISDIR(status.st_mode))
			collect_from(outcome, path, "folder/");
	}
	if (all)
		closedir(all);
}

void collect(struct outcome *outcome, const char *folder)
{
	collect_from(outcome, folder, "");
	qsort(outcome->files, (size_t)outcome->count, sizeof outcome->files[0], by_name);
}

static void run(struct outcome *outcome, struct place *place, uint64_t seed, const char *only, int verbose, const struct options *options)
{
	int told[2];

	memset(outcome, 0, sizeof *outcome);
	fflush(stdout);
	if (pipe2(told, O_CLOEXEC))
		fail("pipe");
	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0)
		become(place, seed, only, verbose, options, told[1]);
	setpgid(pid, pid);
	close(told[1]);
	listen_to(outcome, told[0], pid);
	close(told[0]);
	if (waitpid(pid, &outcome->status, 0) != pid)
		fail("waitpid");
	collect(outcome, place->world);
	empty(place->world);
}

void run_natively(struct outcome *outcome, struct place *place, uint64_t seed, const char *only, int verbose)
{
	run(outcome, place, seed, only, verbose, NULL);
}

/* The shim's own counters: without batches nothing has been tested. */
static void counters_read(struct counts *counts, const char *folder)
{
	static char text[1 << 16];
	char path[8192];
	DIR *all = opendir(folder);
	struct dirent *entry;
	long batches, writes;

	while (all && (entry = readdir(all))) {
		if (strncmp(entry->d_name, "counters", 8) != 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		int fd = open(path, O_RDONLY);
		ssize_t got = read(fd, text, sizeof text - 1);
		close(fd);
		text[got < 0 ? 0 : got] = 0;
		for (char *at = text; (at = strstr(at, "\"batches\":{")); at++)
			if (sscanf(at, "\"batches\":{\"count\":%ld,\"writes\":%ld", &batches, &writes) == 2) {
				counts->batches += batches;
				counts->writes += writes;
			}
		unlink(path);
	}
	if (all)
		closedir(all);
}

/* A program that was started by posix_spawn where nothing is rewritten, or by an instruction of the program's own, is the first of a recording of its own; under the
 * limits of its parent it may have none, and says so in a line. */
static int is_complaint(const char *line, size_t size, int is_fallback)
{
	static const char complaint[] = "sysshim: SYSSHIM_LOG=", limit[] = ": File too large;";

	return size > sizeof complaint && memcmp(line, complaint, sizeof complaint - 1) == 0 && (is_fallback || memmem(line, size, limit, sizeof limit - 1));
}

static void drop_complaints(struct outcome *outcome, const struct options *options)
{
	char *end = outcome->said + outcome->said_size, *at = outcome->said, *to = at, *next;
	int is_fallback = 0;

	for (int i = 0; i < options->count; i++)
		is_fallback |= strcmp(options->text[i], "SYSSHIM_INTERCEPT=interpose") == 0;
	for (; at < end; at = next) {
		char *newline = memchr(at, '\n', (size_t)(end - at));
		next = newline ? newline + 1 : end;
		if (is_complaint(at, (size_t)(next - at), is_fallback))
			continue;
		memmove(to, at, (size_t)(next - at));
		to += next - at;
	}
	outcome->said_size = (size_t)(to - outcome->said);
}

void run_shimmed(struct outcome *outcome, struct place *place, uint64_t seed, const char *only, int verbose, struct counts *counts)
{
	struct options options;

	if (seed_is_forked(seed)) {
		turn_take(outcome, place, seed, only, verbose, &options);
	} else {
		options_make(&options, seed_of_options(seed), place->logs);
		run(outcome, place, seed, only, verbose, &options);
	}
	drop_complaints(outcome, &options);
	*counts = (struct counts){.is_counted = options.counts};
	if (options.counts)
		counters_read(counts, place->logs);
	if (!seed_is_forked(seed))
		empty(place->logs);
}

void outcome_free(struct outcome *outcome)
{
	free(outcome->said);
	for (int i = 0; i < outcome->count; i++)
		free(outcome->files[i].bytes);
}
