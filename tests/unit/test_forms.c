/* How the sites of libcs look (shim/intercept/x86_64/forms.c): byte sequences as glibc 2.31 to 2.43 have them, each with what must be made of it,
 * and near misses, of which nothing may be made. */
#include "shim/intercept/forms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FRONT = 1100, SIZE = 2400 };

/* The bytes among nops, the first at `FRONT`. */
struct code {
	unsigned char bytes[SIZE];
	struct text_range text;
};

static struct code code_of(const char *bytes, size_t size)
{
	static struct code c;

	memset(c.bytes, 0x90, SIZE);
	memcpy(c.bytes + FRONT, bytes, size);
	c.text = (struct text_range){.start = c.bytes, .end = c.bytes + SIZE};
	return c;
}

/* What is found in the sequence; the site's distance from its first byte. */
#define FOUND(sequence, place) found(sequence, sizeof(sequence) - 1, place)
static struct code current;

static int found(const char *bytes, size_t size, struct place *place)
{
	current = code_of(bytes, size);
	current.text.start = current.bytes;
	current.text.end = current.bytes + SIZE;
	return forms_next(&current.text, current.bytes, place);
}

static long at(const struct place *place)
{
	return place->at - (current.bytes + FRONT);
}

static long patch(const struct place *place)
{
	return place->patch - (current.bytes + FRONT);
}

/* Each place that is found must be borne out by its own bytes, and not by others. */
static void fits_its_own_bytes(const struct place *place)
{
	unsigned char piece[PIECE_SIZE];

	memcpy(piece, place->at - PIECE_FRONT, PIECE_SIZE);
	assert_true(forms_fits(piece, place));
	for (long i = place->patch - place->at; i < (long)place->length - (place->at - place->patch); i++) {
		memcpy(piece, place->at - PIECE_FRONT, PIECE_SIZE);
		piece[PIECE_FRONT + i] ^= 0x55;
		if (i >= 0 && i < 2)
			assert_false(forms_fits(piece, place));
	}
}

static void plain_sites(void **state)
{
	struct place p;

	/* write: mov $1,%eax; syscall; cmp $-4096,%rax */
	assert_true(FOUND("\xb8\x01\0\0\0\x0f\x05\x48\x3d\x00\xf0\xff\xff\x77\x10", &p));
	assert_int_equal(at(&p), 5);
	assert_int_equal(p.number, 1);
	assert_int_equal(p.form, FORM_TAIL);
	assert_int_equal(p.tail, TAIL_CMP_RAX_4096);
	assert_int_equal(patch(&p), 5);
	assert_int_equal(p.length, 8);
	fits_its_own_bytes(&p);
	/* read: xor %eax,%eax; syscall; cmp $-4095,%rax */
	assert_true(FOUND("\x31\xc0\x0f\x05\x48\x3d\x01\xf0\xff\xff\x73\x10", &p));
	assert_int_equal(p.number, 0);
	assert_int_equal(p.tail, TAIL_CMP_RAX_4095);
	fits_its_own_bytes(&p);
	/* read until glibc 2.31: test %eax,%eax; jne; syscall; cmp $-4096,%rax; the jne short or long */
	assert_true(FOUND("\x85\xc0\x75\x14\x0f\x05\x48\x3d\x00\xf0\xff\xff\x77\x5a", &p));
	assert_int_equal(p.number, 0);
	assert_int_equal(p.form, FORM_TAIL);
	fits_its_own_bytes(&p);
	assert_true(FOUND("\x85\xc0\x0f\x85\x00\x01\0\0\x0f\x05\x48\x3d\x00\xf0\xff\xff\x77\x5a", &p));
	assert_int_equal(p.number, 0);
	fits_its_own_bytes(&p);
	/* of another register it says nothing */
	assert_true(FOUND("\x85\xd2\x75\x14\x0f\x05\x48\x3d\x00\xf0\xff\xff\x77\x5a", &p));
	assert_int_equal(p.number, -1);
	/* ret and padding */
	assert_true(FOUND("\xb8\x27\0\0\0\x0f\x05\xc3\x66\x2e\x0f\x1f\x84\0\0\0\0\0", &p));
	assert_int_equal(p.form, FORM_TAIL);
	assert_int_equal(p.tail, TAIL_RET);
	fits_its_own_bytes(&p);
	/* an instruction that no tail executes: in front */
	assert_true(FOUND("\xb8\x03\0\0\0\x0f\x05\x89\xc3\x48\x83\xc4\x08", &p));
	assert_int_equal(p.form, FORM_BEFORE);
	assert_int_equal(patch(&p), 0);
	assert_int_equal(p.length, 5);
	fits_its_own_bytes(&p);
	/* the comparison is jumped to (jmp +0 to it from in front): not replaced */
	assert_true(FOUND("\xeb\x07\xb8\x03\0\0\0\x0f\x05\x48\x3d\x00\xf0\xff\xff", &p));
	assert_int_equal(p.form, FORM_BEFORE);
}

