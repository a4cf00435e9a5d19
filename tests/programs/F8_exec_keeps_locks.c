/* A lock of the kind that a process loses when it closes any descriptor of the file (fcntl, F_SETLK), on the very program that it then executes, or on the script: it is there in
 * the new program, as behind an exec that fails. Who looks at the file before must not close it. */
#include "burst.h"

static void whose(const char *what, const char *path)
{
	struct flock lock = {.l_type = F_WRLCK};
	pid_t self = getpid();

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		if (fcntl(open(path, O_RDONLY), F_GETLK, &lock))
			die("F_GETLK");
		printf("%s: %s is %s\n", what, path, lock.l_type == F_UNLCK ? "free" : lock.l_pid == self ? "held" : "another's");
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void takes(const char *path)
{
	struct flock lock = {.l_type = F_RDLCK};

	if (fcntl(open(path, O_RDONLY), F_SETLK, &lock))
		die(path);
}

/* Nobody else has these. */
static void make(const char *path, const char *text, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (fd < 0 || write(fd, text, size) != (ssize_t)size || close(fd))
		die(path);
}

int main(int argc, char **argv)
{
	static char program[1 << 20];
	static const char script[] = "#!./copy 2\n", broken[] = "\177ELF, and no more";

	if (argc > 1) {
		for (int i = 0; i < 3; i++)
			whose(argv[1], ((const char *[]){"copy", "script", "broken"})[i]);
		if (argv[1][0] == '2')
			return 0;
		execl("script", "script", NULL);
		die("script");
	}
	int self = open("/proc/self/exe", O_RDONLY);
	ssize_t size = read(self, program, sizeof program);
	make("copy", program, size);
	make("script", script, sizeof script - 1);
	make("broken", broken, sizeof broken - 1);
	/* once by a child that was forked for it, once by the program itself */
	fflush(stdout);
	pid_t child = fork();
	if (child)
		waitpid(child, NULL, 0);
	takes("copy"), takes("script"), takes("broken");
	execl("broken", "broken", NULL);
	whose("behind an exec that failed", "broken");
	execl("copy", "copy", "1", NULL);
	die("copy");
}
