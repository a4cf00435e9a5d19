/* Tables of sites for a libc that was not there when sysshim was built: found by a scan once, and kept in the state folder,
 * ${XDG_STATE_HOME:-~/.local/state}/sysshim/sites/BUILD-ID (XDG base directory specification). A table is used only when it is a plain file
 * of the user's own that nobody else may write, of just the right size and sum, and made for this text; and as with the table of the build,
 * no row patches anything that the loaded bytes do not bear out. Whatever goes wrong means a scan, and nothing is said. */
#include "intercept.h"
#include "object.h"
#include "tables.h"
#include "../record/recordings.h"
#include "../sys/memory.h"
#include "../sys/raw.h"
#include "../../format/text.h"

#include <asm/stat.h>
#include <linux/fcntl.h>

#include "../sys/poison.h"

enum { TYPE = 0170000, REGULAR = 0100000, FOLDER = 0040000, OTHERS = 077, MAGIC = 0x34747373 /* "sst4" */, NAME_SIZE = 512 };

struct header {
	uint32_t magic, count;
	uint64_t text_size;
	uint64_t sum;
	uint8_t build_id[BUILD_ID_SIZE];
	uint8_t zero[4];
};
_Static_assert(sizeof(struct header) == 48, "no padding: it is summed");

static char path[NAME_SIZE] BULKY;
static const char *state_folder, *home_folder; /* as they stand in the environment: nobody has changed it yet */

/* FNV-1a (IETF draft-eastlake-fnv): against torn and damaged files, not against enemies. */
static uint64_t sum_of(const struct header *header, const struct site_row *rows)
{
	struct header h = *header;
	uint64_t sum = 0xcbf29ce484222325ul;

	h.sum = 0;
	for (size_t i = 0; i < sizeof h; i++)
		sum = (sum ^ ((const uint8_t *)&h)[i]) * 0x100000001b3ul;
	for (size_t i = 0; i < h.count * sizeof *rows; i++)
		sum = (sum ^ ((const uint8_t *)rows)[i]) * 0x100000001b3ul;
	return sum;
}

static struct header header_of(const struct object *o, uint32_t count)
{
	struct header h = {.magic = MAGIC, .count = count, .text_size = (uint64_t)(o->text.end - o->text.start)};

	memcpy(h.build_id, o->build_id, BUILD_ID_SIZE);
	return h;
}

void cache_start(const char *state, const char *home)
{
	state_folder = state;
	home_folder = home;
}

/* The path of this object's table, and with `making` its folders. Returns where the folder's part ends, or NULL. */
static char *name_table(const struct object *o, int making)
{
	struct text out = {path, path + NAME_SIZE - 64, 0};

	if (!state_path(&out, state_folder, home_folder, "/sysshim/sites") || !o->build_id)
		return NULL;
	char *end = out.at;
	out.end = path + NAME_SIZE - 1;
	*end = 0;
	for (char *at = path + 1; making && at <= end; at++) {
		char old = *at;
		if (old && old != '/')
			continue;
		*at = 0;
		folder_make(path);
		*at = old;
	}
	text_char(&out, '/');
	text_hex_bytes(&out, o->build_id, BUILD_ID_SIZE);
	*out.at = 0;
	return end;
}

static uint32_t read_table(const struct object *o, long fd, struct site_row *rows, uint32_t most)
{
	struct header header, wanted;
	struct stat status;
	uint32_t last = 0;

	if (RAW(__NR_fstat, fd, &status) != 0 || (status.st_mode & TYPE) != REGULAR || status.st_mode & OTHERS || status.st_uid != RAW(__NR_geteuid) ||
	    RAW(__NR_read, fd, &header, sizeof header) != sizeof header || header.count > most)
		return 0;
	size_t size = header.count * sizeof *rows;
	wanted = header_of(o, header.count);
	wanted.sum = header.sum;
	if (memcmp(&header, &wanted, sizeof header) != 0 || (uint64_t)status.st_size != sizeof header + size ||
	    RAW(__NR_read, fd, rows, size) != (long)size || sum_of(&header, rows) != header.sum)
		return 0;
	for (uint32_t i = 0; i < header.count; last = rows[i++].at)
		if (rows[i].at < last || rows[i].at >= header.text_size || rows[i].back > PIECE_FRONT || rows[i].length > PIECE_SIZE - PIECE_FRONT)
			return 0;
	return header.count;
}

uint32_t cache_load(const struct object *o, struct site_row *rows, uint32_t most)
{
	char *end = name_table(o, 0);
	uint32_t count = 0;

	if (!end)
		return 0;
	long fd = RAW_OPEN(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	*end = 0;
	if (fd < 0)
		return 0;
	count = read_table(o, fd, rows, most);
	RAW(__NR_close, fd);
	return count;
}

/* Written under another name first: whoever reads it reads all of it. */
void cache_store(const struct object *o, const struct site_row *rows, uint32_t count)
{
	static char made[NAME_SIZE + 32] BULKY;
	struct text out = {made, made + sizeof made - 1, 0};
	char *end = name_table(o, 1);
	struct stat status;

	if (!end)
		return;
	struct header header = header_of(o, count);
	size_t size = count * sizeof *rows;
	header.sum = sum_of(&header, rows);
	text_string(&out, path);
	text_char(&out, '.');
	text_unsigned(&out, (uint64_t)RAW(__NR_getpid));
	*out.at = 0;
	*end = 0;
	/* In a folder of somebody else (sudo keeps HOME) nothing is left. */
	int own = RAW_STAT(path, &status) == 0 && (status.st_mode & TYPE) == FOLDER && status.st_uid == RAW(__NR_geteuid) && !(status.st_mode & 022);
	long fd = own ? RAW_OPEN(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
	if (fd < 0)
		return;
	/* Whatever the umask takes away: one that cannot be read is never put right. */
	RAW(__NR_fchmod, fd, 0600);
	int whole = RAW(__NR_write, fd, &header, sizeof header) == sizeof header && RAW(__NR_write, fd, rows, size) == (long)size;
	RAW(__NR_close, fd);
	*end = '/';
	if (!whole || RAW_RENAME(made, path) != 0)
		RAW_UNLINK(made);
	*end = 0;
}
