/* What a program gives to execve is what the next one sees: its environment to the last byte and nothing else, with the auxiliary vector
 * behind it; and the caller's own array and strings are as before, also when they cannot be written to. Where the list is too long it
 * is so at the same byte as without us. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The child's part: argv[1] is "show". Long entries by their length. */
static int show(char **environment)
{
	int count = 0;

	for (char **e = environment; *e; e++, count++) {
		if (count < 16 && strlen(*e) < 200)
			printf("  [%s]\n", *e);
		else if (count < 16)
			printf("  %.20s... %zu bytes\n", *e, strlen(*e));
	}
	char **behind = environment + count + 1;
	/* Go's runtime and others look for the auxiliary vector there and not by getauxval(3) */
	int found = 0;
	for (Elf64_auxv_t *a = (Elf64_auxv_t *)behind; a->a_type != AT_NULL && found < 100; a++)
		found += a->a_type == AT_PAGESZ && a->a_un.a_val == 4096;
	printf("  %d entries, auxiliary vector %s, as environ %d, executed as %s\n", count, found == 1 ? "behind them" : "NOT FOUND",
	       environ == environment, strrchr((char *)getauxval(AT_EXECFN), '/'));
	return 5;
}

static char self[4096];
static char *const arguments[] = {"child", "show", NULL};

static void end(pid_t child)
{
	int status;

	waitpid(child, &status, 0);
	printf("  status %#x\n", status);
	fflush(stdout);
}

static unsigned long sum(char *const *list)
{
	unsigned long value = (unsigned long)list;

	for (; list && *list; list++) {
		value = value * 31 + (unsigned long)*list;
		for (const char *c = *list; *c; c++)
			value = value * 31 + (unsigned char)*c;
	}
	return value;
}

/* By fork, by vfork (whose child runs in our memory), by posix_spawn, by execveat. */
static void give(const char *what, char *const *list)
{
	unsigned long before = sum(list);
	pid_t child;

	printf("%s, fork\n", what);
	fflush(stdout);
	if ((child = fork()) == 0) {
		execve(self, arguments, list);
		_exit(126);
	}
	end(child);
	printf("%s, vfork\n", what);
	fflush(stdout);
	if ((child = vfork()) == 0) {
		execve(self, arguments, list);
		_exit(126);
	}
	end(child);
	printf("%s, execveat\n", what);
	fflush(stdout);
	if ((child = fork()) == 0) {
		syscall(SYS_execveat, open(self, O_RDONLY | O_CLOEXEC), "", arguments, list, AT_EMPTY_PATH);
		_exit(126);
	}
	end(child);
	if (list && posix_spawn(&child, self, NULL, NULL, arguments, list) == 0)
		end(child);
	/* attempts that fail leave everything as it was too */
	errno = 0;
	execve("/nonexistent", arguments, list);
	printf("  missing: %s\n", strerrorname_np(errno));
	execve("/etc/passwd", arguments, list);
	printf("  not executable: %s\n", strerrorname_np(errno));
	if (sum(list) != before)
		printf("  THE LIST HAS CHANGED\n");
	fflush(stdout);
}

/* The list and its strings in memory that cannot be written. */
static char **read_only(char *const *list)
{
	char **copy = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *text = (char *)copy + 4096;
	int i = 0;

	for (; list[i]; i++) {
		copy[i] = strcpy(text, list[i]);
		text += strlen(text) + 1;
	}
	mprotect(copy, 1 << 16, PROT_READ);
	return copy;
}

static char **volatile nowhere = (char **)8;

static void bad_lists(void)
{
	char *const wrong_string[] = {"A=1", (char *)nowhere, NULL};
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char **unterminated = (char **)(page + 4096) - 2, *at_the_end = page + 4096 - 6;

	execve(self, arguments, nowhere);
	printf("a bad list: %s\n", strerrorname_np(errno));
	execve(self, arguments, wrong_string);
	printf("a bad string: %s\n", strerrorname_np(errno));
	munmap(page + 4096, 4096);
	unterminated[0] = unterminated[1] = "A=1";
	execve(self, arguments, unterminated);
	printf("a list without an end: %s\n", strerrorname_np(errno));
	memcpy(at_the_end, "A=1234", 6);
	char *const string[] = {at_the_end, NULL};
	execve(self, arguments, string);
	printf("a string without an end: %s\n", strerrorname_np(errno));
	memcpy(at_the_end, "A=123\0", 6);
	give("a string in a page's last bytes", string);
}