static void special_sites(void **state)
{
	struct place p;

	/* vfork and clone come back twice */
	assert_true(FOUND("\xb8\x3a\0\0\0\x0f\x05\x48\x3d\x01\xf0\xff\xff\x73\x10", &p));
	assert_int_equal(p.form, FORM_SPECIAL_TAIL);
	/* syscall(): the number is anything */
	assert_true(FOUND("\x4c\x8b\x4c\x24\x08\x0f\x05\x48\x3d\x01\xf0\xff\xff\x73\x01\xc3", &p));
	assert_int_equal(p.number, -1);
	assert_int_equal(p.form, FORM_SPECIAL_TAIL);
	/* rt_sigreturn works on the stack as it stands; a thread's exit has none */
	assert_true(FOUND("\x48\xc7\xc0\x0f\0\0\0\x0f\x05\x0f\x1f\x80\0\0\0\0", &p));
	assert_int_equal(p.form, FORM_NONE);
	assert_true(FOUND("\xb8\x3c\0\0\0\x0f\x05\xc3\x0f\x1f\x40\0", &p));
	assert_int_equal(p.form, FORM_NONE);
}

/* __syscall_cancel_arch up to its last mov: mov (%rdi),%eax; testb $8,(%rdi); jne; the arguments */
#define CANCEL_LOOK(bit)                                                                                                              \
	"\x8b\x07\xf6\x07" bit "\x0f\x85\xd5\x4b\xff\xff\x49\x89\xfb\x48\x89\xf0\x48\x89\xd7\x48\x89\xce\x4c\x89\xc2\x4d\x89\xca" \
	"\x4c\x8b\x44\x24\x08\x4c\x8b\x4c\x24\x10"

static void cancellation_of_glibc_2_41(void **state)
{
	struct place p;

	/* __internal_syscall_cancel: mov 0x10(%rsp),%rax; syscall; pop %rbx; ret */
	assert_true(FOUND("\x48\x8b\x44\x24\x10\x0f\x05\x5b\xc3\x0f\x1f\x80\0\0\0\0", &p));
	assert_int_equal(p.form, FORM_LOAD);
	assert_int_equal(p.number, -1);
	assert_int_equal(patch(&p), 0);
	assert_int_equal(p.length, 5);
	fits_its_own_bytes(&p);
	/* __syscall_cancel_arch: mov %r11,8(%rsp); syscall; ret; padding */
	assert_true(FOUND(CANCEL_LOOK("\x08") "\x4c\x89\x5c\x24\x08\x0f\x05\xc3\x66\x2e\x0f\x1f\x84\0\0\0\0\0", &p));
	assert_int_equal(p.form, FORM_CANCEL);
	assert_int_equal(patch(&p), sizeof(CANCEL_LOOK("\x08")) - 1);
	assert_int_equal(p.length, 12);
	fits_its_own_bytes(&p);
	/* no room behind its ret: left alone, for a jump into our text would hide it from pthread_cancel */
	assert_true(FOUND(CANCEL_LOOK("\x08") "\x4c\x89\x5c\x24\x08\x0f\x05\xc3\x66\x90\x48\x89\xe5\x41\x57", &p));
	assert_int_equal(p.form, FORM_NONE);
	/* nor where the look at the thread's flags is not the one that entry.S makes once more: another bit, none at all, other arguments in between */
	assert_true(FOUND(CANCEL_LOOK("\x04") "\x4c\x89\x5c\x24\x08\x0f\x05\xc3\x66\x2e\x0f\x1f\x84\0\0\0\0\0", &p));
	assert_int_equal(p.form, FORM_NONE);
	assert_true(FOUND("\x4c\x89\x5c\x24\x08\x0f\x05\xc3\x66\x2e\x0f\x1f\x84\0\0\0\0\0", &p));
	assert_int_equal(p.form, FORM_NONE);
	assert_true(FOUND(CANCEL_LOOK("\x08") "\x90\x4c\x89\x5c\x24\x08\x0f\x05\xc3\x66\x2e\x0f\x1f\x84\0\0\0\0\0", &p));
	assert_int_equal(p.form, FORM_NONE);
}

