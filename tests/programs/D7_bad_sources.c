/* Sources that cannot be read, whole or in part, and vectors that the kernel refuses, in the middle of bursts: the result, the bytes in the
 * file and the offset are the kernel's. */
/* coalesces: yes */
/* cc: -Wno-nonnull -Wno-stringop-overflow -Wno-stringop-overread */
/* timeout: 120 */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
#include "burst_files.h"
#include <limits.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

enum { PAGE = 4096 };

static int fd;

#define TRY(what, expression) do { 	errno = 0; 	long tried = (long)(expression); 	printf("  %s: %s", what, outcome(tried)); 	burst(fd, "next", 0, 30); 	printf(", at %lld\n", (long long)lseek(fd, 0, SEEK_CUR)); } while (0)
/* With a burst right in front of it, whose bytes wait. */
#define HIT(what, expression) do { 	burst(fd, "x", 0, 60); 	TRY(what, expression); } while (0)

static char *pages(int count)
{
	char *at = mmap(NULL, (size_t)count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		die("mmap");
	memset(at, 'p', (size_t)count * PAGE);
	return at;
}

static long few(const char *from, int count)
{
	long sum = 0;

	for (int i = 0; i < count; i++) {
		long result = write(fd, from, 10);
		if (result < 0)
			return result;
		sum += result;
	}
	return sum;
}

/* Compilers know NULL. */
static const char *volatile nowhere;

static void bad_pointers(void)
{
	HIT("NULL", write(fd, nowhere, 10));
	HIT("NULL, one byte", write(fd, nowhere, 1));
	HIT("the highest", write(fd, (char *)-1, 1));
	HIT("the kernel's", write(fd, (char *)0xffffffff81000000ul, 8));
	HIT("not canonical", write(fd, (char *)0x8000000000000000ul, 8));
	HIT("over the end of the address space", write(fd, (char *)0x7ffffffff000ul - 4, 100));
	HIT("length SSIZE_MAX + 1", write(fd, "x", (size_t)SSIZE_MAX + 1));
	HIT("length -1", write(fd, "x", (size_t)-1));
	HIT("length 0 from nowhere", write(fd, (char *)8, 0));
	HIT("length 0 from the kernel", write(fd, (char *)-1, 0));
	HIT("1 << 32", syscall(SYS_write, fd, NULL, 1ul << 32));
}

/* Pages that come and go between the writes of one burst. */
static void pages_that_go(void)
{
	char *at = pages(4);

	HIT("readable", few(at, 50));
	munmap(at + PAGE, PAGE);
	TRY("unmapped", few(at + PAGE, 50));
	TRY("up to the edge", few(at + PAGE - 10, 50));
	TRY("over the edge", few(at + PAGE - 5, 50));
	mmap(at + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	TRY("mapped again", few(at + PAGE, 50));
	mprotect(at, PAGE, PROT_NONE);
	TRY("PROT_NONE", few(at, 50));
	TRY("into PROT_NONE's neighbour", few(at + PAGE, 50));
	mprotect(at, PAGE, PROT_READ);
	TRY("PROT_READ", few(at, 50));
	syscall(SYS_mprotect, at, PAGE, PROT_NONE);
	TRY("PROT_NONE by number", few(at, 50));
	long result = SYS_mprotect;
	register long protection __asm__("rdx") = PROT_READ;
	__asm__ volatile("syscall" : "+a"(result) : "D"(at), "S"(PAGE), "r"(protection) : "rcx", "r11", "memory");
	TRY("PROT_READ by an instruction", few(at, 50));
	result = SYS_munmap;
	__asm__ volatile("syscall" : "+a"(result) : "D"(at), "S"(PAGE) : "rcx", "r11", "memory");
	TRY("unmapped by an instruction", few(at, 50));
	char *moved = mremap(at + 2 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at);
	TRY("moved away", few(at + 2 * PAGE, 50));
	TRY("moved here", few(moved, 50));
	/* a thousand pages, more than anybody remembers */
	char *many = pages(1000);
	for (int i = 0; i < 1000; i++)
		few(many + i * PAGE, 1);
	munmap(many + 500 * PAGE, PAGE);
	TRY("the 500th is gone", few(many + 500 * PAGE, 50));
	TRY("the 501st is there", few(many + 501 * PAGE, 50));
	char *top = sbrk(PAGE * 4);
	memset(top, 'b', PAGE * 4);
	TRY("the break", few(top + PAGE * 3, 50));
	sbrk(-PAGE * 4);
	TRY("above the break", few(top + PAGE * 3, 50));
	munmap(at, 4 * PAGE);
	munmap(many, 1000 * PAGE);
}

static void vectors(void)
{
	char *at = pages(3);
	static struct iovec many[IOV_MAX + 1];
	struct iovec *edge = (struct iovec *)(at + PAGE - sizeof *edge), parts[5];

	munmap(at + PAGE, PAGE);
	for (int i = 0; i <= IOV_MAX; i++)
		many[i] = (struct iovec){"v", 1};
	for (int i = 0; i < 40; i++)
		if (writev(fd, many, 3) != 3)
			_exit(93);
	HIT("IOV_MAX", writev(fd, many, IOV_MAX));
	HIT("IOV_MAX + 1", writev(fd, many, IOV_MAX + 1));
	HIT("count -1", writev(fd, many, -1));
	HIT("count 0", writev(fd, many, 0));
	HIT("count 0 from nowhere", writev(fd, NULL, 0));
	HIT("count 2^32 + 1", syscall(SYS_writev, fd, many, (1ul << 32) + 1));
	HIT("count 2^32", syscall(SYS_writev, fd, many, 1ul << 32));
	HIT("vector from nowhere", writev(fd, NULL, 2));
	*edge = (struct iovec){"edge", 4};
	HIT("vector at the edge", writev(fd, edge, 1));
	HIT("vector over the edge", writev(fd, edge, 2));
#define PARTS(...) (memcpy(parts, (struct iovec[]){__VA_ARGS__}, sizeof(struct iovec[]){__VA_ARGS__}), parts)
	HIT("empty parts", writev(fd, PARTS({NULL, 0}, {"a", 1}, {(void *)1, 0}, {"b", 1}, {NULL, 0}), 5));
	HIT("only empty parts", writev(fd, PARTS({NULL, 0}, {NULL, 0}), 2));
	HIT("first part bad", writev(fd, PARTS({NULL, 3}, {"good", 4}), 2));
	HIT("second part bad", writev(fd, PARTS({"good", 4}, {NULL, 3}), 2));
	HIT("last part unmapped", writev(fd, PARTS({"good", 4}, {at + PAGE, 3}), 2));
	HIT("a part over the edge", writev(fd, PARTS({"good", 4}, {at + PAGE - 2, 5}, {"never", 5}), 3));
	HIT("a length of -1", writev(fd, PARTS({"good", 4}, {"x", (size_t)-1}), 2));
	HIT("a sum too large", writev(fd, PARTS({"good", 4}, {at, (size_t)SSIZE_MAX}), 2));
	HIT("an address of the kernel", writev(fd, PARTS({"good", 4}, {(void *)-8, 4}), 2));
	for (int i = 0; i < 40; i++)
		if (writev(fd, PARTS({"a", 1}, {NULL, 0}, {"bc", 2}), 3) != 3)
			_exit(94);
	TRY("a burst of vectors, then a bad one", writev(fd, PARTS({"good", 4}, {NULL, 3}), 2));
	for (int i = 0; i < 40; i++)
		if (writev(fd, PARTS({"a", 1}, {NULL, 0}, {"bc", 2}), 3) != 3)
			_exit(94);
	TRY("a burst of vectors, then one with nothing from the kernel", writev(fd, PARTS({"good", 4}, {(void *)-8, 0}), 2));
	munmap(at, 3 * PAGE);
}

static volatile int faults;
static sigjmp_buf back;

static void on_fault(int signal)
{
	faults++;
	siglongjmp(back, 1);
}

/* Another process takes the pages of a mapped file away, in the middle of the burst; with each disposition of SIGBUS. */
static void truncated(const char *who, const char *what, void (*disposition)(int))
{
	int file = fresh(who, "source", O_RDWR);

	ftruncate(file, 2 * PAGE);
	char *at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	char *shared = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, file, 0);
	signal(SIGBUS, disposition);
	few(at, 60);
	few(shared + PAGE, 60);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		ftruncate(file, 0);
		_exit(0);
	}
	status_of(child, 20);
	TRY(what, few(shared + PAGE, 5));
	faults = 0;
	TRY("its other page", few(at, 5));
	printf("  signals %d\n", faults);
	if (disposition == on_fault && sigsetjmp(back, 1) == 0) /* the program's own fault is still its own */
		printf("  %d\n", *(volatile char *)shared);
	printf("  signals %d\n", faults);
	signal(SIGBUS, SIG_DFL);
	munmap(at, 2 * PAGE);
	munmap(shared, 2 * PAGE);
	close(file);
}

