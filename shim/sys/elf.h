/* Floor 0: dynamic symbols and notes of an object in memory (elf(5)). Pure reading, any context. */
#ifndef SHIM_SYS_ELF_H
#define SHIM_SYS_ELF_H

#include <elf.h>
#include <stdint.h>

struct elf_symbols {
	const char *names;
	const Elf64_Sym *symbols;
	uint32_t count; /* by DT_HASH, or 0 */
	const uint32_t *hash; /* DT_GNU_HASH, or NULL */
};

/* `bias` is added to addresses that ld.so has not relocated in place (the vDSO's, and all of musl's). */
struct elf_symbols elf_symbols(intptr_t bias, const Elf64_Dyn *dynamic);

/* The defined symbol of that name, or NULL. */
const Elf64_Sym *elf_symbol(const struct elf_symbols *table, const char *name);

/* An address of a dynamic section: ld.so has written it over an offset, except in the vDSO, and musl's has not. */
const void *elf_address(intptr_t bias, const Elf64_Dyn *entry);

#endif
