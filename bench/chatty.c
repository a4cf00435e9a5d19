/* Writes little at a time to standard output: 1,000,000 single bytes; `lines`: 200,000 lines by fprintf and fflush; `buffered`: the same lines
 * without fflush. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc > 1) {
		int flush = strcmp(argv[1], "lines") == 0;
		for (int i = 0; i < 200000; i++) {
			fprintf(stdout, "line %d\n", i);
			if (flush && fflush(stdout))
				return 1;
		}
		return fflush(stdout) != 0;
	}
	for (int i = 0; i < 1000000; i++) {
		char byte = (char)('a' + i % 26);
		if (write(1, &byte, 1) != 1)
			return 1;
	}
	return 0;
}
