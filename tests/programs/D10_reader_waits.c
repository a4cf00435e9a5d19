/* A reader waits for what the writer holds, and the writer waits for the reader: in every call in which one can wait, and in none at all, for
 * a computing writer's bytes go out by time. If they stay behind, both wait for ever. */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
/* timeout: 180 */
#include "burst_files.h"
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

static int answer, epoll, pair[2], lock_file, queue, semaphore; /* where the reader's answer comes */
static volatile int answered;

static void on_answer(int signal)
{
	answered = 1;
}

/* Nobody answers: it ends here, and leaves nothing in the system. */
static void on_alarm(int signal)
{
	msgctl(queue, IPC_RMID, NULL);
	semctl(semaphore, 0, IPC_RMID);
	_exit(92);
}

static void by_read(void)
{
	char byte;
	read(answer, &byte, 1);
}

static void by_readv_number(void)
{
	char byte;
	syscall(SYS_read, answer, &byte, 1);
}

static void by_inline_read(void)
{
	char byte;
	long result = SYS_read;
	__asm__ volatile("syscall" : "+a"(result) : "D"(answer), "S"(&byte), "d"(1) : "rcx", "r11", "memory");
}

static void by_poll(void)
{
	struct pollfd ready = {answer, POLLIN, 0};
	while (poll(&ready, 1, -1) < 0)
		;
	by_read();
}

static void by_select(void)
{
	fd_set set;
	do {
		FD_ZERO(&set);
		FD_SET(answer, &set);
	} while (select(answer + 1, &set, NULL, NULL, NULL) < 0);
	by_read();
}

static void by_epoll(void)
{
	struct epoll_event event = {.events = EPOLLIN};

	while (epoll_wait(epoll, &event, 1, -1) < 0)
		;
	by_read();
}

static void by_recv(void)
{
	char byte;
	recv(pair[0], &byte, 1, 0);
}

static void by_nanosleep(void)
{
	struct timespec moment = {0, 3000000};
	while (!answered)
		nanosleep(&moment, NULL);
}

