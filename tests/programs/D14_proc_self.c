/* The process looks at itself through /proc right behind a burst: positions, sizes and counted bytes have all of it. */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
#include "burst_files.h"
#include <dirent.h>

static long field(const char *path, const char *name)
{
	char text[8192], *at;
	int fd = open(path, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	if (got < 0)
		return -1;
	text[got] = 0;
	at = strstr(text, name);
	return at ? atol(at + strlen(name)) : -2;
}

/* How many of our numbers there are, and their sum: none of the shim's may be among them. */
static void numbers(void)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	long count = 0, sum = 0;

	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			count++, sum += atol(entry->d_name);
	closedir(folder);
	printf("  descriptors: %ld, sum %ld\n", count, sum);
}

static void body(const char *who)
{
	char path[64], target[4096], pid[32];
	struct stat status;
	int fd = fresh(who, "file", O_WRONLY), ends[2];

	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
	long written = field("/proc/self/io", "wchar: ");
	off_t size = 0;
	for (int i = 0; i < 20; i++) {
		size += burst(fd, "x", i * 60, i * 60 + 60);
		long at = field(path, "pos:\t");
		if (at != size)
			printf("  fdinfo: %ld, not %lld\n", at, (long long)size);
	}
	size += burst(fd, "x", 0, 100);
	long more = field("/proc/self/io", "wchar: ") - written;
	const char *log = getenv("SYSSHIM_LOG"), *format = getenv("SYSSHIM_LOG_FORMAT");
	/* The lines of a log are counted with them (doc/transparency.md). */
	if (log && strcmp(log, "off") && !(format && !strcmp(format, "binary")) && more > size)
		more = size;
	if (written >= 0)
		printf("  counted bytes: %s\n", more == size ? "all" : outcome(more));
	burst(fd, "x", 0, 100);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	printf("  through the link: %d", stat(path, &status));
	printf(", %lld", (long long)status.st_size);
	ssize_t length = readlink(path, target, sizeof target);
	printf(", %s\n", length > 0 && (size_t)length > strlen(named(who, "file")) &&
				 memcmp(target + length - strlen(named(who, "file")), named(who, "file"), strlen(named(who, "file"))) == 0 ? "named" : "lost");
	burst(fd, "x", 0, 100);
	int again = open(path, O_RDONLY);
	printf("  opened through the link: %lld\n", (long long)lseek(again, 0, SEEK_END));
	close(again);
	burst(fd, "x", 0, 100);
	numbers();

	/* by a child, of its parent */
	burst(fd, "x", 0, 100);
	snprintf(pid, sizeof pid, "%d", getpid());
	snprintf(path, sizeof path, "/proc/%s/fdinfo/%d", pid, fd);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		printf("  seen by a child: %ld\n", field(path, "pos:\t"));
		fflush(stdout);
		_exit(0);
	}
	status_of(child, 20);

	/* reading the maps, in the middle of bursts, finds the file that is mapped and no bytes of ours missing */
	burst(fd, "x", 0, 100);
	FILE *maps = fopen("/proc/self/maps", "r");
	long lines = 0, executable = 0, both = 0;
	while (fgets(target, sizeof target, maps)) {
		lines++;
		executable += strstr(target, "r-xp") != NULL;
		both += strstr(target, "rwxp") != NULL;
	}
	fclose(maps);
	printf("  maps: %d, executable %d, writable and executable %ld, at %lld\n", lines > 5, executable > 2, both, (long long)lseek(fd, 0, SEEK_CUR));
	if (pipe(ends))
		die("pipe");
	burst(ends[1], "x", 0, 100);
	printf("  tasks: %ld, children wait: %d\n", field("/proc/self/status", "Threads:\t"), field("/proc/self/status", "State:\t") == 0);
	close(ends[0]);
	close(ends[1]);
	close(fd);
}

int main(void)
{
	in_both(body);
	return 0;
}
