/* The reader under mutated recordings. Each is a good one with bytes changed, pieces moved, or cut; all commands that read recordings read it,
 * with their output thrown away. Built with ASan and UBSan (tests/behaviour/the_reader_survives_mutations.sh), or with -DFUZZER and
 * clang -fsanitize=fuzzer for a fuzzer that learns.
 *
 *   reader FIRST COUNT FILE...   mutations FIRST to FIRST + COUNT - 1 of the files, each by its number again the same
 *   reader FILE...               these files as they are */
#define _GNU_SOURCE
#include "../../cli/command.h"
#include "../../include/sysshim/record.h"

#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Stands for main.c's: what is said of a wrong option looks for who has it. */
const struct command commands[] = {{NULL, NULL, NULL, NULL}};

enum { MOST = 1 << 20, AT_ONCE = 25 };

static uint64_t state;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* What top looks at: as if this process were the program. Of what is old no beginning is waited for. */
static void make_live(int fd)
{
	const int32_t pid = getpid();
	const uint32_t running = RECORD_RUNNING;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	const uint64_t began = (uint64_t)now.tv_sec * 1000000000;
	if (pwrite(fd, &pid, sizeof pid, offsetof(struct record_header, pid)) < 0 || pwrite(fd, &running, sizeof running, offsetof(struct record_header, end)) < 0 ||
	    pwrite(fd, &began, sizeof began, offsetof(struct record_header, began)) < 0 || futimens(fd, (struct timespec[2]){{0, 0}, {0, 0}}) != 0)
		abort();
}

static void read_all(const uint8_t *data, size_t size)
{
	static const struct {
		int (*run)(int argc, char **argv);
		const char *words[4];
	} readers[] = {{command_trace, {"trace"}}, {command_trace, {"trace", "--json"}}, {command_trace, {"trace", "--format=chrome"}},
			{command_trace, {"trace", "-Z", "-P", "/etc"}}, {command_stat, {"stat"}}, {command_stat, {"stat", "--json"}}, {command_files, {"files"}},
			{command_files, {"files", "--json", "--all"}}, {command_files, {"files", "--tree", "--all"}}, {command_files, {"files", "--format=fsatrace"}},
			{command_files, {"files", "--format=make"}}, {command_show, {"show"}}, {command_show, {"show", "--json"}}, {command_diff, {"diff", "--all", "PATH"}}, {command_report, {"report"}},
			{command_top, {"top", "-n1"}}, {command_top, {"top", "-n1", "--json"}}};
	char path[64];
	int fd = memfd_create("recording", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	for (unsigned i = 0; i < sizeof readers / sizeof readers[0]; i++) {
		char *arguments[6] = {NULL};
		int count = 0;
		for (; count < 4 && readers[i].words[count]; count++)
			arguments[count] = strcmp(readers[i].words[count], "PATH") ? (char *)readers[i].words[count] : path;
		arguments[count++] = path;
		if (readers[i].run == command_top)
			make_live(fd);
		optind = 0;
		readers[i].run(count, arguments);
	}
	close(fd);
}

#ifdef FUZZER
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_all(data, size);
	return 0;
}
#else

static size_t load(const char *path, uint8_t *to)
{
	FILE *file = fopen(path, "rb");
	size_t size = file ? fread(to, 1, MOST, file) : 0;

	if (!size)
		exit(2);
	fclose(file);
	return size;
}

static size_t mutate(uint8_t *data, size_t size)
{
	unsigned changes = 1u << next() % 8;

	while (changes--) {
		size_t at = next() % (next() % 4 ? size : size < 2700 ? size : 2700);
		size_t length = 1 + next() % 8, from = next() % size;
		switch (next() % 6) {
		case 0:
			data[at] ^= (uint8_t)(1 << next() % 8);
			break;
		case 1:
			data[at] = (uint8_t)next();
			break;
		case 2: /* another place's bytes */
			if (at + length < size && from + length < size)
				memmove(data + at, data + from, length);
			break;
		case 3: { /* an interesting number */
			static const uint64_t numbers[] = {0, 1, ~0ull, 1ull << 63, 1ull << 31, 0x7fffffff, 0xffff, 4096, 8};
			uint64_t number = numbers[next() % 9];
			if (at + 8 <= size)
				memcpy(data + (at & ~7ul), &number, 1ul << next() % 4);
			break;
		}
		case 4: /* sizes and kinds of records */
			at &= ~7ul;
			if (at + 4 <= size) {
				data[at] = (uint8_t)(next() % 32);
				data[at + 2] = (uint8_t)(next() % 9);
			}
			break;
		default:
			if (next() % 16 == 0)
				size = 1 + at;
		}
	}
	return size;
}

static void mutations(unsigned long first, unsigned long count, char **paths, int paths_count)
{
	static uint8_t data[MOST];

	for (unsigned long seed = first; seed < first + count; seed++) {
		state = seed * 0x9e3779b97f4a7c15ull + 1;
		size_t size = load(paths[seed % (unsigned long)paths_count], data);
		read_all(data, mutate(data, size));
	}
}

int main(int argc, char **argv)
{
	static uint8_t data[MOST];
	char *end;
	unsigned long first = argc > 3 ? strtoul(argv[1], &end, 10) : 0;

	if (!freopen("/dev/null", "w", stdout))
		return 2;
	if (argc < 4 || *end) {
		for (int i = 1; i < argc; i++)
			read_all(data, load(argv[i], data));
		return 0;
	}
	for (unsigned long count = strtoul(argv[2], NULL, 10), done = 0; done < count; done += AT_ONCE) {
		int status;
		pid_t child = fork();
		if (child == 0) {
			mutations(first + done, AT_ONCE, argv + 3, argc - 3);
			_exit(0);
		}
		if (child < 0 || waitpid(child, &status, 0) != child || status) {
			fprintf(stderr, "one of mutations %lu to %lu: status %#x\n", first + done, first + done + AT_ONCE - 1, status);
			return 1;
		}
	}
	return 0;
}
#endif
