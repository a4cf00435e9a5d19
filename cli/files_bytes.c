/* Files by the bytes that went through them: stat's tables. */
#include "files_row.h"
#include "print.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

static int by_bytes(const struct file *a, const struct file *b)
{
	uint64_t x = a->read + a->written, y = b->read + b->written;

	return x != y ? (x > y ? -1 : 1) : file_by_path(a, b);
}

static uint64_t sum(const uint64_t sizes[SIZES])
{
	uint64_t all = 0;

	for (unsigned i = 0; i < SIZES; i++)
		all += sizes[i];
	return all;
}

/* All files that never had a name (O_TMPFILE), as one. */
static void add_nameless(struct files *f)
{
	struct file *all = f->nameless ? file_of(f, "(without a name)", "(without a name)") : NULL;

	for (const struct file *file = f->nameless; file; file = file->next) {
		all->opens++;
		if (!file->linked)
			file_add_bytes(all, file);
	}
}

/* The files that were read or written, the busiest first, at most `most`; how many more have bytes. */
static unsigned each_by_bytes(struct recording *r, int pid, unsigned most, void (*print)(const struct file *file))
{
	struct files f = {.recording = r, .pid = pid};
	struct file *file, *next;
	unsigned more = 0;

	files_add_all(&f);
	add_nameless(&f);
	HASH_SORT(f.table, by_bytes);
	HASH_ITER(hh, f.table, file, next)
	{
		if (!(sum(file->read_sizes) + sum(file->write_sizes)))
			continue;
		if (!most) {
			more += file->read + file->written > 0;
			continue;
		}
		print(file);
		most--;
	}
	files_free(&f);
	return more;
}

static const char *heading; /* not printed yet */

static void print_bytes(const struct file *file)
{
	if (!(file->read + file->written))
		return;
	fputs(heading, stdout);
	heading = "";
	printf("%12" PRIu64 " read %12" PRIu64 " written %7" PRIu64 " %-5s  ", file->read, file->written, file->opens, file->opens == 1 ? "open" : "opens");
	print_escaped(stdout, file->path, strlen(file->path));
	putchar('\n');
}

void files_busiest(struct recording *r, int pid, unsigned most)
{
	heading = "\nbytes by file:\n";
	unsigned more = each_by_bytes(r, pid, most, print_bytes);

	if (more)
		printf("         ... and %u more (sysshim stat --by=file)\n", more);
}

static void print_count(const char *before, uint64_t count, const char *word)
{
	printf("%s%" PRIu64 " %s%s", before, count, word, count == 1 ? "" : "s");
}

static void print_sizes(const struct file *file)
{
	print_escaped(stdout, file->path, strlen(file->path));
	print_count(": ", file->opens, "open");
	print_count(", ", sum(file->read_sizes), "read");
	print_count(" of ", file->read, "byte");
	print_count(", ", sum(file->write_sizes), "write");
	print_count(" of ", file->written, "byte");
	putchar('\n');
	sizes_print("    bytes a read   ", file->read_sizes);
	sizes_print("    bytes a write  ", file->write_sizes);
}

static void print_sizes_json(const struct file *file)
{
	printf("{\"path\":");
	print_quoted(stdout, file->path, strlen(file->path));
	printf(",\"opens\":%" PRIu64 ",\"reads\":%" PRIu64 ",\"read_bytes\":%" PRIu64 ",\"writes\":%" PRIu64 ",\"written_bytes\":%" PRIu64 ",", file->opens,
	       sum(file->read_sizes), file->read, sum(file->write_sizes), file->written);
	sizes_json("read_sizes", file->read_sizes);
	putchar(',');
	sizes_json("write_sizes", file->write_sizes);
	puts("}");
}

void files_by_size(struct recording *r, int pid, int json)
{
	each_by_bytes(r, pid, UINT_MAX, json ? print_sizes_json : print_sizes);
}
