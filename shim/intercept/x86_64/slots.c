/* The slots of entry.S: each patched site gets one, with its row. */
#include "../forms.h"
#include "../../sys/raw.h"
#include "../../sys/x86_64/sites.h"

#include "../../sys/poison.h"

enum { JUMP_SIZE = 5 };

static uint32_t taken_tail, taken_before, taken_special;

const char *forms_unfit(void)
{
	uint64_t status = 0;

	/* arch_prctl(ARCH_SHSTK_STATUS), Linux 6.6; older kernels say EINVAL. A jump and a ret of ours would not match a shadow stack. */
	if (RAW(__NR_arch_prctl, 0x5005, &status) == 0 && status)
		return "a shadow stack is on";
	return NULL;
}

static const void *tail_code(enum tail tail)
{
	switch (tail) {
	case TAIL_CMP_RAX_4095:
		return tail_cmp_rax_4095;
	case TAIL_CMP_RAX_4096:
		return tail_cmp_rax_4096;
	case TAIL_CMP_EAX_4095:
		return tail_cmp_eax_4095;
	case TAIL_CMP_EAX_4096:
		return tail_cmp_eax_4096;
	case TAIL_RET:
		return tail_ret;
	default:
		return tail_plain;
	}
}

/* from_end: the last is taken first. So the rows that most starts take of two neighbouring tables are neighbours. */
static int take_slot(const uint32_t *taken, uint32_t limit, int from_end, struct site *table, const char *slots, struct site **row, const char **slot)
{
	uint32_t which = from_end ? limit - 1 - *taken : *taken;

	if (*taken == limit)
		return 0;
	*row = &table[which];
	*slot = slots + SLOT_SIZE * which;
	return 1;
}

static int jump(unsigned char *bytes, const unsigned char *from, const char *to)
{
	int64_t distance = (int64_t)(to - (const char *)(from + JUMP_SIZE));
	int32_t offset = (int32_t)distance;

	if (distance != offset)
		return 0;
	bytes[0] = 0xe9;
	__builtin_memcpy(bytes + 1, &offset, 4);
	return 1;
}

static void know_cancel(const struct place *place)
{
	site_cancel = (struct site){.back = place->at + 2, .resume = place->at, .tail = tail_ret, .number = -1};
}

/* There is one such site in a libc; it may be tried again where the first way to write was refused. */
static int is_another(const struct place *place)
{
	return site_cancel.back && site_cancel.back != place->at + 2;
}

int forms_see_threads(void)
{
	return site_cancel.back != NULL;
}

static int patch_cancel(const struct place *place, unsigned char *piece)
{
	if (is_another(place) || !jump(piece, place->patch, slot_cancel) || !jump(piece + JUMP_SIZE + 2, place->at + 2, slot_cancelled))
		return 0;
	piece[JUMP_SIZE] = 0x0f;
	piece[JUMP_SIZE + 1] = 0x05;
	know_cancel(place);
	return 1;
}

/* Where a jump to us stands: without it nobody may be sent there. */
static const unsigned char *room;

static int patch_room(const struct place *place, unsigned char *piece)
{
	room = jump(piece, place->patch, slot_cancelled) ? place->at : NULL;
	return room != NULL;
}

static int patch_cancel_near(const struct place *place, unsigned char *piece)
{
	if (is_another(place) || !room || place->at + 4 + (int8_t)place->tail != room || !jump(piece, place->patch, slot_cancel))
		return 0;
	piece[JUMP_SIZE] = 0x0f;
	piece[JUMP_SIZE + 1] = 0x05;
	piece[JUMP_SIZE + 2] = 0xeb;
	piece[JUMP_SIZE + 3] = (unsigned char)place->tail;
	know_cancel(place);
	return 1;
}

int forms_patch(const struct place *place, unsigned char *piece)
{
	if (place->form == FORM_CANCEL)
		return patch_cancel(place, piece);
	if (place->form == FORM_ROOM)
		return patch_room(place, piece);
	if (place->form == FORM_CANCEL_NEAR)
		return patch_cancel_near(place, piece);
	int load = place->form == FORM_LOAD;
	int before = place->form == FORM_BEFORE || place->form == FORM_SPECIAL_BEFORE || load;
	int special = place->form == FORM_SPECIAL_TAIL || place->form == FORM_SPECIAL_BEFORE || load;
	struct site *row;
	const char *slot;
	uint32_t *taken = place->form == FORM_TAIL ? &taken_tail : place->form == FORM_BEFORE ? &taken_before : &taken_special;

	if (place->form == FORM_TAIL ? !take_slot(taken, SITES_TAIL, 0, sites_tail, slots_tail, &row, &slot) :
	    place->form == FORM_BEFORE ? !take_slot(taken, SITES_BEFORE, 1, sites_before, slots_before, &row, &slot) :
					 !take_slot(taken, SITES_SPECIAL, 0, sites_special, slots_special, &row, &slot))
		return 0;
	int number = special || before ? place->number : -1;
	if (load)
		number = ~piece[PIECE_FRONT - 1];
	if (!jump(piece, place->patch, slot))
		return 0;
	*row = (struct site){
		.back = place->at + 2,
		.resume = before ? place->at + 2 : place->patch + place->length,
		.tail = tail_code(place->tail),
		.kernel = special_doors + DOOR_SIZE * *taken,
		.number = number,
	};
	++*taken;
	/* What is left of a longer instruction is never reached; int3 says so if it is. */
	for (unsigned i = JUMP_SIZE; i < place->length; i++)
		piece[i] = 0xcc;
	return 1;
}