/* Debian's glibc 2.43: another function begins right behind the ret. sub $8,%rsp ... jmp; padding; other code; mov %r11,8(%rsp); syscall; ret; nop */
#define NEAR_SITE CANCEL_LOOK("\x08") "\x4c\x89\x5c\x24\x08\x0f\x05\xc3\x90"
#define OTHER_CODE "\xf3\x0f\x1e\xfa\xb8\x26\0\0\0\x31\xd2\x48\x83\xec\x08\xc3"
#define NEXT_FUNCTION "\x48\x83\xec\x08\xbf\x01\0\0\0\x48\x83\xc4\x08\xc3\x0f\x1f\x40\0"

static void cancellation_of_glibc_2_43(void **state)
{
	static const char bytes[] = "\x90\x90\x90\x90\x48\x83\xc4\x08\xc3\x0f\x1f\x80\0\0\0\0" OTHER_CODE "\x90\x90\x90\x90\x90\x90\x90" NEAR_SITE NEXT_FUNCTION;
	struct place room, p;

	/* the room's row comes first; a jump to us stands there before anybody is sent there */
	assert_true(FOUND(bytes, &room));
	assert_int_equal(room.form, FORM_ROOM);
	assert_int_equal(at(&room), 9);
	assert_int_equal(room.length, 5);
	fits_its_own_bytes(&room);
	assert_true(forms_next(&current.text, room.at + 2, &p));
	assert_int_equal(p.form, FORM_CANCEL_NEAR);
	assert_int_equal(p.number, -1);
	assert_int_equal(p.length, 9);
	fits_its_own_bytes(&p);
	/* the short jump, from behind itself */
	assert_ptr_equal(p.at + 4 + (int8_t)p.tail, room.at);
	/* padding behind what is no end of a function: a loop begins there, and it is executed. mov %rax,%rbx ends in c3 too */
	assert_true(FOUND("\x90\x90\x90\x90\x90\x90\x48\x89\xc3\x0f\x1f\x80\0\0\0\0" OTHER_CODE NEAR_SITE NEXT_FUNCTION, &p));
	assert_int_equal(p.form, FORM_NONE);
	/* and behind what begins as a jump would, too: mov %rax,%rbx again */
	assert_true(FOUND("\x90\x90\x90\x90\x90\x90\xe9\x01\x48\x89\xc3\x0f\x1f\x80\0\0\0\0" OTHER_CODE NEAR_SITE NEXT_FUNCTION, &p));
	assert_int_equal(p.form, FORM_NONE);
	/* a jump that leads nowhere is none */
	assert_true(FOUND("\x90\x90\x90\x90\xe9\x01\x02\x03\x04\x0f\x1f\x80\0\0\0\0" OTHER_CODE NEAR_SITE NEXT_FUNCTION, &p));
	assert_int_equal(p.form, FORM_NONE);
	/* four bytes are too few */
	assert_true(FOUND("\x90\x90\x90\x90\x48\x83\xc4\x08\xc3\x0f\x1f\x40\0" OTHER_CODE NEAR_SITE NEXT_FUNCTION, &p));
	assert_int_equal(p.form, FORM_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_sites),
		cmocka_unit_test(special_sites),
		cmocka_unit_test(cancellation_of_glibc_2_41),
		cmocka_unit_test(cancellation_of_glibc_2_43),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
