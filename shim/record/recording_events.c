/* Records of what is no call: batches, notes, signals, and where folders and descriptors are; see recording.h. */
#include "recording.h"
#include "log_lines.h"
#include "process.h"
#include "room.h"
#include "../../format/json.h"
#include "../sys/clock.h"
#include "../sys/memory.h"
#include "../sys/raw.h"

#include <linux/fcntl.h>

#include "../sys/poison.h"

void recording_batch(struct process *p, int fd, uint32_t writes, uint32_t bytes, const char *ended_by, uint64_t began, uint64_t now)
{
	struct record_batch *record = room_take(p, sizeof *record);

	if (!record)
		return;
	record->thread = recording_thread(p);
	record->began = began ? began : now;
	record->duration = began ? clock_from_to(began, now) : 0;
	record->fd = fd;
	record->writes = writes;
	record->bytes = bytes;
	struct text out = {record->ended_by, record->ended_by + sizeof record->ended_by - 1, 0};
	text_string(&out, ended_by);
	room_commit(p, record, sizeof *record, RECORD_BATCH, 0);
}

void recording_note(struct process *p, const char *text, uint64_t now)
{
	struct record_note *record = room_take(p, sizeof *record);

	if (!record)
		return;
	record->thread = recording_thread(p);
	record->at = now;
	struct text out = {record->text, record->text + sizeof record->text - 1, 0};
	text_string(&out, text);
	room_commit(p, record, sizeof *record, RECORD_NOTE, 0);
}

void recording_signal(struct process *p, int signal, int code, int pid, int uid, uint64_t now)
{
	struct record_signal *record = room_take(p, sizeof *record);

	if (!record)
		return;
	record->thread = recording_thread(p);
	record->at = now;
	record->signal = signal;
	record->code = code;
	record->pid = pid;
	record->uid = uid;
	room_commit(p, record, sizeof *record, RECORD_SIGNAL, 0);
}

int recording_place(struct process *p, int fd, const char *path, long size, uint64_t asked)
{
	size_t time = record_place_time((int32_t)size);
	struct record_place *record = room_take(p, time + sizeof asked);

	if (!record)
		return 0;
	record->thread = recording_thread(p);
	record->fd = fd;
	record->size = (int32_t)size;
	memcpy(record->path, path, size > 0 ? (size_t)size : 0);
	memcpy((char *)record + time, &asked, sizeof asked);
	room_commit(p, record, time + sizeof asked, RECORD_PLACE, 0);
	return 1;
}

int recording_copy(struct process *p, int fd, int from)
{
	struct record_copy *record = room_take(p, sizeof *record);

	if (!record)
		return 0;
	record->thread = recording_thread(p);
	record->fd = fd;
	record->from = from;
	room_commit(p, record, sizeof *record, RECORD_COPY, 0);
	return 1;
}

/* Where the working folder is now; climbing: only if this path climbs, 0: in any case. */
static __attribute__((noinline)) void put_folder(struct process *p, uint64_t climbing)
{
	char *path = p->log.buffer;
	const struct text_memory memory = lines_memory();
	uint64_t mask;

	if (!process_lock(p, &p->log.lock, &mask))
		return;
	if (!climbing || (text_string_at(&memory, climbing, path, PATH_LIMIT) && text_climbs(path))) {
		uint64_t asked = clock_monotonic();
		/* With its NUL. */
		long size = p->sealed ? -EPERM : RAW(__NR_getcwd, path, PATH_LIMIT);
		recording_place(p, AT_FDCWD, path, size > 0 ? size - 1 : size, asked);
	}
	lock_release(&p->log.lock, &mask);
}

void recording_moved(struct process *p)
{
	put_folder(p, 0);
}

void recording_climbed(struct process *p, uint64_t path)
{
	put_folder(p, path);
}
