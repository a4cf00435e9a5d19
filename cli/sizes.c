#include "sizes.h"

#include <inttypes.h>
#include <stdio.h>

static const uint64_t ends[SIZES - 1] = {100, 1 << 10, 10 << 10, 100 << 10, 1 << 20, 4 << 20, 10 << 20, 100 << 20, 1 << 30};
static const char *const names[SIZES] = {"0-100", "100-1K", "1K-10K", "10K-100K", "100K-1M", "1M-4M", "4M-10M", "10M-100M", "100M-1G", "1G+"};

const char *sizes_name(unsigned size)
{
	return names[size];
}

void sizes_add(uint64_t sizes[SIZES], uint64_t bytes)
{
	unsigned i = 0;

	while (i < SIZES - 1 && bytes > ends[i])
		i++;
	sizes[i]++;
}

void sizes_print(const char *before, const uint64_t sizes[SIZES])
{
	int any = 0;

	for (unsigned i = 0; i < SIZES; i++)
		if (sizes[i])
			printf("%s%s: %" PRIu64, any++ ? ", " : before, names[i], sizes[i]);
	if (any)
		putchar('\n');
}

void sizes_json(const char *name, const uint64_t sizes[SIZES])
{
	printf("\"%s\":{", name);
	for (unsigned i = 0; i < SIZES; i++)
		printf("%s\"%s\":%" PRIu64, i ? "," : "", names[i], sizes[i]);
	putchar('}');
}
