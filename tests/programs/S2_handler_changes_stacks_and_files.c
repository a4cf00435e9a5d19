/* S2: threads of the program's own making (changes_stacks.h), each with a file of its own. The first is taken off where it is about to begin a batch, and goes on when the other has begun one: what that
 * has written is not put into the first one's file. */
/* coalesces: yes */
/* variants: quiet stats batch4096 */
/* timeout: 120 */
#include "changes_stacks.h"

enum { TURNS = 8000, ROW = 12, BURST = 500 /* what makes who gathers begin */, FIRST_ROW = 9 /* pays */, SIZE = 16 /* seldom taken off while it is copied */ };

static int files[2];

static void row(char who)
{
	static char text[2][SIZE];
	char *mine = text[who == 'b'];

	memset(mine, who, SIZE);
	if (write(files[who == 'b'], mine, SIZE) != SIZE)
		_exit(9);
}

static void first(void)
{
	for (;;) {
		for (int i = 0; i < FIRST_ROW; i++)
			row('a');
		lseek(files[0], 0, SEEK_CUR);
	}
}

/* Rows of `who` in his file; what is not his counts as none. */
static int rows(char who)
{
	char text[SIZE];
	int file = files[who == 'b'], found = 0;

	lseek(file, 0, SEEK_SET);
	while (read(file, text, SIZE) == SIZE) {
		int same = 0;
		while (same < SIZE && text[same] == who)
			same++;
		found += same == SIZE;
	}
	return found;
}

int main(void)
{
	files[0] = open("a", O_RDWR | O_CREAT | O_TRUNC, 0600);
	files[1] = open("b", O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (int i = 0; i < BURST; i++)
		row('b');
	first_is(first);
	for (int i = 0; i < TURNS; i++) {
		first_runs();
		for (int j = 0; j < ROW; j++)
			row('b');
	}
	take_off_every(0);
	long strangers = lseek(files[0], 0, SEEK_END) / SIZE - rows('a');
	printf("%ld rows are in the wrong file, %d are missing\n", strangers, BURST + TURNS * ROW - rows('b'));
	unlink("a");
	unlink("b");
	return 0;
}
