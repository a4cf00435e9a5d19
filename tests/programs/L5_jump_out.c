/* L5_jump_out [plain]: a signal's handler jumps out of a rename, of which a record is being made, or (plain) of a read or lseek, and 20 more renames follow. The debugger
 * sends the signal. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static sigjmp_buf back;
void about_to_rename(void);

static void jump(int signal)
{
	(void)signal;
	rename("/nobody/handler", "/nobody/here");
	siglongjmp(back, 1);
}

__attribute__((noinline)) void about_to_rename(void)
{
	__asm__ volatile("" ::: "memory");
}

enum { LEARNED = 64 };

/* Their short way is known after some calls. */
static void interrupted(int plain)
{
	char byte;
	int fd = open("/dev/zero", O_RDONLY);

	for (int i = 0; plain && i < LEARNED; i++)
		lseek(fd, 0, SEEK_SET);
	about_to_rename();
	if (plain)
		printf("%zd %d\n", read(fd, &byte, 1), (int)lseek(fd, 0, SEEK_SET));
	else
		rename("/nobody/interrupted/with/a/long/path/of/its/own", "/nobody/here");
}

int main(int count, char **arguments)
{
	(void)arguments;
	signal(SIGUSR1, jump);
	rename("/nobody/first", "/nobody/here");
	if (!sigsetjmp(back, 1))
		interrupted(count > 1);
	for (int i = 0; i < 20; i++)
		rename("/nobody/later", "/nobody/here");
	return puts("end") < 0;
}
