/* Sites on x86-64: `syscall` is 0f 05. What stands around it decides the form.
 *
 *   tail     syscall; cmp $-4095,%rax | cmp $-4096,%rax | the same of eax | ret and padding: replaced by a jump, the second instruction is
 *            executed by the slot's tail;
 *   before   mov $number,%eax; syscall: the mov is replaced, the syscall stays and is jumped over. Not where the mov is an exported
 *            function's first byte: a uprobe there would skip the call, and its detach would write the old byte into our jump;
 *   special  either of them for calls that make children, and for sites whose number is not known (libc's syscall());
 *   load     mov disp8(%rsp),%rax; syscall: special, the mov is replaced. From glibc 2.41 on all calls that can be cancelled are made
 *            here while there is one thread (nptl/cancellation.c, __internal_syscall_cancel);
 *   cancel   mov %r11,8(%rsp); syscall; ret and padding: where they are made with threads (syscall_cancel.S). A thread is cancelled
 *            when its program counter is between __syscall_cancel_arch_start and _end, so the kernel is entered at this very
 *            instruction: what stands before and behind it is replaced;
 *   near     the same where another function begins right behind the ret (glibc 2.43 as Debian builds it): a short jump in the place of the ret, to
 *   room     padding in front of it, behind a function's end, with a jump to us. Not between the two symbols: a thread whose call has come back would
 *            be cancelled there as if it had not been made.
 *
 * The instruction behind a replaced `syscall` must not be jumped to: whatever near the site looks like a jump there forbids the tail form,
 * also where it only looks like one (then `before` may still fit). A test disassembles the libc at hand and asks for all jumps. */
#include "../forms.h"
#include "../../sys/memory.h"
#include "../../../format/syscalls.h"
#include "../../sys/raw.h"

#include <emmintrin.h>

#include "../../sys/poison.h"

enum { NEAR = 512, GUESS = 96, MOV = 5, JUMP = 5, SHORT = 2 /* a short jump */, CANCEL_LOOK = 42 /* also in entry.S */, FUNCTION = 16 /* where functions begin */ };

static const unsigned char *find_syscall(const unsigned char *at, const unsigned char *end)
{
	const __m128i first = _mm_set1_epi8(0x0f), second = _mm_set1_epi8(0x05);

	for (; at + 17 <= end; at += 16) {
		__m128i a = _mm_loadu_si128((const void *)at), b = _mm_loadu_si128((const void *)(at + 1));
		int hits = _mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(a, first), _mm_cmpeq_epi8(b, second)));
		if (hits)
			return at + __builtin_ctz((unsigned)hits);
	}
	for (; at + 2 <= end; at++)
		if (at[0] == 0x0f && at[1] == 0x05)
			return at;
	return NULL;
}

/* The instruction behind the site that a tail can execute: its length, or 0. */
static unsigned tail_behind(const unsigned char *behind, const unsigned char *end, enum tail *tail)
{
	static const unsigned char below = 0x01, above = 0x00; /* -4095 = 01 f0 ff ff, -4096 = 00 f0 ff ff */

	if (end - behind < 8)
		return 0;
	unsigned wide = behind[0] == 0x48;
	const unsigned char *cmp = behind + wide;
	if (cmp[0] == 0x3d && (cmp[1] == below || cmp[1] == above) && cmp[2] == 0xf0 && cmp[3] == 0xff && cmp[4] == 0xff) {
		if (wide)
			*tail = cmp[1] == below ? TAIL_CMP_RAX_4095 : TAIL_CMP_RAX_4096;
		else
			*tail = cmp[1] == below ? TAIL_CMP_EAX_4095 : TAIL_CMP_EAX_4096;
		return 5 + wide;
	}
	/* ret, then at least two bytes of padding: nop, multi-byte nop, int3 */
	if (behind[0] == 0xc3 && ((behind[1] == 0x0f && behind[2] == 0x1f) || (behind[1] == 0x66 && (behind[2] == 0x90 || behind[2] == 0x0f ||
	    behind[2] == 0x66 || behind[2] == 0x2e)) || (behind[1] == 0x90 && behind[2] == 0x90) || (behind[1] == 0xcc && behind[2] == 0xcc))) {
		*tail = TAIL_RET;
		return 3;
	}
	return 0;
}

/* test %eax,%eax; jne: what is not taken leaves 0, which glibc's read used until 2.31. */
static int is_zero_known(const struct text_range *text, const unsigned char *at)
{
	long before = at - text->start;

	return (before >= 4 && at[-4] == 0x85 && at[-3] == 0xc0 && at[-2] == 0x75) ||
	       (before >= 8 && at[-8] == 0x85 && at[-7] == 0xc0 && at[-6] == 0x0f && at[-5] == 0x85);
}

