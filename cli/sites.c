/* Where system calls are made by code that is not libc's, and which of libc's own sites the shim leaves alone. A pair of bytes 0f 05 may be
 * the middle of another instruction, or data: capstone disassembles from several places in front of it, and what most of them say counts. */
#include "command.h"
#include "disassembler.h"
#include "../format/syscalls.h"
#include "../shim/intercept/forms.h"
#include "../format/machine.h"

#include <asm/unistd.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STARTS = 8, STRIDE = 16, BEHIND = 16, MOST_OBJECTS = 512, FRONT = STARTS * STRIDE };

/* Does the instruction stream that begins at `from` have one at `at`? */
static int reaches(csh handle, cs_insn *instruction, const unsigned char *from, const unsigned char *at)
{
	const uint8_t *code = from;
	size_t size = (size_t)(at - from) + BEHIND;
	uint64_t address = 0;

	while (code < at)
		if (!disassembler()->next(handle, &code, &size, &address, instruction)) {
			code++;
			size--;
			address++;
		}
	return code == at;
}

/* Code within 2 * FRONT of `start` .. `end`. */
static int is_instruction(csh handle, cs_insn *instruction, const unsigned char *start, const unsigned char *at)
{
	unsigned votes = 0, asked = 0;

	/* Far enough in front for the stream to fall into step. */
	for (unsigned i = 1; i <= STARTS && at - start >= (long)(FRONT + i * STRIDE); i++, asked++)
		votes += (unsigned)reaches(handle, instruction, at - FRONT - i * STRIDE, at);
	return asked ? votes * 2 > asked : reaches(handle, instruction, start, at);
}

static unsigned count_in(csh handle, const unsigned char *start, const unsigned char *end)
{
	cs_insn *instruction = disassembler()->make(handle);
	unsigned count = 0;

	for (const unsigned char *at = start; instruction && end - at > BEHIND && (at = memmem(at, (size_t)(end - at - BEHIND), "\x0f\x05", 2)); at += 2)
		count += (unsigned)is_instruction(handle, instruction, start, at);
	if (instruction)
		disassembler()->free(instruction, 1);
	return count;
}

/* `syscall` instructions in the file's executable segments, or -1: it is no ELF file that can be read. */
static int instructions_in(const char *path)
{
	struct stat status;
	csh handle;
	int fd = open(path, O_RDONLY | O_CLOEXEC), count = -1;

	if (fd < 0)
		return -1;
	const unsigned char *file = fstat(fd, &status) == 0 && status.st_size >= (off_t)sizeof(Elf64_Ehdr) ?
					    mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0) :
					    MAP_FAILED;
	close(fd);
	if (file == MAP_FAILED)
		return -1;
	const Elf64_Ehdr *header = (const void *)file;
	uint64_t size = (uint64_t)status.st_size;
	int is_fit = memcmp(file, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_machine == MACHINE_ELF;
	const Elf64_Phdr *segments = is_fit ? program_headers(file, size) : NULL;
	if (segments && disassembler() && disassembler()->open(CS_ARCH_X86, CS_MODE_64, &handle) == CS_ERR_OK) {
		count = 0;
		for (int i = 0; i < header->e_phnum; i++)
			if (segments[i].p_type == PT_LOAD && segments[i].p_flags & PF_X && segments[i].p_offset < size &&
			    segments[i].p_filesz <= size - segments[i].p_offset)
				count += (int)count_in(handle, file + segments[i].p_offset, file + segments[i].p_offset + segments[i].p_filesz);
		disassembler()->close(&handle);
	}
	munmap((void *)file, (size_t)status.st_size);
	return count;
}

static int is_named(const char *path, const char *const *names)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	for (; *names; names++)
		if (strncmp(name, *names, strlen(*names)) == 0)
			return 1;
	return 0;
}

