/* A call in strace's look: its name, each argument by its kind, its result. Here are the numbers and names; what lies in the program's
 * memory is printed by memory_arguments.c. Frames stay small: this may run on a coroutine's stack. */
#include "arguments.h"
#include "flags.h"

#include <asm/unistd.h>
#include <linux/fcntl.h>

enum { SOCKET_FLAGS = 02004000, SOCKET_CLOEXEC = 02000000, SOCKET_NONBLOCK = 04000 };

/* strace gives a mode three digits at least; the kernel looks at sixteen bits. */
static void mode(struct text *out, uint16_t value)
{
	if (value < 8)
		text_string(out, value ? "0" : "00");
	text_octal(out, value);
}

static void one_more(struct text *out, int *any, const char *name)
{
	if ((*any)++)
		text_char(out, '|');
	text_string(out, name);
}

static void without_name(struct text *out, int *any, uint64_t rest)
{
	if (!rest)
		return;
	one_more(out, any, "");
	text_hex(out, rest);
}

static void open_flags(struct text *out, uint64_t flags, int with_access)
{
	static const char access[4][sizeof "O_ACCMODE"] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
	int any = with_access;

	if (!with_access) {
		flags_text(out, ARG_OPEN_FLAGS, flags);
		return;
	}
	text_string(out, access[flags & 3]);
	without_name(out, &any, flags_names(out, ARG_OPEN_FLAGS, flags & ~3ull, &any));
}

void text_open_flags(struct text *out, uint64_t flags)
{
	open_flags(out, flags, 1);
}

void text_clone_flags(struct text *out, uint64_t flags)
{
	enum { CLEAR_SIGHAND = 1, INTO_CGROUP = 2 };
	int any = 0;
	uint64_t rest = flags_names(out, ARG_CLONE_FLAGS, (uint32_t)flags, &any), high = flags >> 32;

	if (high & CLEAR_SIGHAND)
		one_more(out, &any, "CLONE_CLEAR_SIGHAND");
	if (high & INTO_CGROUP)
		one_more(out, &any, "CLONE_INTO_CGROUP");
	without_name(out, &any, rest | (high & ~(uint64_t)(CLEAR_SIGHAND | INTO_CGROUP)) << 32);
	if (!any)
		text_char(out, '0');
}

static void socket_type(struct text *out, uint64_t type)
{
	uint64_t kind = type & ~(uint64_t)SOCKET_FLAGS;

	if (kind || !(type & SOCKET_FLAGS))
		flags_value(out, ARG_SOCKET_TYPE, kind);
	if (type & SOCKET_CLOEXEC)
		text_string(out, kind ? "|SOCK_CLOEXEC" : "SOCK_CLOEXEC");
	if (type & SOCKET_NONBLOCK)
		text_string(out, kind || type & SOCKET_CLOEXEC ? "|SOCK_NONBLOCK" : "SOCK_NONBLOCK");
}

void text_signal(struct text *out, uint64_t value)
{
	const char *name = signal_name((unsigned)value);

	if (name)
		text_string(out, name);
	else
		text_decimal(out, (int32_t)value);
}

static void clone_flags(struct text *out, uint64_t flags)
{
	int any = 0;

	without_name(out, &any, flags_names(out, ARG_CLONE_FLAGS, flags & ~0xffull, &any));
	if (flags & 0xff || !any) {
		one_more(out, &any, "");
		text_signal(out, flags & 0xff);
	}
}

/* futex(2): what is done, and two bits that go with it. */
enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_PRIVATE = 128, FUTEX_REALTIME = 256, FUTEX_DOES = 127 };

static void futex(struct text *out, uint32_t value)
{
	flags_value(out, ARG_FUTEX, value & ~(uint32_t)(FUTEX_PRIVATE | FUTEX_REALTIME));
	if (value & FUTEX_PRIVATE)
		text_string(out, "_PRIVATE");
	if (value & FUTEX_REALTIME)
		text_string(out, "|FUTEX_CLOCK_REALTIME");
}

/* Calls give one bit a meaning of their own. */
static void at_flags(struct text *out, enum argument_kind kind, uint64_t flags)
{
	int any = 0;
	uint64_t rest = flags_names(out, ARG_AT_FLAGS, flags, &any);

	without_name(out, &any, kind == ARG_AT_FLAGS ? rest : flags_names(out, kind, rest, &any));
	if (!any)
		text_char(out, '0');
}

/* The upper half of an offset, which a processor of 64 bits has in one argument. */
static int is_upper_half(uint64_t number, unsigned index)
{
	return index == 4 && (number == __NR_preadv || number == __NR_pwritev || number == __NR_preadv2 || number == __NR_pwritev2);
}

