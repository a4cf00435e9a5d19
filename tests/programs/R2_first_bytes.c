/* Compares the text of libc in memory with the file it came from and prints how many exported functions begin with another byte, and
 * how many bytes of text differ at all. ELF is read here with plain <elf.h>: the file's section headers name the dynamic symbols. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct library {
	const char *wanted;
	const char *path;
	uintptr_t base;
};

static int found(struct dl_phdr_info *info, size_t size, void *data)
{
	struct library *library = data;

	(void)size;
	if (!strstr(info->dlpi_name, library->wanted))
		return 0;
	library->path = info->dlpi_name;
	library->base = info->dlpi_addr;
	return 1;
}

static long compare_text(const struct library *library, const char *file)
{
	const Elf64_Ehdr *header = (const void *)file;
	const Elf64_Phdr *segment = (const void *)(file + header->e_phoff);
	long different = 0;

	for (int i = 0; i < header->e_phnum; i++) {
		if (segment[i].p_type != PT_LOAD || !(segment[i].p_flags & PF_X))
			continue;
		const char *live = (const char *)library->base + segment[i].p_vaddr;
		for (size_t j = 0; j < segment[i].p_filesz; j++)
			different += live[j] != file[segment[i].p_offset + j];
	}
	return different;
}

/* file offset of an address of the text, or -1 */
static long offset_of(const char *file, uint64_t address)
{
	const Elf64_Ehdr *header = (const void *)file;
	const Elf64_Phdr *segment = (const void *)(file + header->e_phoff);

	for (int i = 0; i < header->e_phnum; i++)
		if (segment[i].p_type == PT_LOAD && (segment[i].p_flags & PF_X) && address >= segment[i].p_vaddr &&
		    address < segment[i].p_vaddr + segment[i].p_filesz)
			return address - segment[i].p_vaddr + segment[i].p_offset;
	return -1;
}

static void compare(const char *wanted, int least)
{
	struct library library = {.wanted = wanted};
	struct stat status;
	int symbols = 0, changed = 0;

	if (!dl_iterate_phdr(found, &library)) {
		printf("%s: not here\n", wanted);
		return;
	}
	int fd = open(library.path, O_RDONLY);
	fstat(fd, &status);
	const char *file = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	const Elf64_Ehdr *header = (const void *)file;
	const Elf64_Shdr *section = (const void *)(file + header->e_shoff);
	for (int i = 0; i < header->e_shnum; i++) {
		if (section[i].sh_type != SHT_DYNSYM)
			continue;
		const Elf64_Sym *symbol = (const void *)(file + section[i].sh_offset);
		const char *names = file + section[section[i].sh_link].sh_offset;
		for (size_t j = 0; j < section[i].sh_size / sizeof *symbol; j++) {
			long offset = symbol[j].st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol[j].st_info) != STT_TLS
					      ? offset_of(file, symbol[j].st_value) : -1;
			if (offset < 0)
				continue;
			symbols++;
			if (*(const char *)(library.base + symbol[j].st_value) != file[offset]) {
				changed++;
				printf("%s: %s begins with another byte\n", wanted, names + symbol[j].st_name);
			}
		}
	}
	printf("%s: %s symbols, %d first bytes changed\n", wanted, symbols >= least ? "enough" : "too few", changed);
	/* the one line in which native and shimmed runs may differ */
	printf("%s: bytes of text changed: %ld\n", wanted, compare_text(&library, file));
}

int main(void)
{
	compare("libc.so.6", 2000);
	compare("ld-linux-x86-64.so.2", 10);
	puts("done");
	return 0;
}