/* The number, from the instruction directly in front: mov $imm32,%eax or xor %eax,%eax; or a test of it. */
static int number_before(const struct text_range *text, const unsigned char *at, unsigned *length)
{
	uint32_t number;

	*length = 0;
	if (at - text->start >= 5 && at[-5] == 0xb8) {
		__builtin_memcpy(&number, at - 4, 4);
		if (number < SYSCALL_LIMIT) {
			*length = 5;
			return (int)number;
		}
	}
	if ((at - text->start >= 2 && at[-2] == 0x31 && at[-1] == 0xc0) || is_zero_known(text, at))
		return 0;
	return -1;
}

/* mov disp8(%rsp),%rax; the displacement is from `*disp`. */
static int is_load(const struct text_range *text, const unsigned char *at, unsigned char *disp)
{
	if (at - text->start < MOV || at[-5] != 0x48 || at[-4] != 0x8b || at[-3] != 0x44 || at[-2] != 0x24 || !at[-1] || at[-1] > 0x7f)
		return 0;
	*disp = at[-1];
	return 1;
}

/* mov %r11,8(%rsp); syscall */
static int is_cancellation(const struct text_range *text, const unsigned char *at)
{
	static const unsigned char save[MOV] = {0x4c, 0x89, 0x5c, 0x24, 0x08};

	return at - text->start >= MOV && memcmp(at - MOV, save, MOV) == 0;
}

/* In front of it testb $8,(%rdi); jne; and the arguments brought to where the kernel wants them: entry.S goes back there, to the look, when a thread was
 * cancelled in our text. NB: a piece does not reach so far; its table does. */
static int looks_first(const struct text_range *text, const unsigned char *at)
{
	static const unsigned char look[] = {0xf6, 0x07, 0x08, 0x0f, 0x85};
	static const unsigned char rest[] = {0x49, 0x89, 0xfb, 0x48, 0x89, 0xf0, 0x48, 0x89, 0xd7, 0x48, 0x89, 0xce, 0x4c, 0x89, 0xc2, 0x4d,
					     0x89, 0xca, 0x4c, 0x8b, 0x44, 0x24, 0x08, 0x4c, 0x8b, 0x4c, 0x24, 0x10};

	return at - text->start >= CANCEL_LOOK && memcmp(at - CANCEL_LOOK, look, sizeof look) == 0 && memcmp(at - MOV - sizeof rest, rest, sizeof rest) == 0;
}

/* Four bytes of padding, or more. */
static int is_padding(const unsigned char *at)
{
	static const unsigned char pads[][4] = {{0x66, 0x2e, 0x0f, 0x1f}, {0x66, 0x0f, 0x1f, 0x44}, {0x0f, 0x1f, 0x40, 0x00}, {0x0f, 0x1f, 0x44, 0x00},
						{0x0f, 0x1f, 0x80, 0x00}, {0x0f, 0x1f, 0x84, 0x00}, {0x90, 0x90, 0x90, 0x90}, {0xcc, 0xcc, 0xcc, 0xcc}};

	for (unsigned i = 0; i < sizeof pads / sizeof *pads; i++)
		if (memcmp(at, pads[i], sizeof *pads) == 0)
			return 1;
	return 0;
}

/* The same, with a ret and four bytes of padding behind it. */
static int is_cancel(const struct text_range *text, const unsigned char *at)
{
	return is_cancellation(text, at) && text->end - at >= 2 + JUMP && at[2] == 0xc3 && is_padding(at + 3);
}

/* With a ret and padding of any length: nop, a longer nop's first byte, int3. */
static int is_cancel_near(const struct text_range *text, const unsigned char *at)
{
	return is_cancellation(text, at) && text->end - at >= 2 + JUMP && at[2] == 0xc3 &&
	       (at[3] == 0x90 || at[3] == 0xcc || (at[3] == 0x66 && at[4] == 0x90) || (at[3] == 0x0f && at[4] == 0x1f));
}

/* The compiler often puts other instructions between the mov and the syscall, or loads another register first, which is copied right in front
 * of it (_exit does). Which number it is cannot be known without decoding, so this only says whether the site is worth a slot. */
