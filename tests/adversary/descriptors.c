/* What is known of descriptors without asking the kernel: which are pipes or sockets, how much waits in them, who else holds their ends. Whatever
 * could wait for ever is left out by this knowledge. It is exact as long as every call answers as expected; where one does not, that is
 * what is looked for, and the harness ends what hangs. */
#include "world.h"

#include <sys/ioctl.h>

int slot_number(int slot)
{
	return world.slots[slot];
}

void slot_opened(int slot, int fd)
{
	world.slots[slot] = fd;
	number_opened(fd, -1, FILE_END);
	if (fd >= NUMBERS)
		close(fd);
}

static struct object *object_of(int number, int *end)
{
	if (number < 0 || number >= NUMBERS || !world.numbers[number].object)
		return NULL;
	*end = world.numbers[number].end;
	return &world.objects[world.numbers[number].object - 1];
}

int object_new(void)
{
	for (int i = 0; i < OBJECTS; i++) {
		if (world.objects[i].used)
			continue;
		memset(&world.objects[i], 0, sizeof world.objects[i]);
		world.objects[i].used = 1;
		return i;
	}
	return -1;
}

void number_opened(int number, int object, int end)
{
	if (number < 0 || number >= NUMBERS)
		return;
	world.numbers[number].object = (int8_t)(object + 1);
	world.numbers[number].end = (uint8_t)end;
}

void number_copied(int from, int to)
{
	if (to < 0 || to >= NUMBERS)
		return;
	world.numbers[to].object = from >= 0 && from < NUMBERS ? world.numbers[from].object : 0;
	world.numbers[to].end = from >= 0 && from < NUMBERS ? world.numbers[from].end : 0;
}

void number_closed(int number)
{
	if (number >= 0 && number < NUMBERS)
		world.numbers[number].object = 0;
}

/* Does anybody hold this end open, here or in a parent? The second bit of an end says which of the two it is. */
static int is_held(const struct object *object, int end)
{
	if (object->others[end == WRITE_END || end == SOCKET_1])
		return 1;
	for (int i = 0; i < NUMBERS; i++)
		if (world.numbers[i].object && &world.objects[world.numbers[i].object - 1] == object && world.numbers[i].end == end)
			return 1;
	return 0;
}

/* Where what is read at this end waits. */
static int queue_read(int end)
{
	return end == SOCKET_1;
}

static int queue_written(int end)
{
	return end == SOCKET_0;
}

static int other_end(int end)
{
	static const int other[] = {[READ_END] = WRITE_END, [WRITE_END] = READ_END, [SOCKET_0] = SOCKET_1, [SOCKET_1] = SOCKET_0};

	return other[end];
}

int may_read(int number)
{
	int end;
	struct object *object = object_of(number, &end);

	return !object || end == WRITE_END || object->waiting[queue_read(end)] > 0 || !is_held(object, other_end(end));
}

int may_write(int number, long size)
{
	int end;
	struct object *object = object_of(number, &end);

	if (!object || end == READ_END || !is_held(object, other_end(end)))
		return 1;
	int queue = queue_written(end);
	return object->waiting[queue] + size <= PIPE_MOST && (end == WRITE_END || object->packets[queue] < PACKETS_MOST);
}

void was_read(int number, long result)
{
	int end;
	struct object *object = object_of(number, &end);

	if (!object || result <= 0)
		return;
	int queue = queue_read(end);
	object->waiting[queue] -= (int)result;
	if (object->waiting[queue] <= 0)
		object->waiting[queue] = object->packets[queue] = 0;
}

void was_written(int number, long result)
{
	int end;
	struct object *object = object_of(number, &end);

	if (!object || result <= 0)
		return;
	int queue = queue_written(end);
	object->waiting[queue] += (int)result;
	object->packets[queue]++;
}

void objects_ask(void)
{
	int end, waiting;

	for (int i = 0; i < NUMBERS; i++) {
		struct object *object = object_of(i, &end);
		if (object && end != WRITE_END && ioctl(i, FIONREAD, &waiting) == 0)
			object->waiting[queue_read(end)] = waiting;
	}
}

void objects_inherit(void)
{
	int end;

	for (int i = 0; i < NUMBERS; i++) {
		struct object *object = object_of(i, &end);
		if (object)
			object->others[end == WRITE_END || end == SOCKET_1]++;
	}
}
