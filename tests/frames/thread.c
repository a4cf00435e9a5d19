/* A second thread. */
#define _GNU_SOURCE
#include "frame.h"
#include <pthread.h>

static void *body(void *argument)
{
	frame_run();
	return argument;
}

int main(int count, char **arguments)
{
	pthread_t thread;

	frame_choose(count, arguments);
	if (pthread_create(&thread, NULL, body, NULL) || pthread_join(thread, NULL))
		give_up("pthread_create");
	return frame_done();
}