static int guess_before(const struct text_range *text, const unsigned char *at)
{
	unsigned char load = 0xb8, prefix = 0;
	uint32_t number;

	if (at - text->start >= 3 && at[-2] == 0x89 && (at[-1] & 0xc7) == 0xc0) {
		load = (unsigned char)(0xb8 | (at[-1] >> 3 & 7));
		prefix = at[-3] == 0x44 ? 0x41 : 0;
	}
	for (const unsigned char *back = at - 5; back > text->start && back > at - GUESS; back--) {
		if (*back != load || (prefix && back[-1] != prefix))
			continue;
		__builtin_memcpy(&number, back + 1, 4);
		if (number < SYSCALL_LIMIT)
			return (int)number;
	}
	return -1;
}

static int is_symbol(const struct text_range *text, const unsigned char *at)
{
	uint64_t value = (uint64_t)at - (uint64_t)text->bias;

	for (uint32_t i = 0; i < text->symbols.count; i++)
		if (text->symbols.symbols[i].st_value == value && text->symbols.symbols[i].st_shndx != SHN_UNDEF)
			return 1;
	return 0;
}

/* Does the instruction that may stand at `at` jump to `target`? */
static int jumps_to(const unsigned char *at, const unsigned char *target)
{
	int32_t far;

	if (at[0] == 0xe9 || at[0] == 0xe8) {
		__builtin_memcpy(&far, at + 1, 4);
		return at + 5 + far == target;
	}
	if (at[0] == 0x0f) {
		__builtin_memcpy(&far, at + 2, 4);
		return (at[1] & 0xf0) == 0x80 && at + 6 + far == target;
	}
	return at + 2 + (signed char)at[1] == target;
}

/* A bit for each of the 16 bytes that can begin a jump, a loop or a call: 70-7f, e0-e3, e8, e9, eb, 0f. */
static unsigned may_jump(const unsigned char *at)
{
	__m128i bytes = _mm_loadu_si128((const void *)at);
	__m128i high = _mm_cmpeq_epi8(_mm_and_si128(bytes, _mm_set1_epi8((char)0xf0)), _mm_set1_epi8(0x70));
	__m128i loops = _mm_cmpeq_epi8(_mm_and_si128(bytes, _mm_set1_epi8((char)0xfc)), _mm_set1_epi8((char)0xe0));
	__m128i near = _mm_cmpeq_epi8(_mm_and_si128(bytes, _mm_set1_epi8((char)0xfe)), _mm_set1_epi8((char)0xe8));
	__m128i rest = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)0xeb)), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x0f)));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(high, loops), _mm_or_si128(near, rest)));
}

/* Does anything near look like a jump to `target`? */
static int is_jumped_to(const struct text_range *text, const unsigned char *target)
{
	const unsigned char *low = target - text->start > NEAR ? target - NEAR : text->start;
	const unsigned char *high = text->end - target > NEAR + 32 ? target + NEAR : text->end - 32;

	for (const unsigned char *block = low; block < high; block += 16)
		for (unsigned bits = may_jump(block); bits; bits &= bits - 1)
			if (jumps_to(block + __builtin_ctz(bits), target))
				return 1;
	return 0;
}

/* A ret behind a pop or an add to the stack pointer. */
static int is_behind_return(const unsigned char *at)
{
	return at[-1] == 0xc3 && ((at[-2] >= 0x5b && at[-2] <= 0x5f) || (at[-5] == 0x48 && at[-4] == 0x83 && at[-3] == 0xc4));
}

/* Five bytes of padding or more behind an instruction that never goes on to the next. Five bytes in front can be read. Where a loop begins there is such
 * padding too, but behind other instructions. */
static int is_room(const unsigned char *at)
{
	unsigned char fifth = at[0] == 0x90 || at[0] == 0xcc ? at[0] : at[1] == 0x2e ? 0x84 : 0;

	return (at[-5] == 0xe9 || is_behind_return(at)) && is_padding(at) && at[4] == fifth && at[2] != 0x40 /* four bytes long */;
}

/* Does the jump in front of it lead to where a function begins? Else these bytes are something else. */
static int is_behind_jump(const struct text_range *text, const unsigned char *at)
{
	int32_t distance;

	memcpy(&distance, at - 4, sizeof distance);
	return distance >= text->start - at && distance < text->end - at && ((uintptr_t)at + (uintptr_t)(intptr_t)distance) % FUNCTION == 0;
}

