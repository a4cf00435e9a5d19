/* Floor 4: how a site of this processor looks and how it is patched. The same names in every processor's folder. Constructor only. */
#ifndef SHIM_INTERCEPT_FORMS_H
#define SHIM_INTERCEPT_FORMS_H

#include "../sys/elf.h"

/* Executable memory of one object. Addresses are the live ones; `copy` is where the patched bytes are prepared. */
struct text_range {
	const unsigned char *start, *end;
	unsigned char *copy;
	struct elf_symbols symbols;
	intptr_t bias;
};

enum form {
	FORM_NONE,
	FORM_TAIL,
	FORM_BEFORE,
	FORM_SPECIAL_TAIL,
	FORM_SPECIAL_BEFORE
};

struct place {
	const unsigned char *at; /* the `syscall` */
	int number;              /* -1: not known for certain */
	int guess;               /* then what it probably is, for the choice of sites only; -1: no idea */
	enum form form;          /* FORM_NONE: nothing fits */
	const unsigned char *patch;
	unsigned length;         /* bytes that the patch covers */
	const void *tail;
};

/* The next site at or behind `from`, or 0 at the end. */
int forms_next(const struct text_range *text, const unsigned char *from, struct place *place);

/* Takes a slot, fills its row and writes the jump into the copy. 0: no slot is left, or it is too far away. */
int forms_patch(const struct text_range *text, const struct place *place);

/* A shadow stack is on, or the processor is otherwise unfit: why, static text; or NULL. */
const char *forms_unfit(void);

#endif
