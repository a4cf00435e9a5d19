/* S2: threads of the program's own making, that are taken off the processor wherever they are (changes_stacks.h). What the other writes then stays as it is when the first goes on in the midst of its
 * write. */
/* coalesces: yes */
/* variants: quiet stats batch4096 */
/* timeout: 120 */
#include "changes_stacks.h"

enum { TURNS = 4000, ROW = 12, SIZE = 256, FULL = 1 << 20 };

static int fd;

static void row(char who)
{
	static char text[2][SIZE];
	char *mine = text[who == 'b'];

	if (!mine[0]) {
		memset(mine, who, SIZE);
		mine[SIZE - 1] = '\n';
	}
	if (write(fd, mine, SIZE) != SIZE)
		_exit(9);
}

static void first(void)
{
	for (;;)
		row('a');
}

static int rows[2];

static int torn(void)
{
	char text[SIZE];
	int wrong = 0;

	lseek(fd, 0, SEEK_SET);
	for (ssize_t got; (got = read(fd, text, SIZE)) > 0;) {
		int i = 0;
		while (i < SIZE - 1 && (text[i] == 'a' || text[i] == 'b') && text[i] == text[0])
			i++;
		rows[text[0] == 'b']++;
		wrong += got != SIZE || i < SIZE - 1 || text[i] != '\n';
	}
	return wrong;
}

int main(void)
{
	int wrong = 0;

	fd = open("rows", O_RDWR | O_CREAT | O_TRUNC, 0600);
	first_is(first);
	for (int i = 0; i < TURNS; i++) {
		first_runs();
		for (int j = 0; j < ROW; j++)
			row('b');
		if (i % 8 == 7 && lseek(fd, 0, SEEK_CUR) > FULL) {
			wrong += torn();
			if (ftruncate(fd, 0) != 0)
				_exit(8);
			lseek(fd, 0, SEEK_SET);
		}
	}
	take_off_every(0);
	wrong += torn();
	printf("%d rows are torn, %d are missing\n", wrong, TURNS * ROW - rows[1]);
	unlink("rows");
	return 0;
}
