/* Notes of ELF files (elf(5), Nhdr). Freestanding. */
#ifndef FORMAT_ELF_NOTE_H
#define FORMAT_ELF_NOTE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

/* The notes of a segment of `size` bytes, one after the other; *at is 0 for the first. NULL: there is no other. Of the last one only the head is there for sure. */
static inline const Elf64_Nhdr *elf_note_next(const void *notes, uint64_t size, uint64_t *at)
{
	const Elf64_Nhdr *note = (const void *)((const char *)notes + *at);

	if (*at + sizeof *note > size)
		return NULL;
	*at += sizeof *note + ((note->n_namesz + 3) & ~3ul) + ((note->n_descsz + 3) & ~3ul);
	return note;
}

/* Is one of them of the Go linker (cmd/link, .note.go.buildid)? The runtime of such a program makes its system calls itself. */
static inline int elf_note_is_go(const void *notes, uint64_t size)
{
	uint64_t at = 0;

	for (const Elf64_Nhdr *n; (n = elf_note_next(notes, size, &at));) {
		const char *name = (const char *)(n + 1);
		if (n->n_namesz == 4 && (uint64_t)(name - (const char *)notes) + 4 <= size && name[0] == 'G' && name[1] == 'o' && name[2] == 0)
			return 1;
	}
	return 0;
}

#endif
