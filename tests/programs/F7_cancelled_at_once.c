/* pthread_cancel meets threads that are just about to wait: between glibc's look whether they are cancelled and the kernel (glibc from 2.41 on takes them for
 * cancelled by where they are). Every one ends. */
/* variants: quiet log record */
/* timeout: 180 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 3000, STEP = 37, MOST = 20000 /* turns of a loop */, PATIENCE = 20 /* seconds */ };

static int ends[2];
static volatile int go;

static void *waits(void *nothing)
{
	char byte;

	while (!go)
		;
	return read(ends[0], &byte, 1) == 1 ? nothing : NULL;
}

int main(void)
{
	if (pipe(ends))
		return 1;
	for (int round = 0; round < ROUNDS; round++) {
		pthread_t thread;
		struct timespec end;

		go = 0;
		if (pthread_create(&thread, NULL, waits, NULL))
			return 2;
		usleep(20);
		go = 1;
		/* short ones are as frequent as long ones, which a log needs */
		for (volatile int i = 0; i < round * STEP % (round % 2 ? MOST : MOST / 50); i++)
			;
		pthread_cancel(thread);
		clock_gettime(CLOCK_REALTIME, &end);
		end.tv_sec += PATIENCE;
		if (pthread_timedjoin_np(thread, NULL, &end)) {
			printf("round %d: cancelled, and waits\n", round);
			return 3;
		}
	}
	puts("all have ended");
	return 0;
}