/* Does the kernel look at this argument? An open's mode and a command's own argument are what happened to stand in the register where
 * the one before does not ask for it. */
static int is_looked_at(const struct text_call *call, const struct syscall_row *row, unsigned index)
{
	uint64_t before = index ? call->arguments[index - 1] : 0;
	enum argument_kind kind = index ? row->kinds[index - 1] : ARG_NONE;

	if (kind == ARG_OPEN_FLAGS && row->kinds[index] == ARG_MODE && row->flags & CALL_OPENS)
		return before & O_CREAT || (before & O_TMPFILE) == O_TMPFILE;
	if (is_upper_half(call->number, index))
		return 0;
	if (index > 1 && row->kinds[1] == ARG_QUEUE_FLAGS)
		return (call->arguments[1] & O_CREAT) != 0;
	/* Of its six a wait has four, and who wakes three. */
	if (index > 2 && row->kinds[1] == ARG_FUTEX) {
		uint32_t does = call->arguments[1] & FUTEX_DOES;
		return does == FUTEX_WAIT ? index < 4 : does != FUTEX_WAKE;
	}
	if (kind != ARG_FCNTL)
		return 1;
	switch ((uint32_t)before) {
	case F_GETFD:
	case F_GETFL:
	case F_GETOWN:
	case F_GETSIG:
	case F_GETLEASE:
	case F_GETPIPE_SZ:
	case F_GET_SEALS:
		return 0;
	default:
		return 1;
	}
}

static int waits_for_result(enum argument_kind kind)
{
	return kind == ARG_OUT_PATH || kind == ARG_OUT_BUFFER || kind == ARG_IOV_OUT;
}

/* Numbers and names; 0: not one of these kinds. Its frame is not to be its caller's, which stands while memory is read. */
static __attribute__((noinline)) int plain_argument(struct text *out, enum argument_kind kind, uint64_t value, int opens)
{
	switch (kind) {
	case ARG_INT:
		/* The sign of an int stands in the lower half; what is wider uses all bits. */
		text_decimal(out, value >> 32 == 0 ? (int32_t)value : (int64_t)value);
		return 1;
	case ARG_OFFSET:
		text_decimal(out, (int64_t)value);
		return 1;
	case ARG_FD:
		text_decimal(out, (int32_t)value);
		return 1;
	case ARG_DIRFD:
		if ((int32_t)value == AT_FDCWD)
			text_string(out, "AT_FDCWD");
		else
			text_decimal(out, (int32_t)value);
		return 1;
	case ARG_UNSIGNED:
		text_unsigned(out, value);
		return 1;
	case ARG_ID:
		text_decimal(out, (uint32_t)value == UINT32_MAX ? -1 : (int64_t)(uint32_t)value);
		return 1;
	case ARG_HEX:
		text_hex(out, value);
		return 1;
	case ARG_MODE:
		mode(out, (uint16_t)value);
		return 1;
	case ARG_QUEUE_FLAGS:
		open_flags(out, (uint32_t)value, 1);
		return 1;
	case ARG_OPEN_FLAGS:
		open_flags(out, (uint32_t)value, opens);
		return 1;
	case ARG_WHENCE:
	case ARG_FCNTL:
	case ARG_DOMAIN:
	case ARG_HOW:
	case ARG_CLOCK:
		flags_value(out, kind, (uint32_t)value);
		return 1;
	case ARG_FUTEX:
		futex(out, (uint32_t)value);
		return 1;
	case ARG_SOCKET_TYPE:
		socket_type(out, (uint32_t)value);
		return 1;
	case ARG_SIGNAL:
		text_signal(out, value);
		return 1;
	case ARG_ACCESS:
		if (value)
			flags_text(out, kind, (uint32_t)value);
		else
			text_string(out, "F_OK");
		return 1;
	case ARG_PROT:
		if (value)
			flags_text(out, kind, (uint32_t)value);
		else
			text_string(out, "PROT_NONE");
		return 1;
	case ARG_AT_FLAGS:
	case ARG_UNLINK_FLAGS:
	case ARG_ACCESS_FLAGS:
	case ARG_HANDLE_FLAGS:
		at_flags(out, kind, (uint32_t)value);
		return 1;
	case ARG_MAP_FLAGS:
	case ARG_MSG_FLAGS:
	case ARG_WAIT_FLAGS:
		flags_text(out, kind, (uint32_t)value);
		return 1;
	case ARG_CLONE_FLAGS:
		clone_flags(out, value);
		return 1;
	case ARG_UNSHARE_FLAGS:
		text_clone_flags(out, value);
		return 1;
	default:
		return 0;
	}
}