static void by_sigsuspend(void)
{
	sigset_t set, none;
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	while (!answered)
		sigsuspend(&none);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void by_computing(void)
{
	while (!answered)
		;
}

static void by_reading_the_clock(void)
{
	struct timespec now;
	while (!answered)
		clock_gettime(CLOCK_MONOTONIC, &now);
}

static void by_private_calls(void)
{
	while (!answered)
		getpid();
}

static void by_yielding(void)
{
	while (!answered)
		sched_yield();
}

static void by_flock(void)
{
	flock(lock_file, LOCK_EX);
	flock(lock_file, LOCK_UN);
}

static void by_futex(void)
{
	int word = 0;
	struct timespec moment = {0, 5000000};
	while (!answered)
		syscall(SYS_futex, &word, FUTEX_WAIT, 0, &moment, NULL, 0);
}

static void by_message(void)
{
	struct {
		long type;
		char text[8];
	} message;
	msgrcv(queue, &message, sizeof message.text, 0, 0);
}

static void by_semaphore(void)
{
	struct sembuf down = {0, -1, 0};
	semop(semaphore, &down, 1);
}

static const struct way {
	const char *name;
	void (*wait)(void);
} ways[] = {
	{"read", by_read}, {"read by number", by_readv_number}, {"read by an instruction", by_inline_read}, {"poll", by_poll}, {"select", by_select},
	{"epoll", by_epoll}, {"recv", by_recv}, {"nanosleep", by_nanosleep}, {"sigsuspend", by_sigsuspend},
	{"computing", by_computing}, {"the clock", by_reading_the_clock}, {"private calls", by_private_calls}, {"sched_yield", by_yielding},
	{"flock", by_flock}, {"futex", by_futex}, {"msgrcv", by_message}, {"semop", by_semaphore},
};
enum { WAYS = sizeof ways / sizeof *ways };

/* The reader: after each dialogue's last line it answers in every manner. */
static void reader(FILE *in, int answering, pid_t writer, const char *lock)
{
	char text[256];
	long lines = 0;
	int held = open(lock, O_RDWR);

	flock(held, LOCK_EX);
	while (fgets(text, sizeof text, in)) {
		lines++;
		if (strncmp(text, "over ", 5) != 0)
			continue;
		const char *name = ways[atoi(text + 5)].name;
		struct {
			long type;
			char text[8];
		} message = {1, "answer"};
		struct sembuf up = {0, 1, 0};
		if (strcmp(name, "recv") == 0)
			send(pair[1], "a", 1, 0);
		else if (strcmp(name, "flock") == 0)
			flock(held, LOCK_UN);
		else if (strcmp(name, "msgrcv") == 0)
			msgsnd(queue, &message, sizeof message.text, 0);
		else if (strcmp(name, "semop") == 0)
			semop(semaphore, &up, 1);
		else if (strstr(name, "read") || strstr(name, "poll") || strcmp(name, "select") == 0)
			write(answering, "a", 1);
		else
			kill(writer, SIGUSR1);
	}
	_exit(lines == WAYS * 60 ? 0 : 1);
}

/* to_file: the reader follows a growing file as tail -f does, else it reads a pipe. */
static void dialogue(const char *who, int to_file)
{
	const char *name = named(who, to_file ? "followed" : "piped"), *lock = named(who, "lock");
	int ends[2], answers[2], writing;

	lock_file = fresh(who, "lock", O_RDWR);
	queue = msgget(IPC_PRIVATE, 0600);
	semaphore = semget(IPC_PRIVATE, 1, 0600);
	writing = fresh(who, to_file ? "followed" : "piped", O_WRONLY | O_APPEND);
	if (pipe(ends) || pipe(answers) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die("pipe");
	signal(SIGUSR1, on_answer);
	signal(SIGALRM, on_alarm);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		signal(SIGUSR1, SIG_DFL);
		close(ends[1]);
		if (to_file) {
			/* copies what has grown into the pipe of a grandchild, which is the reader */
			int copies[2], from = open(name, O_RDONLY);
			char block[4096];
			ssize_t got;
			pid_t writer = getppid();
			if (pipe(copies))
				die("pipe");
			pid_t grandchild = fork();
			if (grandchild == 0) {
				close(copies[1]);
				reader(fdopen(copies[0], "r"), answers[1], writer, lock);
			}
			struct pollfd end = {ends[0], POLLIN, 0};
			int last = 0;
			while (!last) {
				last = poll(&end, 1, 1) == 1; /* the writer has ended; then once more */
				while ((got = read(from, block, sizeof block)) > 0)
					write(copies[1], block, (size_t)got);
			}
			close(copies[1]);
			int status;
			waitpid(grandchild, &status, 0);
			_exit(status >> 8);
		}
		reader(fdopen(ends[0], "r"), answers[1], getppid(), lock);
	}
	close(ends[0]);
	if (!to_file)
		dup2(ends[1], writing), close(ends[1]);
	else
		fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	answer = answers[0];
	epoll = epoll_create1(0);
	epoll_ctl(epoll, EPOLL_CTL_ADD, answer, &(struct epoll_event){.events = EPOLLIN});
	usleep(20000); /* the reader holds its lock by then, or the dialogue by flock asks nothing */
	for (int i = 0; i < WAYS; i++) {
		char text[64];
		answered = 0;
		alarm(30); /* natively at once; no call stands between the last write and the wait */
		burst(writing, "asks", 0, 59);
		int length = sprintf(text, "over %d\n", i);
		if (write(writing, text, (size_t)length) != length)
			die("write");
		ways[i].wait();
		printf("  %s: answered\n", ways[i].name);
		fflush(stdout);
	}
	alarm(0);
	close(writing);
	if (to_file)
		close(ends[1]);
	printf("  the reader's status %#x\n", status_of(child, 20));
	for (int i = 0; i < 2; i++)
		close(answers[i]), close(pair[i]);
	close(epoll);
	close(lock_file);
	msgctl(queue, IPC_RMID, NULL);
	semctl(semaphore, 0, IPC_RMID);
}

static void body(const char *who)
{
	dialogue(who, 0);
	dialogue(who, 1);
}

int main(void)
{
	in_both(body);
	return 0;
}
