/* Floor 6: how a site of this processor looks and how it is patched. The same names in every processor's folder. Constructor only. */
#ifndef SHIM_INTERCEPT_FORMS_H
#define SHIM_INTERCEPT_FORMS_H

#include "../sys/elf.h"
#include "tables.h"

/* Executable memory of one object. Addresses are the live ones; `copy` is where the patched bytes are written: the text itself, or what will be
 * moved in its place. */
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
	FORM_SPECIAL_BEFORE,
	FORM_LOAD,  /* number loaded from the stack right in front: all cancellable calls of glibc from 2.41 */
	FORM_CANCEL, /* glibc's cancellation looks whether the program counter is at this `syscall`: it stays, we stand before and behind it */
	FORM_CANCEL_NEAR, /* the same with no room behind it but for a short jump, to a FORM_ROOM: its `tail` is how far */
	FORM_ROOM   /* no site: padding that nobody reaches, whose row comes before */
};

/* Sites whose number only the call itself tells, and which carry calls of every kind. */
static inline int form_is_any_number(enum form form)
{
	return form == FORM_LOAD || form == FORM_CANCEL || form == FORM_CANCEL_NEAR;
}

/* Or what such a site needs. */
static inline int form_is_for_any_number(enum form form)
{
	return form_is_any_number(form) || form == FORM_ROOM;
}

/* The instruction behind the site that is executed in its place. */
enum tail {
	TAIL_PLAIN, /* none */
	TAIL_CMP_RAX_4095,
	TAIL_CMP_RAX_4096,
	TAIL_CMP_EAX_4095,
	TAIL_CMP_EAX_4096,
	TAIL_RET
};

struct place {
	const unsigned char *at; /* the `syscall`, or the room */
	int number;              /* -1: not known for certain */
	int guess;               /* then what it probably is, for the choice of sites only; -1: no idea */
	enum form form;          /* FORM_NONE: nothing fits */
	const unsigned char *patch;
	unsigned length;         /* bytes that the patch covers */
	enum tail tail;
};

/* The next site at or behind `from`, or 0 at the end. */
int forms_next(const struct text_range *text, const unsigned char *from, struct place *place);

struct site_row site_row_of(const struct text_range *text, const struct place *place);

/* Do the bytes around a site, PIECE_FRONT of them in front of its `syscall`, fit what a table says of it? */
enum { PIECE_FRONT = 8, PIECE_SIZE = 24 };
int forms_fits(const unsigned char *piece, const struct place *place);

/* Takes a slot, fills its row and puts in place of the piece's first bytes the place->length bytes that are to stand at place->patch. 0: no
 * slot is left, or it is too far away. */
int forms_patch(const struct place *place, unsigned char *piece);

/* Was the site of the calls that threads may be cancelled in (FORM_CANCEL, FORM_CANCEL_NEAR) among those that were patched? */
int forms_see_threads(void);

/* A shadow stack is on, or the processor is otherwise unfit: why, static text; or NULL. */
const char *forms_unfit(void);

#endif