/* The nearest room in front of a site that a short jump behind it reaches, or NULL. */
static const unsigned char *room_of(const struct text_range *text, const unsigned char *at)
{
	const unsigned char *behind = at + 2 + SHORT;

	for (const unsigned char *room = at - MOV - JUMP; behind - room <= 128 && room - text->start >= JUMP; room--)
		if (is_room(room) && (is_behind_return(room) || is_behind_jump(text, room)) && !is_jumped_to(text, room))
			return room;
	return NULL;
}

static int makes_children(int number)
{
	return number == __NR_clone || number == __NR_vfork || number == __NR_clone3;
}

int forms_next(const struct text_range *text, const unsigned char *from, struct place *place)
{
	const unsigned char *at = find_syscall(from, text->end);
	unsigned mov;

	if (!at)
		return 0;
	*place = (struct place){.at = at, .form = FORM_NONE};
	place->number = number_before(text, at, &mov);
	place->guess = place->number < 0 ? guess_before(text, at) : place->number;
	/* rt_sigreturn works on the caller's stack pointer, a thread's exit has no stack left: these stay as they are. */
	if (place->number == __NR_rt_sigreturn || place->number == __NR_exit)
		return 1;
	/* Rows come in the order of their addresses. */
	unsigned char disp;
	int looks = is_cancellation(text, at) && looks_first(text, at), cancel = looks && is_cancel(text, at);
	const unsigned char *room = looks && !cancel && is_cancel_near(text, at) ? room_of(text, at) : NULL;
	if (room && room >= from) {
		*place = (struct place){.at = room, .number = -1, .guess = -1, .form = FORM_ROOM, .patch = room, .length = JUMP, .tail = TAIL_PLAIN};
		return 1;
	}
	if (cancel || room || (is_load(text, at, &disp) && !is_symbol(text, at - MOV))) {
		place->guess = -1;
		place->patch = at - MOV;
		place->length = cancel ? MOV + 2 + JUMP : room ? MOV + 2 + SHORT : MOV;
		place->tail = cancel ? TAIL_RET : room ? (uint8_t)(room - (at + 2 + SHORT)) : TAIL_PLAIN;
		place->form = cancel ? FORM_CANCEL : room ? FORM_CANCEL_NEAR : FORM_LOAD;
		return 1;
	}
	/* Without room behind it, or the look in front, the instruction stays alone: from our text no thread would be cancelled. */
	if (is_cancellation(text, at))
		return 1;
	int special = place->number < 0 || makes_children(place->number);
	unsigned behind = tail_behind(at + 2, text->end, &place->tail);
	if (behind && !is_jumped_to(text, at + 2)) {
		place->patch = at;
		place->length = 2 + behind;
		place->form = special ? FORM_SPECIAL_TAIL : FORM_TAIL;
	} else if (mov && !is_symbol(text, at - mov)) {
		place->patch = at - mov;
		place->length = mov;
		place->tail = TAIL_PLAIN;
		place->form = special ? FORM_SPECIAL_BEFORE : FORM_BEFORE;
	}
	return 1;
}

int forms_fits(const unsigned char *piece, const struct place *place)
{
	const struct text_range text = {.start = piece, .end = piece + PIECE_SIZE};
	const unsigned char *at = piece + PIECE_FRONT;
	enum tail tail = TAIL_PLAIN;
	unsigned mov;

	if (place->form == FORM_ROOM)
		return is_room(at) && place->patch == place->at && place->length == JUMP;
	if (at[0] != 0x0f || at[1] != 0x05 || place->form == FORM_NONE || place->number != number_before(&text, at, &mov))
		return 0;
	unsigned char disp;
	if (place->form == FORM_CANCEL_NEAR)
		return place->at - place->patch == MOV && is_cancel_near(&text, at) && place->length == MOV + 2 + SHORT;
	if (form_is_any_number(place->form))
		return place->at - place->patch == MOV && (place->form == FORM_CANCEL ? is_cancel(&text, at) && place->length == MOV + 2 + JUMP :
											is_load(&text, at, &disp) && place->length == MOV);
	if (place->patch == place->at)
		return tail_behind(at + 2, text.end, &tail) + 2 == place->length && tail == place->tail;
	return mov && mov == place->length && place->at - place->patch == (long)mov && place->tail == TAIL_PLAIN;
}

struct site_row site_row_of(const struct text_range *text, const struct place *place)
{
	return (struct site_row){.at = (uint32_t)(place->at - text->start), .number = (int16_t)place->number, .guess = (int16_t)place->guess,
				 .form = (uint8_t)place->form, .tail = (uint8_t)place->tail,
				 .back = place->patch ? (uint8_t)(place->at - place->patch) : 0, .length = (uint8_t)place->length};
}
