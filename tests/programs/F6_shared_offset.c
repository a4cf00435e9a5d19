/* F6_shared_offset NAME COUNT: COUNT lines of NAME to stdout, each by one small write
 *                  both COUNT: lines in turn to stdout and stderr
 *                  family:     parent, children and a grandchild that outlives its parent, all with one inherited stdout
 *                  check:      reads such lines from stdin; how many there are of each name, and how many are not whole or not in order */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int line(char *text, const char *name, int i)
{
	static const char dots[] = "................................................................................";
	return sprintf(text, "%s %d %.*s\n", name, i, i * 7 % 80, dots);
}

static void burst(int fd, const char *name, int first, int last)
{
	char text[128];

	for (int i = first; i < last; i++) {
		int length = line(text, name, i);
		if (write(fd, text, length) != length)
			_exit(91);
	}
}

static void both(int count)
{
	for (int i = 0; i < count; i++) {
		burst(1, "out", i, i + 1);
		burst(2, "err", i, i + 1);
		if (i % 50 == 0) /* long enough ones to be held, too */
			burst(i % 100 ? 1 : 2, "many", i * 2, i * 2 + 100);
	}
}

static void family(void)
{
	static const char *const names[] = {"ann", "ben", "cid"};
	int ends[2];
	char c;

	if (pipe(ends))
		exit(90);
	burst(1, "old", 0, 200);
	for (int k = 0; k < 3; k++) {
		if (fork() == 0) {
			burst(1, names[k], 0, 300 + k * 200);
			if (k == 0 && fork() == 0)
				burst(1, "orphan", 0, 1000);
			exit(0);
		}
		burst(1, "old", 200 + k * 100, 300 + k * 100);
	}
	burst(1, "old", 500, 1500);
	while (wait(NULL) > 0)
		;
	close(ends[1]);
	if (read(ends[0], &c, 1) != 0) /* until the orphan has ended, too */
		exit(92);
	burst(1, "old", 1500, 2000);
}

static int check(void)
{
	static char names[64][16];
	static int next[64];
	char text[256], wanted[128], name[16];
	int known = 0, wrong = 0;

	while (fgets(text, sizeof text, stdin)) {
		int i, n = 0;
		if (sscanf(text, "%15s %d", name, &i) != 2) {
			wrong++;
			continue;
		}
		while (n < known && strcmp(names[n], name) != 0)
			n++;
		if (n == known && known < 64)
			strcpy(names[known++], name);
		line(wanted, name, i);
		if (n == 64 || i != next[n] || strcmp(text, wanted) != 0)
			wrong++;
		else
			next[n]++;
	}
	for (;;) { /* sorted by name */
		int least = -1;
		for (int n = 0; n < known; n++)
			if (next[n] >= 0 && (least < 0 || strcmp(names[n], names[least]) < 0))
				least = n;
		if (least < 0)
			break;
		printf("%s %d, ", names[least], next[least]);
		next[least] = -1;
	}
	printf("wrong %d\n", wrong);
	return wrong != 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "both") == 0)
		both(atoi(argv[2]));
	else if (argc == 3)
		burst(1, argv[1], 0, atoi(argv[2]));
	else if (argc == 2 && strcmp(argv[1], "family") == 0)
		family();
	else if (argc == 2 && strcmp(argv[1], "check") == 0)
		return check();
	else
		return 2;
	return 0;
}
