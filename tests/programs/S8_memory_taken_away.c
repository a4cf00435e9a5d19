/* A program takes the memory of its alternate signal stack away, by whatever call, and never says that it has none: natively nobody minds whom no signal comes to. Before bursts, and in
 * the middle of them. */
/* coalesces: yes */
#include "burst.h"
#include <sys/mman.h>

enum { SIZE = 128 << 10, GUARD = 102 /* MADV_GUARD_INSTALL, Linux 6.13 */ };

enum way { UNMAPPED, FORBIDDEN, MAPPED_OVER, MOVED_OVER, MOVED, HEAP_SHRINKS, GUARDED, WAYS };
static const char *const names[] = {"unmapped", "forbidden", "mapped over", "moved over", "moved", "the heap shrinks", "guarded"};

struct turn {
	enum way way;
	int late; /* behind the first burst */
};

static void *fresh_memory(int protection)
{
	void *at = mmap(NULL, SIZE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

static void take_away(enum way way, void *at)
{
	switch (way) {
	case UNMAPPED:
		munmap(at, SIZE);
		break;
	case FORBIDDEN:
		mprotect(at, SIZE, PROT_NONE);
		break;
	case MAPPED_OVER:
		mmap(at, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case MOVED_OVER:
		mremap(fresh_memory(PROT_NONE), SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, at);
		break;
	case MOVED:
		mremap(at, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, fresh_memory(PROT_NONE));
		break;
	case HEAP_SHRINKS:
		brk(at);
		break;
	default:
		madvise(at, SIZE, GUARD);
	}
}

static void loses(const void *with)
{
	const struct turn *turn = with;
	int fd = create("out");
	stack_t stack = {.ss_sp = turn->way == HEAP_SHRINKS ? sbrk(SIZE) : fresh_memory(PROT_READ | PROT_WRITE), .ss_size = SIZE};

	if (sigaltstack(&stack, NULL) != 0)
		die("sigaltstack");
	if (turn->late)
		burst(fd, "line", 0, 100);
	take_away(turn->way, stack.ss_sp);
	burst(fd, "line", turn->late ? 100 : 0, 200);
	/* a tick, and a call that traps */
	spin(40000000);
	inline_call(SYS_getpid, 0, 0, 0, 0);
	burst(fd, "line", 200, 300);
}

int main(void)
{
	int fd = create("first");

	for (enum way way = UNMAPPED; way < WAYS; way++)
		for (int late = 0; late < 2; late++) {
			printf("%s, %s: %#x\n", names[way], late ? "late" : "early", in_child(loses, &(struct turn){way, late}));
			tell("first.out");
		}
	burst(fd, "first", 0, 200);
	return 0;
}
