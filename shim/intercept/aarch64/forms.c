/* The sites of libc on aarch64: none is rewritten. A table of sites is empty, and the constructor is told why. */
#include "../forms.h"

#include "../../sys/poison.h"

const char *forms_unfit(void)
{
	return "on this processor libc is not rewritten";
}

int forms_next(const struct text_range *text, const unsigned char *from, struct place *place)
{
	(void)text, (void)from, (void)place;
	return 0;
}

struct site_row site_row_of(const struct text_range *text, const struct place *place)
{
	(void)text, (void)place;
	return (struct site_row){0};
}

int forms_fits(const unsigned char *piece, const struct place *place)
{
	(void)piece, (void)place;
	return 0;
}

int forms_patch(const struct place *place, unsigned char *piece)
{
	(void)place, (void)piece;
	return 0;
}

int forms_see_threads(void)
{
	return 0;
}