/* Does a list of so many bytes still pass? */
static int passes(size_t bytes)
{
	enum { ENTRY = 60000 };
	static char *list[64];
	char *text = malloc(bytes + 1);
	int count = 0;
	pid_t child;

	memset(text, 'x', bytes);
	for (size_t at = 0; at < bytes; at += ENTRY) {
		list[count++] = text + at;
		if (at > 0)
			text[at - 1] = 0;
	}
	text[bytes] = 0;
	list[count] = NULL;
	int error = posix_spawn(&child, "/bin/true", NULL, NULL, arguments, list);
	free(text);
	if (!error)
		waitpid(child, NULL, 0);
	return error ? -error : 1;
}

static void too_long(void)
{
	struct rlimit stack;
	size_t low = 1000, high = 1 << 20;

	/* the limit is a quarter of it */
	getrlimit(RLIMIT_STACK, &stack);
	stack.rlim_cur = 1 << 20;
	setrlimit(RLIMIT_STACK, &stack);
	while (high - low > 1)
		*(passes((low + high) / 2) == 1 ? &low : &high) = (low + high) / 2;
	printf("the longest list has %zu bytes, one more is %s\n", low, strerrorname_np(-passes(low + 1)));
	/* a single string has its own limit of 32 pages */
	char *string = malloc(140000);
	memset(string, 'y', 139999);
	string[139999] = 0;
	char *const one[] = {string, NULL};
	for (int length = 131071; length <= 131072; length++) {
		pid_t child;
		char saved = string[length];
		string[length] = 0;
		int error = posix_spawn(&child, "/bin/true", NULL, NULL, arguments, one);
		string[length] = saved;
		printf("one string of %d: %s\n", length, error ? strerrorname_np(error) : "fine");
		if (!error)
			waitpid(child, NULL, 0);
	}
}

int main(int argc, char **argv, char **environment)
{
	static char *none[] = {NULL};
	static char *plain[] = {"ONE=1", "TWO=", "ONE=again", "no equals sign", "", "=", "SYSSHIM=not ours", "LD_PRELOA=nor this", NULL};
	static char *others[] = {"LD_PRELOAD=", "A=1", NULL}, *spaces[] = {"LD_PRELOAD= : ", "A=1", NULL};
	static char *missing[] = {"A=1", "LD_PRELOAD=/nonexistent/library.so", "B=2", NULL};
	static char *twice[] = {"LD_PRELOAD=/nonexistent/first.so", "LD_PRELOAD=", NULL};
	static char *many[5001];

	if (argc > 1 && strcmp(argv[1], "show") == 0)
		return show(environment);
	if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0)
		return 1;
	give("NULL", NULL);
	give("nothing", none);
	give("plain", plain);
	give("read-only", read_only(plain));
	give("an empty LD_PRELOAD", others);
	give("a blank LD_PRELOAD", spaces);
	give("another LD_PRELOAD", missing);
	give("two LD_PRELOADs", twice);
	for (int i = 0; i < 5000; i++)
		many[i] = i % 2 ? "MANY=1" : "MORE=2";
	give("5,000 entries", many);
	char *large = malloc(100001);
	memset(large, 'L', 100000);
	large[100000] = 0;
	memcpy(large, "LD_PRELOAD_=", 12);
	give("a large one", (char *[]){large, "A=1", NULL});
	bad_lists();
	/* what libc's own functions hand on is environ */
	clearenv();
	printf("clearenv, system: %#x\n", system("echo \"${A-unset} ${LD_PRELOAD-unset} ${SYSSHIM_STATS-unset} ${SYSSHIM_RECORDING-unset}\""));
	fflush(stdout);
	environ = plain;
	FILE *f = popen("echo \"$ONE\"; tr '\\0' '\\n' </proc/$$/cmdline | head -n 1", "r");
	char line[64];
	while (fgets(line, sizeof line, f))
		fputs(line, stdout);
	pclose(f);
	fflush(stdout);
	too_long();
	/* as setproctitle does: the strings that we were born with are overwritten */
	for (char **e = environment; *e; e++)
		memset(*e, 'T', strlen(*e));
	give("after overwriting our own", plain);
	puts("done");
	return 0;
}
