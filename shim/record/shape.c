/* What of a call a record must hold; see shape.h. */
#include "shape.h"
#include "../sys/raw.h"
#include "../sys/settings.h"

#include "../sys/poison.h"

struct shape shapes[SYSCALL_LIMIT] BULKY;

static enum reads reads_of(const struct syscall_row *row, struct shape *shape)
{
	enum reads reads = READS_NOTHING;

	for (unsigned i = 0; row && i < 6; i++) {
		enum reads before = reads;
		switch (row->kinds[i]) {
		case ARG_PATH:
		case ARG_STRING:
			reads = before == READS_NOTHING ? READS_PATH : before == READS_PATH ? READS_PATHS : READS_MORE;
			break;
		case ARG_OUT_PATH:
			reads = before == READS_PATH ? READS_ANSWER : READS_MORE;
			break;
		case ARG_SIGSET:
			reads = before == READS_NOTHING ? READS_SIGNALS : READS_MORE;
			break;
		case ARG_IOV_IN:
		case ARG_IOV_OUT:
			reads = before == READS_NOTHING && !settings.data ? READS_VECTOR : READS_MORE;
			break;
		case ARG_IN_BUFFER:
		case ARG_OUT_BUFFER:
			reads = settings.data ? READS_MORE : before;
			break;
		case ARG_ARGV:
		case ARG_ENVP:
		case ARG_CLONE_ARGS:
		case ARG_OPEN_HOW:
		case ARG_SOCKADDR:
			reads = READS_MORE;
			break;
		default:
			break;
		}
		if (reads == READS_MORE)
			return reads;
		if (reads != before && before == READS_NOTHING)
			shape->first = i & 7;
		else if (reads != before)
			shape->second = i & 7;
	}
	return reads;
}

static struct shape make(uint64_t number)
{
	const struct syscall_row *row = syscall_row(number);
	struct shape shape = {.known = 1};

	while (shape.count < 6 && (!row || row->kinds[shape.count] != ARG_NONE))
		shape.count++;
	shape.reads = reads_of(row, &shape) & 7;
	return shape;
}

struct shape shape_make(uint64_t number)
{
	struct shape shape = make(number);

	if (number < SYSCALL_LIMIT)
		shapes[number] = shape;
	return shape;
}