/* The same without a call of ours between: the burst's own first half tells the other process, which sees it grow and then truncates. */
static void truncated_meanwhile(const char *who, void (*disposition)(int))
{
	int file = fresh(who, "source", O_RDWR), target = fresh(who, "target", O_WRONLY);
	struct stat status;

	ftruncate(file, PAGE);
	char *at = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0);
	signal(SIGBUS, disposition);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		while (fstat(target, &status) == 0 && status.st_size < 5000)
			usleep(500);
		ftruncate(file, 0);
		_exit(0);
	}
	long result = 0;
	for (long i = 0; i < 200000000; i++) {
		result = write(target, at, 10);
		if (result != 10)
			break;
	}
	/* The page may go in the middle of the kernel's copy: then a part is taken, and the next write says why. */
	long part = result > 0 ? result : 0;
	if (part)
		result = write(target, at, 10);
	printf("  truncated meanwhile: %s\n", outcome(result));
	fstat(target, &status);
	printf("  whole writes: %d\n", (status.st_size - part) % 10 == 0);
	status_of(child, 20);
	signal(SIGBUS, SIG_DFL);
	munmap(at, PAGE);
	unlink(named(who, "target"));
	close(file);
	close(target);
}

static void body(const char *who)
{
	fd = fresh(who, "file", O_WRONLY);
	bad_pointers();
	pages_that_go();
	vectors();
	truncated_meanwhile(who, SIG_DFL);
	truncated(who, "truncated", SIG_DFL);
	truncated(who, "truncated, ignored", SIG_IGN);
	truncated_meanwhile(who, SIG_IGN);
	truncated(who, "truncated, handled", on_fault);
	truncated_meanwhile(who, on_fault);
	burst(fd, "end", 0, 100);
	close(fd);
	/* the same to a pipe: a large vector is taken whole, by a reader that is slow */
	int ends[2];
	if (pipe(ends))
		die("pipe");
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		static char block[10000];
		long all = 0, got;
		close(ends[1]);
		while ((got = read(ends[0], block, sizeof block)) > 0) {
			all += got;
			usleep(200);
		}
		printf("  the reader has %ld\n", all);
		fflush(stdout);
		_exit(0);
	}
	static char large[100000];
	struct iovec three[3] = {{large, 100000}, {large, 100000}, {large, 100000}}, small[2] = {{"a", 1}, {"bc", 2}};
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 50; i++)
			writev(ends[1], small, 2);
		burst(ends[1], "x", 0, 50);
		long result = writev(ends[1], three, 3);
		printf("  a large vector: %s\n", outcome(result));
		for (int i = 0; i < 50; i++)
			writev(ends[1], small, 2);
		result = writev(ends[1], three, 2);
		printf("  a large vector behind small ones: %s\n", outcome(result));
		result = writev(ends[1], (struct iovec[]){{"good", 4}, {NULL, 4}}, 2);
		printf("  a bad part: %s\n", outcome(result));
		result = write(ends[1], NULL, 4);
		printf("  a bad pointer: %s\n", outcome(result));
	}
	close(ends[1]);
	fflush(stdout);
	status_of(child, 30);
	close(ends[0]);
}

int main(void)
{
	in_both(body);
	return 0;
}
