/* Built with a sanitizer. `fine` works with memory, files, children; `overflow` and `leak` do what the sanitizer reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *volatile kept;

/* Far down the stack, where no stale copy of the pointer is found later. */
static __attribute__((noinline)) void leak(int depth)
{
	volatile char frame[512];

	memset((void *)frame, depth, sizeof frame);
	if (depth)
		leak(depth - 1);
	else
		kept = malloc(77);
	kept = depth ? kept : NULL;
	memset((void *)frame, 0, sizeof frame);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "fine";
	char *memory = malloc(16);
	FILE *f = fopen("out", "w");

	for (int i = 0; i < 100; i++) {
		fprintf(f, "line %d\n", i);
		fflush(f);
	}
	fclose(f);
	printf("system: %d\n", system("exit 3") >> 8);
	fflush(stdout);
	strcpy(memory, "in the heap");
	kept = memory;
	if (strcmp(way, "overflow") == 0)
		kept[16] = 1;
	free(kept);
	kept = NULL;
	if (strcmp(way, "leak") == 0)
		leak(50);
	puts("done");
	return 0;
}
