/* L5_jump_out: a signal's handler jumps out of a rename, of which a record is being made, and 20 more follow. The debugger sends the signal. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

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

int main(void)
{
	signal(SIGUSR1, jump);
	rename("/nobody/first", "/nobody/here");
	if (!sigsetjmp(back, 1)) {
		about_to_rename();
		rename("/nobody/interrupted/with/a/long/path/of/its/own", "/nobody/here");
	}
	for (int i = 0; i < 20; i++)
		rename("/nobody/later", "/nobody/here");
	return puts("end") < 0;
}
