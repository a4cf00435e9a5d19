/* Several processes append to one file, each by its own descriptor with O_APPEND: every write lands whole, once, and in its writer's order,
 * small ones, vectors and large ones mixed. */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
/* timeout: 120 */
#include "burst_files.h"
#include <sys/uio.h>

enum { WRITERS = 4, LINES = 1200 };

static void append(const char *path, int number)
{
	int fd = open(path, O_WRONLY | O_APPEND);
	char text[128], long_text[9000], name[16];

	snprintf(name, sizeof name, "w%d", number);
	for (int i = 0; i < LINES; i++) {
		int length = line(text, name, i);
		struct iovec parts[3] = {{text, 2}, {text + 2, 1}, {text + 3, (size_t)length - 3}};
		long result;
		if (i % 200 == 150) { /* one line that is too large to be gathered */
			memset(long_text, '.', sizeof long_text);
			int head = sprintf(long_text, "%s %d ", name, i);
			long_text[head] = '.';
			length = sizeof long_text;
			long_text[length - 1] = '\n';
			result = write(fd, long_text, sizeof long_text);
		} else if (i / 100 % 3 == number % 3) {
			result = writev(fd, parts, 3);
		} else {
			result = write(fd, text, (size_t)length);
		}
		if (result != length)
			_exit(1);
	}
	_exit(0);
}

static void body(const char *who)
{
	static char text[16384], wanted[16384];
	pid_t children[WRITERS];
	const char *path = named(who, "appended");
	int next[WRITERS] = {0}, wrong = 0, fd = fresh(who, "appended", O_WRONLY | O_APPEND);

	/* the one that waits has written first, and goes on in between with the descriptor that all have inherited */
	burst(fd, "old", 0, 100);
	fflush(stdout);
	for (int i = 0; i < WRITERS; i++)
		if ((children[i] = fork()) == 0)
			append(path, i);
	burst(fd, "old", 100, 1000);
	for (int i = 0; i < WRITERS; i++)
		printf("  status %#x\n", status_of(children[i], 60));
	burst(fd, "old", 1000, 1100);
	close(fd);

	FILE *f = fopen(path, "r");
	int old = 0;
	while (fgets(text, sizeof text, f)) {
		int number, i;
		if (sscanf(text, "old %d", &i) == 1) {
			line(wanted, "old", i);
			wrong += i != old++ || strcmp(text, wanted) != 0;
			continue;
		}
		if (sscanf(text, "w%d %d", &number, &i) != 2 || number >= WRITERS || i != next[number]++) {
			wrong++;
			continue;
		}
		char name[16];
		snprintf(name, sizeof name, "w%d", number);
		line(wanted, name, i);
		wrong += i % 200 == 150 ? strlen(text) != 9000 : strcmp(text, wanted) != 0;
	}
	fclose(f);
	unlink(path); /* its order is free */
	printf("  old %d, others %d %d %d %d, wrong %d\n", old, next[0], next[1], next[2], next[3], wrong);
}

int main(void)
{
	in_both(body);
	return 0;
}