unsigned sites_foreign(const char *program, unsigned *objects, void (*tell)(const char *path, int count))
{
	static const char *const seen[] = {"libc.so.", "libc-2.", "ld-linux", "ld-2.", "libpthread.so.", "libpthread-2.", "libsysshim.so", "linux-vdso", NULL};
	static char paths[MOST_OBJECTS][PATH_MAX];
	char command[PATH_MAX + 64], line[PATH_MAX * 2];
	unsigned found = 0, count = 1;

	snprintf(paths[0], PATH_MAX, "%s", program);
	/* ld.so(8): --list says what it would load, without running the program. */
	setenv("SYSSHIM_LISTED", program, 1);
	snprintf(command, sizeof command, MACHINE_LOADER " --list \"$SYSSHIM_LISTED\" 2>/dev/null");
	FILE *list = popen(command, "r");
	while (list && fgets(line, sizeof line, list)) {
		char *path = strchr(line, '/'), *end = path ? strstr(path, " (0x") : NULL;
		if (!end || count == MOST_OBJECTS || end - path >= PATH_MAX)
			continue;
		*end = 0;
		if (!is_named(path, seen))
			strcpy(paths[count++], path);
	}
	if (list)
		pclose(list);
	unsetenv("SYSSHIM_LISTED");
	*objects = count;
	for (unsigned i = 0; i < count; i++) {
		int instructions = instructions_in(paths[i]);
		if (instructions > 0) {
			tell(paths[i], instructions);
			found += (unsigned)instructions;
		}
	}
	return found;
}

static const char *why_left(const struct place *place)
{
	switch (place->guess) {
	case __NR_rt_sigreturn:
		return "the kernel's frame is on its stack";
	case __NR_exit:
		return "behind a thread's exit there is no stack";
	default:
		return "no form fits what stands around it";
	}
}

struct left {
	csh handle;
	cs_insn *instruction;
	void (*tell)(const char *where, const char *call, const char *why);
	unsigned count;
};

static void look_at(struct left *left, const char *object, struct text_range *text)
{
	struct place place;
	const char *name = strrchr(object, '/');

	for (const unsigned char *at = text->start; forms_next(text, at, &place); at = place.at + 2) {
		char where[512];
		Dl_info info;
		if (place.form != FORM_NONE || !is_instruction(left->handle, left->instruction, text->start, place.at))
			continue;
		int known = dladdr(place.at, &info) && info.dli_sname;
		snprintf(where, sizeof where, "%s+%#tx%s%s", name ? name + 1 : object, place.at - (const unsigned char *)text->bias,
			 known ? " behind " : "", known ? info.dli_sname : "");
		const char *call = place.guess >= 0 ? syscall_name((uint64_t)place.guess) : NULL;
		if (left->tell)
			left->tell(where, call ? call : "?", why_left(&place));
		left->count++;
	}
}

static int look_at_object(struct dl_phdr_info *info, size_t size, void *data)
{
	static const char *const ours[] = {"libc.so.", "libc-2.", "ld-linux", "ld-2.", "libpthread", NULL};
	struct text_range text = {.bias = (intptr_t)info->dlpi_addr};

	(void)size;
	if (!is_named(info->dlpi_name, ours))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *s = &info->dlpi_phdr[i];
		const unsigned char *start = (const void *)(info->dlpi_addr + s->p_vaddr);
		if (s->p_type == PT_LOAD && s->p_flags & PF_X && !text.start) {
			text.start = start;
			text.end = start + s->p_filesz;
		} else if (s->p_type == PT_DYNAMIC) {
			text.symbols = elf_symbols(text.bias, (const void *)start);
		}
	}
	if (text.start)
		look_at(data, info->dlpi_name, &text);
	return 0;
}

unsigned sites_left(void (*tell)(const char *where, const char *call, const char *why))
{
	struct left left = {.tell = tell};

	if (!disassembler() || disassembler()->open(CS_ARCH_X86, CS_MODE_64, &left.handle) != CS_ERR_OK)
		return 0;
	left.instruction = disassembler()->make(left.handle);
	if (left.instruction) {
		dl_iterate_phdr(look_at_object, &left);
		disassembler()->free(left.instruction, 1);
	}
	disassembler()->close(&left.handle);
	return left.count;
}
