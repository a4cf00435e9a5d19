/* Dynamic symbols. Objects have a GNU hash table, by which names are found at once, or the classic one, which tells their number (nchain). */
#include "elf.h"
#include "memory.h"

#include "poison.h"

const void *elf_address(intptr_t bias, const Elf64_Dyn *entry)
{
	intptr_t address = (intptr_t)entry->d_un.d_ptr;

	return (const void *)(address < bias ? address + bias : address);
}

struct elf_symbols elf_symbols(intptr_t bias, const Elf64_Dyn *dynamic)
{
	struct elf_symbols t = {0};

	for (const Elf64_Dyn *d = dynamic; d->d_tag != DT_NULL; d++) {
		const void *at = elf_address(bias, d);
		if (d->d_tag == DT_STRTAB)
			t.names = at;
		else if (d->d_tag == DT_SYMTAB)
			t.symbols = at;
		else if (d->d_tag == DT_HASH)
			t.count = ((const uint32_t *)at)[1];
		else if (d->d_tag == DT_GNU_HASH)
			t.hash = at;
	}
	if (!t.names || !t.symbols)
		t = (struct elf_symbols){0};
	return t;
}

static const Elf64_Sym *match(const struct elf_symbols *table, uint32_t index, const char *name)
{
	const Elf64_Sym *symbol = &table->symbols[index];

	return symbol->st_shndx != SHN_UNDEF && string_equal(table->names + symbol->st_name, name) ? symbol : NULL;
}

static const Elf64_Sym *by_hash(const struct elf_symbols *table, const char *name)
{
	const uint32_t *t = table->hash, buckets = t[0], first = t[1], *bucket = t + 4 + 2 * t[2], *chain = bucket + buckets;
	uint32_t hash = 5381;

	for (const char *c = name; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	uint32_t index = bucket[hash % buckets];
	if (index < first)
		return NULL;
	for (;; index++) {
		const Elf64_Sym *found = (chain[index - first] | 1) == (hash | 1) ? match(table, index, name) : NULL;
		if (found || chain[index - first] & 1)
			return found;
	}
}

const Elf64_Sym *elf_symbol(const struct elf_symbols *table, const char *name)
{
	const Elf64_Sym *found = NULL;

	if (table->hash)
		return by_hash(table, name);
	for (uint32_t i = 0; i < table->count && !found; i++)
		found = match(table, i, name);
	return found;
}
