/* Paths as numbers; see path.h. */
#include "path.h"
#include "../sys/memory.h"
#include "../sys/settings.h"
#include "../../format/text.h"

#include "../sys/poison.h"

enum { PIECE = 256 };

/* The upper half of the product depends on all bits, the lower one on those below: together each on each. */
static uint64_t fold(uint64_t hash)
{
	unsigned __int128 product = (unsigned __int128)hash * 0x9e3779b97f4a7c15u;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Eight bytes at once; `at` is where the piece stands in its text, so that the pieces do not matter. */
static uint64_t mix_text(uint64_t hash, const char *text, size_t size, size_t at)
{
	for (size_t i = 0; i < size;) {
		unsigned place = (at + i) % 8;
		uint64_t word;
		if (place == 0 && size - i >= sizeof word) {
			memcpy(&word, text + i, sizeof word);
			hash = fold(hash ^ word);
			i += sizeof word;
			continue;
		}
		hash ^= (uint64_t)(unsigned char)text[i++] << 8 * place;
		if (place == 7)
			hash = fold(hash);
	}
	return hash;
}

uint64_t mix_path(uint64_t hash, const char *path, size_t length)
{
	return mix(mix_text(hash, path, length, 0), length);
}

/* With a frame of its own. */
static __attribute__((noinline)) struct read_path read_foreign(int32_t pid, uint64_t from)
{
	struct read_path read = {0, -1};
	uint64_t hash = 1;
	char piece[PIECE];

	for (size_t length = 0; length < PATH_LIMIT;) {
		size_t size = PIECE - from % PIECE;
		long got = memory_read_in(pid, piece, from, size);
		if (got <= 0)
			return read;
		if (!length)
			read.first = (unsigned char)piece[0];
		size_t part = text_length_within(piece, (size_t)got);
		hash = mix_text(hash, piece, part, length);
		from += part;
		length += part;
		if (part < (size_t)got) {
			read.path = mix(hash, length);
			return read;
		}
	}
	return read;
}

struct read_path path_at(int32_t pid, uint64_t from, int was_read)
{
	if (!from)
		return (struct read_path){0, -1};
	if (!was_read)
		return read_foreign(pid, from);
	return (struct read_path){mix_path(1, (const char *)from, text_length_within((const char *)from, PATH_LIMIT)), *(const unsigned char *)from};
}
