/* Build tool: prints the table of system call sites (shim/intercept/tables.h) of the ELF files it is given, as C, found by the shim's own
 * scan. A file that cannot be read or has no build-id of 20 bytes gives no table: then the shim scans it at start.
 *
 *   sites TABLES.C FILE... */
#define _DEFAULT_SOURCE
#include "shim/intercept/forms.h"
#include "shim/intercept/tables.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct table {
	struct site_table table;
	const char *file;
};

static const unsigned char *build_id(const unsigned char *file, const Elf64_Phdr *segment)
{
	for (uint64_t at = 0; at + sizeof(Elf64_Nhdr) <= segment->p_filesz;) {
		const Elf64_Nhdr *note = (const void *)(file + segment->p_offset + at);
		if (note->n_type == NT_GNU_BUILD_ID && note->n_descsz == BUILD_ID_SIZE)
			return (const unsigned char *)(note + 1) + ((note->n_namesz + 3) & ~3u);
		at += sizeof *note + ((note->n_namesz + 3) & ~3u) + ((note->n_descsz + 3) & ~3u);
	}
	return NULL;
}

/* Maps the file as ld.so would, at least all of it that the scan looks at. */
static int read_object(const char *path, struct text_range *text, unsigned char *id)
{
	struct stat status;
	int fd = open(path, O_RDONLY), found = 0;

	if (fd < 0 || fstat(fd, &status) != 0)
		return 0;
	const unsigned char *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	const Elf64_Ehdr *header = (const void *)file;
	if (file == MAP_FAILED || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return 0;
	const Elf64_Phdr *segments = (const void *)(file + header->e_phoff);
	uint64_t size = 0;
	for (int i = 0; i < header->e_phnum; i++)
		if (segments[i].p_type == PT_LOAD)
			size = segments[i].p_vaddr + segments[i].p_memsz;
	unsigned char *image = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (image == MAP_FAILED)
		return 0;
	text->bias = (intptr_t)image;
	for (int i = 0; i < header->e_phnum; i++)
		if (segments[i].p_type == PT_LOAD)
			memcpy(image + segments[i].p_vaddr, file + segments[i].p_offset, segments[i].p_filesz);
	for (int i = 0; i < header->e_phnum; i++) {
		const Elf64_Phdr *s = &segments[i];
		if (s->p_type == PT_LOAD && s->p_flags & PF_X && !text->start) {
			text->start = image + s->p_vaddr;
			text->end = text->start + s->p_filesz;
		} else if (s->p_type == PT_DYNAMIC) {
			text->symbols = elf_symbols((intptr_t)image, (const void *)(image + s->p_vaddr));
		} else if (s->p_type == PT_NOTE && build_id(file, s)) {
			memcpy(id, build_id(file, s), BUILD_ID_SIZE);
			found = 1;
		}
	}
	return found && text->start;
}

static uint32_t print_rows(const struct text_range *text)
{
	struct place place;
	uint32_t count = 0;

	for (const unsigned char *at = text->start; forms_next(text, at, &place); at = place.at + 2, count++) {
		struct site_row row = site_row_of(text, &place);
		printf("\t{%#x, %d, %d, %d, %d, %d, %d},\n", row.at, row.number, row.guess, row.form, row.tail, row.back, row.length);
	}
	return count;
}

int main(int argc, char **argv)
{
	static struct table tables[16];
	unsigned count = 0;
	uint32_t rows = 0;

	if (argc < 2 || !freopen(argv[1], "w", stdout)) {
		fprintf(stderr, "usage: sites TABLES.C FILE...\n");
		return 1;
	}
	printf("/* Made by tools/sites.c. */\n#include \"shim/intercept/tables.h\"\n\nconst struct site_row site_rows[] = {\n");
	for (int i = 2; i < argc && count < 16; i++) {
		struct text_range text = {0};
		struct table *t = &tables[count];
		if (!read_object(argv[i], &text, t->table.build_id))
			continue;
		t->table.text_size = (uint32_t)(text.end - text.start);
		t->table.first = rows;
		rows += t->table.count = print_rows(&text);
		count++;
	}
	printf("\t{0, 0, 0, 0, 0, 0, 0}\n};\n\nconst struct site_table site_tables[] = {\n");
	for (unsigned i = 0; i < count; i++) {
		printf("\t{{");
		for (int j = 0; j < BUILD_ID_SIZE; j++)
			printf("%#x, ", tables[i].table.build_id[j]);
		printf("}, %u, %u, %u},\n", tables[i].table.text_size, tables[i].table.first, tables[i].table.count);
	}
	printf("\t{{0}, 0, 0, 0}\n};\n\nconst uint32_t site_tables_count = %u;\n", count);
	return 0;
}