/* 1: it is printed. Apart: its caller keeps nothing for it on the stack. */
static __attribute__((noinline)) int is_plain(struct text *out, const struct text_call *call, unsigned index)
{
	const struct syscall_row *row = syscall_row(call->number);

	return plain_argument(out, row->kinds[index], call->arguments[index], row->flags & CALL_OPENS);
}

/* Prints arguments from `from` up to the first that only the kernel's answer fills (all: none is left out). Returns how many there are
 * then. */
static unsigned arguments(struct text *out, const struct text_call *call, unsigned from, int all, const struct text_memory *memory)
{
	const struct syscall_row *row = syscall_row(call->number);
	unsigned index = from;

	for (; row && index < 6 && row->kinds[index] != ARG_NONE; index++) {
		if (!all && waits_for_result(row->kinds[index]))
			break;
		if (!is_looked_at(call, row, index))
			continue;
		if (index)
			text_string(out, ", ");
		if (!is_plain(out, call, index))
			text_memory_argument(out, call, index, row->kinds[index], memory);
		else if (memory->descriptor && (row->kinds[index] == ARG_FD || row->kinds[index] == ARG_DIRFD))
			memory->descriptor(memory, out, (int32_t)call->arguments[index], 0);
	}
	return index;
}

void text_call_name(struct text *out, const struct text_call *call)
{
	const char *name = syscall_name(call->number);

	if (name) {
		text_string(out, name);
		return;
	}
	text_string(out, "syscall_");
	text_hex(out, call->number);
}

void text_row_name(struct text *out, unsigned row)
{
	struct text_call call = {.number = row};

	if (row == SYSCALL_LIMIT - 1)
		text_string(out, "other");
	else
		text_call_name(out, &call);
}

unsigned text_call_enter(struct text *out, const struct text_call *call, const struct text_memory *memory)
{
	text_call_name(out, call);
	text_char(out, '(');
	if (syscall_row(call->number))
		return arguments(out, call, 0, 0, memory);
	for (unsigned i = 0; i < 6; i++) {
		if (i)
			text_string(out, ", ");
		text_hex(out, call->arguments[i]);
	}
	return 6;
}

static void value(struct text *out, const struct text_call *call)
{
	switch (call->number) {
	case __NR_mmap:
	case __NR_mremap:
	case __NR_brk:
	case __NR_shmat:
		text_hex(out, (uint64_t)call->result);
		break;
	case __NR_umask:
		mode(out, (uint16_t)call->result);
		break;
	default:
		text_decimal(out, call->result);
		break;
	}
}

/* The kernel's own restart codes are never seen by a program, but by us when a call is interrupted under a tracer. */
static void result(struct text *out, const struct text_call *call)
{
	const struct syscall_row *row = syscall_row(call->number);
	uint64_t error = -(uint64_t)call->result;

	if (row && row->flags & CALL_NORETURN) {
		text_char(out, '?');
	} else if (error - 1 < 4095) {
		const char *name = errno_name((unsigned)error), *text = errno_text((unsigned)error);
		text_string(out, "-1 ");
		if (name) {
			text_string(out, name);
		} else {
			text_string(out, "ERRNO_");
			text_unsigned(out, error);
		}
		if (text) {
			text_string(out, " (");
			text_string(out, text);
			text_char(out, ')');
		}
	} else {
		value(out, call);
	}
}

static int returns_descriptor(const struct text_call *call)
{
	const struct syscall_row *row = syscall_row(call->number);

	switch (call->number) {
	case __NR_dup:
#ifdef __NR_dup2
	case __NR_dup2:
#endif
	case __NR_dup3:
		return 1;
	case __NR_fcntl:
		return call->arguments[1] == F_DUPFD || call->arguments[1] == F_DUPFD_CLOEXEC;
	default:
		return row && row->flags & CALL_OPENS;
	}
}

void text_call_leave(struct text *out, const struct text_call *call, unsigned printed, const struct text_memory *memory)
{
	arguments(out, call, printed, 1, memory);
	text_string(out, ") = ");
	result(out, call);
	if (memory->descriptor && call->result >= 0 && returns_descriptor(call))
		memory->descriptor(memory, out, (int)call->result, 1);
}

void text_call_resumed(struct text *out, const struct text_call *call)
{
	text_string(out, "<... ");
	text_call_name(out, call);
	text_string(out, " resumed>");
}
