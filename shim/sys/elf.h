/* Floor 0: the dynamic symbols of an object in memory (elf(5)). Pure reading, any context. */
#ifndef SHIM_SYS_ELF_H
#define SHIM_SYS_ELF_H

#include <elf.h>
#include <stdint.h>

struct elf_symbols {
	const char *names;
	const Elf64_Sym *symbols;
	uint32_t count; /* 0: none found */
	const uint32_t *hash; /* DT_GNU_HASH, or NULL */
};

/* `bias` is added to addresses that ld.so has not relocated in place (the vDSO's, and all of musl's). */
struct elf_symbols elf_symbols(intptr_t bias, const Elf64_Dyn *dynamic);

/* The defined symbol of that name, or NULL. */
const Elf64_Sym *elf_symbol(const struct elf_symbols *table, const char *name);

#endif
