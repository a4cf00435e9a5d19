/* A lock of any kind says: what I wrote before is there. Several processes count in one file under each kind; who gets the lock next must
 * find the last one's bytes. */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
/* timeout: 180 */
#include "burst_files.h"
#include <sys/file.h>

enum { PROCESSES = 3, ROUNDS = 25, RECORDS = 40 };

static int data, lock;
static char name[64];

static void by_flock(int on)
{
	flock(lock, on ? LOCK_EX : LOCK_UN);
}

static void by_range(int command, int on)
{
	struct flock range = {.l_type = on ? F_WRLCK : F_UNLCK, .l_whence = SEEK_SET, .l_len = 10};
	while (fcntl(lock, command, &range) < 0 && errno == EINTR)
		;
}

static void by_record(int on)
{
	by_range(F_SETLKW, on);
}

static void by_ofd(int on)
{
	by_range(F_OFD_SETLKW, on);
}

static void by_lockf(int on)
{
	lseek(lock, 0, SEEK_SET);
	lockf(lock, on ? F_LOCK : F_ULOCK, 5);
}

/* Released by closing the descriptor. */
static void by_close(int on)
{
	static int fd = -1;
	if (on) {
		fd = open(name, O_RDWR);
		flock(fd, LOCK_EX);
	} else {
		close(fd);
	}
}

static void by_exclusive_file(int on)
{
	int fd;
	if (on) {
		while ((fd = open("held", O_CREAT | O_EXCL | O_WRONLY, 0600)) < 0)
			usleep(200);
		close(fd);
	} else {
		unlink("held");
	}
}

static void by_link(int on)
{
	if (on)
		while (link(name, "held") < 0)
			usleep(200);
	else
		unlink("held");
}

static void by_directory(int on)
{
	if (on)
		while (mkdir("held", 0700) < 0)
			usleep(200);
	else
		rmdir("held");
}

static const struct kind {
	const char *name;
	void (*take)(int on);
} kinds[] = {
	{"flock", by_flock}, {"fcntl", by_record}, {"open file description", by_ofd}, {"lockf", by_lockf}, {"close", by_close},
	{"O_EXCL", by_exclusive_file}, {"link", by_link}, {"mkdir", by_directory},
};

/* Reads the last record, adds RECORDS more by single writes. */
static void work(const struct kind *kind, const char *path)
{
	char text[16];

	data = open(path, O_RDWR);
	lock = open(name, O_RDWR);
	for (int i = 0; i < ROUNDS; i++) {
		kind->take(1);
		off_t size = lseek(data, 0, SEEK_END);
		int last = 0;
		if (size && (pread(data, text, 8, size - 8) != 8 || (text[7] = 0, last = atoi(text)) == 0))
			_exit(2);
		for (int k = 1; k <= RECORDS; k++) {
			snprintf(text, sizeof text, "%07d\n", last + k);
			if (write(data, text, 8) != 8)
				_exit(3);
		}
		kind->take(0);
	}
	_exit(0);
}

static void body(const char *who)
{
	for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++) {
		const char *path = named(who, kinds[k].name);
		close(fresh(who, kinds[k].name, O_WRONLY));
		snprintf(name, sizeof name, "%s.lock", who);
		close(open(name, O_RDWR | O_CREAT, 0600));
		pid_t children[PROCESSES];
		fflush(stdout);
		for (int i = 0; i < PROCESSES; i++)
			if ((children[i] = fork()) == 0)
				work(&kinds[k], path);
		printf("  %s:", kinds[k].name);
		for (int i = 0; i < PROCESSES; i++)
			printf(" %#x", status_of(children[i], 60));
		/* every number once, in order */
		FILE *f = fopen(path, "r");
		int wanted = 0, wrong = 0, number;
		while (fscanf(f, "%d", &number) == 1)
			wrong += number != ++wanted;
		fclose(f);
		printf(", %d records, wrong %d\n", wanted, wrong);
	}
	int fd = fresh(who, "file", O_WRONLY);
	burst(fd, "x", 0, 200);
	close(fd);
}

int main(void)
{
	in_both(body);
	return 0;
}
