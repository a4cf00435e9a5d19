/* Turns: one process under the shim forks a child for each seed of a row. It waits on a socket for a seed and the place where the child is to tell,
 * and answers with the child's wait status. */
#include "harness.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROW = 16, SOCKET = 3 };

struct turn {
	uint64_t seed;
	int verbose, has_only;
	char only[OPERATIONS_MOST * 4 + 1];
};

int seed_is_forked(uint64_t seed)
{
	return seed / ROW % 2 == 1;
}

uint64_t seed_of_options(uint64_t seed)
{
	return seed_is_forked(seed) ? seed / ROW * ROW : seed;
}

static int send_turn(int to, const struct turn *turn, int told)
{
	struct iovec part = {(void *)turn, sizeof *turn};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof told)];
	} control = {0};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof told);
	memcpy(CMSG_DATA(header), &told, sizeof told);
	return sendmsg(to, &message, MSG_NOSIGNAL) == (ssize_t)sizeof *turn;
}

static int receive_turn(struct turn *turn, int *told)
{
	struct iovec part = {turn, sizeof *turn};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof *told)];
	} control;
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};

	if (recvmsg(SOCKET, &message, MSG_WAITALL) != (ssize_t)sizeof *turn || !CMSG_FIRSTHDR(&message))
		return 0;
	memcpy(told, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof *told);
	return 1;
}

int turns_serve(const char *folder)
{
	struct turn turn;
	int told, status;

	while (receive_turn(&turn, &told)) {
		pid_t pid = fork();
		if (pid == 0) {
			world_enter(folder, told);
			seed_perform(turn.seed, turn.has_only ? turn.only : NULL, turn.verbose);
		}
		close(told);
		if (waitpid(pid, &status, 0) != pid || send(SOCKET, &status, sizeof status, 0) != sizeof status)
			return 1;
	}
	return 0;
}

void turns_end(struct place *place)
{
	if (!place->turns)
		return;
	close(place->turns_socket);
	waitpid(place->turns, NULL, 0);
	place->turns = 0;
	empty(place->logs);
}

static void turns_start(struct place *place, uint64_t row, const struct options *options)
{
	int ends[2];
	char *arguments[] = {(char *)"adversary", (char *)"turns", place->world, NULL};

	turns_end(place);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		fail("socketpair");
	place->turns = fork();
	if (place->turns < 0)
		fail("fork");
	if (place->turns == 0) {
		setpgid(0, 0);
		if (ends[1] == SOCKET)
			fail("the socket has its number already");
		dup2(ends[1], SOCKET);
		place_execute(place, arguments, options);
	}
	setpgid(place->turns, place->turns);
	close(ends[1]);
	place->turns_socket = ends[0];
	place->turns_row = row;
}

void turn_take(struct outcome *outcome, struct place *place, uint64_t seed, const char *only, int verbose, struct options *options)
{
	struct turn turn = {.seed = seed, .verbose = verbose, .has_only = only != NULL};
	int told[2];

	memset(outcome, 0, sizeof *outcome);
	options_make(options, seed_of_options(seed), place->logs);
	if (!place->turns || place->turns_row != seed / ROW)
		turns_start(place, seed / ROW, options);
	snprintf(turn.only, sizeof turn.only, "%s", only ? only : "");
	if (pipe(told) || !send_turn(place->turns_socket, &turn, told[1]))
		fail("a turn");
	close(told[1]);
	listen_to(outcome, told[0], place->turns);
	close(told[0]);
	if (recv(place->turns_socket, &outcome->status, sizeof outcome->status, MSG_WAITALL) != sizeof outcome->status) {
		/* All of its group had to be killed. */
		outcome->hangs = 1;
		turns_end(place);
	}
	collect(outcome, place->world);
	empty(place->world);
}
