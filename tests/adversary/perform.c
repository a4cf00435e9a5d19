/* Performs a program, one operation after the other, and keeps what it has to say. Nothing here makes a system call between two operations. */
#include "world.h"

#include <stdarg.h>

struct world world;

const struct kind kinds[] = {
#define OPERATION(name, weight, feature, body, ...) {#name, perform_##name, weight, feature, body, {__VA_ARGS__}},
#include "operations.def"
#undef OPERATION
};
const int kinds_count = sizeof kinds / sizeof kinds[0];

unsigned hash_of(const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	unsigned hash = 2166136261u;

	while (size--)
		hash = (hash ^ *at++) * 16777619u;
	return hash;
}

void say(const char *format, ...)
{
	char *at = world.said + world.said_size;
	int left = (int)(SAID_MOST - world.said_size);
	va_list arguments;

	va_start(arguments, format);
	int size = vsnprintf(at, (size_t)left, format, arguments);
	va_end(arguments);
	if (size >= left - 1)
		return;
	at[size++] = '\n';
	world.said_size += (unsigned)size;
	world.hash ^= hash_of(at, (size_t)size) + world.hash * 31;
}

void tell(void)
{
	while (world.told < world.said_size) {
		ssize_t done = write(2, world.said + world.told, world.said_size - world.told);
		if (done <= 0)
			break;
		world.told += (unsigned)done;
	}
	world.told = world.said_size = world.hash = 0;
}

/* What has been said since the last time it was told. */
int ending_status(void)
{
	return (int)((world.hash ^ world.hash >> 8 ^ world.hash >> 16) & 127);
}

/* Pages cost when they are first touched: what nobody writes is not made. */
static void text_until(unsigned end)
{
	for (unsigned i = world.made; i < end; i++)
		world.text[i] = (char)('!' + (i ^ i >> 7 ^ (unsigned)(world.program->seed & 31)) % 90);
	world.made = world.made < end ? end : world.made;
}

const char *bytes_to_write(unsigned size)
{
	if (world.at + size > TEXT)
		world.at = 0;
	world.at += size;
	text_until(world.at);
	return world.text + world.at - size;
}

void perform(int from, int to)
{
	/* A handler may jump here. */
	static volatile int i;

	for (i = from; i < to; i += 1 + world.program->operations[i].body) {
		const struct operation *operation = &world.program->operations[i];
		if (operation->dropped)
			continue;
		world.can_jump = 1;
		if (_setjmp(world.back)) {
			sigset_t none;
			say("  jumped");
			sigemptyset(&none);
			sigprocmask(SIG_SETMASK, &none, NULL);
		} else {
			if (kinds[operation->kind].body == WITH_BODY) {
				const int32_t with_body[] = {operation->a[0], i + 1, i + 1 + operation->body};
				kinds[operation->kind].perform(with_body);
			} else {
				kinds[operation->kind].perform(operation->a);
			}
		}
		if (world.verbose)
			tell();
	}
}

void perform_tell(const int32_t *a)
{
	(void)a;
	tell();
}

int program_perform(const struct program *program, int verbose)
{
	world.program = program;
	world.verbose = verbose;
	for (int i = 0; i < SLOTS; i++)
		world.slots[i] = -1;
	world.slots[SLOTS - 1] = 1; /* standard output */
	text_until(2048);
	perform(0, program->count);
	world.can_jump = 0;
	return ending_status();
}
