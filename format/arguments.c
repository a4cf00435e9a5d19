/* A call in strace's look: its name, each argument by its kind, its result. The program's memory is read in small pieces that never
 * cross a page, so that a string which ends where a mapping ends is read whole; what cannot be read is printed as an address. Frames stay
 * small: this may run on a coroutine's stack. */
#include "flags.h"

#include <linux/fcntl.h>

enum { PIECE = 128, PAGE = 4096, VECTOR_LIMIT = 32, STRING_LIMIT = 4095 /* PATH_MAX without its end, as strace */, NAME_LIMIT = 32 };
enum { SOCKET_FLAGS = 02004000, SOCKET_CLOEXEC = 02000000, SOCKET_NONBLOCK = 04000 };

static long read_some(const struct text_memory *memory, char *to, uint64_t from, size_t size)
{
	size_t in_page = PAGE - from % PAGE;

	return memory && memory->read ? memory->read(memory, to, from, size < in_page ? size : in_page) : -1;
}

static void address(struct text *out, uint64_t value)
{
	if (value)
		text_hex(out, value);
	else
		text_string(out, "NULL");
}

/* Bytes, in quotes, at most `limit` of them; what is longer gets an ellipsis. A string of `limit` has its end behind it. Nothing readable:
 * its address. */
static void quoted(struct text *out, uint64_t from, uint64_t size, uint64_t limit, int is_string, const struct text_memory *memory)
{
	char piece[PIECE + 1];
	uint64_t done = 0;
	char *start = out->at;

	text_char(out, '"');
	while (done < size && done < limit) {
		/* One byte more than is printed tells whether a digit follows an escape, or the string ends. */
		size_t most = limit - done < PIECE ? (size_t)(limit - done) : PIECE;
		long got = read_some(memory, piece, from + done, size - done > most ? most + 1 : (size_t)(size - done));
		if (got <= 0) {
			/* As strace: a string that cannot be read whole is an address. */
			out->at = start;
			address(out, from);
			return;
		}
		size_t length = 0;
		while (length < (size_t)got && !(is_string && !piece[length]))
			length++;
		int ended = length < (size_t)got;
		size_t shown = length < most ? length : most;
		/* NB: a piece that ends with its page may show an escape before a digit shorter than strace does. */
		text_escaped_before(out, piece, shown, shown < length ? piece[shown] : 0);
		done += shown;
		if (ended && shown == length)
			size = done;
	}
	text_char(out, '"');
	if (done < size)
		text_string(out, "...");
}

static void string(struct text *out, uint64_t from, uint64_t limit, const struct text_memory *memory)
{
	if (!from)
		text_string(out, "NULL");
	else
		quoted(out, from, limit + 1, limit, 1, memory);
}

static void buffer(struct text *out, uint64_t from, uint64_t size, const struct text_memory *memory)
{
	if (!from)
		text_string(out, "NULL");
	else if (!memory || !memory->data)
		text_string(out, size ? "\"\"..." : "\"\"");
	else
		quoted(out, from, size, memory->data, 0, memory);
}

static void vector(struct text *out, uint64_t from, uint64_t count, uint64_t total, const struct text_memory *memory)
{
	uint64_t piece[2];

	if (!from) {
		text_string(out, "NULL");
		return;
	}
	text_char(out, '[');
	for (uint64_t i = 0; i < count; i++) {
		if (i)
			text_string(out, ", ");
		if (i == VECTOR_LIMIT) {
			text_string(out, "...");
			break;
		}
		if (read_some(memory, (char *)piece, from + i * 16, 16) != 16) {
			address(out, from + i * 16);
			break;
		}
		uint64_t filled = piece[1] < total ? piece[1] : total;
		text_string(out, "{iov_base=");
		buffer(out, piece[0], filled, memory);
		text_string(out, ", iov_len=");
		text_unsigned(out, piece[1]);
		text_char(out, '}');
		total -= filled;
	}
	text_char(out, ']');
}

static uint64_t pointer_at(uint64_t from, const struct text_memory *memory, int *readable)
{
	uint64_t pointer = 0;

	*readable = read_some(memory, (char *)&pointer, from, 8) == 8;
	return pointer;
}

static void strings(struct text *out, uint64_t from, const struct text_memory *memory)
{
	int readable = 1;

	if (!from) {
		text_string(out, "NULL");
		return;
	}
	uint64_t pointer = pointer_at(from, memory, &readable);
	if (!readable) {
		address(out, from);
		return;
	}
	text_char(out, '[');
	for (unsigned i = 0; pointer; i++) {
		if (i)
			text_string(out, ", ");
		if (i == VECTOR_LIMIT) {
			text_string(out, "...");
			break;
		}
		string(out, pointer, NAME_LIMIT, memory);
		pointer = pointer_at(from + 8 * (i + 1), memory, &readable);
	}
	text_char(out, ']');
}

static void environment(struct text *out, uint64_t from, const struct text_memory *memory)
{
	uint64_t count = 0;
	int readable = 1;

	address(out, from);
	while (from && pointer_at(from + 8 * count, memory, &readable))
		count++;
	if (!from || !readable)
		return;
	text_string(out, " /* ");
	text_unsigned(out, count);
	text_string(out, count == 1 ? " var */" : " vars */");
}

static void open_flags(struct text *out, uint64_t flags, int with_access)
{
	static const char access[4][9] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
	int any = with_access;

	if (!with_access) {
		flags_text(out, ARG_OPEN_FLAGS, flags);
		return;
	}
	text_string(out, access[flags & 3]);
	uint64_t rest = flags_names(out, ARG_OPEN_FLAGS, flags & 0xfffffffcu, &any);
	if (rest) {
		text_char(out, '|');
		text_hex(out, rest);
	}
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

static void signal_number(struct text *out, uint64_t value)
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
	uint64_t rest = flags_names(out, ARG_CLONE_FLAGS, flags & ~0xffull, &any);

	if (rest) {
		if (any)
			text_char(out, '|');
		any = 1;
		text_hex(out, rest);
	}
	if (flags & 0xff || !any) {
		if (any)
			text_char(out, '|');
		signal_number(out, flags & 0xff);
	}
}

static unsigned members(uint64_t set)
{
	unsigned count = 0;

	for (; set; set &= set - 1)
		count++;
	return count;
}

static void signal_set(struct text *out, uint64_t from, const struct text_memory *memory)
{
	int readable, first = 1;
	uint64_t set = from ? pointer_at(from, memory, &readable) : 0;

	if (!from || !readable) {
		address(out, from);
		return;
	}
	/* As strace: a set with most signals in it is shown by what it lacks, and the names lose their SIG. */
	if (members(set) > 32) {
		text_char(out, '~');
		set = ~set;
	}
	text_char(out, '[');
	for (unsigned i = 1; i <= 64; i++)
		if (set >> (i - 1) & 1) {
			if (!first)
				text_char(out, ' ');
			first = 0;
			text_string(out, signal_name(i) + 3);
		}
	text_char(out, ']');
}

static void ipv6(struct text *out, const unsigned char *bytes)
{
	for (unsigned i = 0; i < 16; i += 2) {
		if (i)
			text_char(out, ':');
		unsigned value = (unsigned)bytes[i] << 8 | bytes[i + 1];
		int started = 0;
		for (int shift = 12; shift >= 0; shift -= 4)
			if (started || value >> shift & 15 || !shift) {
				started = 1;
				text_char(out, "0123456789abcdef"[value >> shift & 15]);
			}
	}
}

static void socket_address(struct text *out, uint64_t from, uint64_t length, const struct text_memory *memory)
{
	unsigned char piece[PIECE] = {0};
	long got = from && length >= 2 ? read_some(memory, (char *)piece, from, length < 112 ? length : 112) : -1;

	if (got < 2) {
		address(out, from);
		return;
	}
	unsigned family = piece[0] | (unsigned)piece[1] << 8;
	text_string(out, "{sa_family=");
	flags_value(out, ARG_DOMAIN, family);
	if (family == 1 && got > 2) {
		unsigned n = 0;
		text_string(out, piece[2] ? ", sun_path=" : ", sun_path=@");
		unsigned start = piece[2] ? 2 : 3;
		while (start + n < (unsigned)got && piece[start + n])
			n++;
		text_quoted(out, (const char *)piece + start, n);
	} else if (family == 2 && got >= 8) {
		text_string(out, ", sin_port=htons(");
		text_unsigned(out, (unsigned)piece[2] << 8 | piece[3]);
		text_string(out, "), sin_addr=inet_addr(\"");
		for (unsigned i = 4; i < 8; i++) {
			text_unsigned(out, piece[i]);
			text_string(out, i < 7 ? "." : "\")");
		}
	} else if (family == 10 && got >= 24) {
		text_string(out, ", sin6_port=htons(");
		text_unsigned(out, (unsigned)piece[2] << 8 | piece[3]);
		text_string(out, "), inet_pton(AF_INET6, \"");
		ipv6(out, piece + 8);
		text_string(out, "\")");
	}
	text_char(out, '}');
}

/* Does an open with these flags look at its mode? */
static int has_mode(const struct text_call *call, unsigned index)
{
	const struct syscall_row *row = syscall_row(call->number);

	if (!(row->flags & CALL_OPENS) || !index || row->kinds[index - 1] != ARG_OPEN_FLAGS)
		return 1;
	uint64_t flags = call->arguments[index - 1];
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

static int waits_for_result(enum argument_kind kind)
{
	return kind == ARG_OUT_PATH || kind == ARG_OUT_BUFFER || kind == ARG_IOV_OUT;
}

/* Numbers and names; 0: not one of these kinds. */
static int plain_argument(struct text *out, enum argument_kind kind, uint64_t value, int opens)
{
	switch (kind) {
	case ARG_INT:
		/* Offsets use all 64 bits; an int's sign stands in the lower half. */
		text_decimal(out, value >> 32 == 0 ? (int32_t)value : (int64_t)value);
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
	case ARG_HEX:
		text_hex(out, value);
		return 1;
	case ARG_MODE:
		text_octal(out, (uint32_t)value);
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
	case ARG_SOCKET_TYPE:
		socket_type(out, (uint32_t)value);
		return 1;
	case ARG_SIGNAL:
		signal_number(out, value);
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
	case ARG_MAP_FLAGS:
	case ARG_AT_FLAGS:
	case ARG_MSG_FLAGS:
	case ARG_WAIT_FLAGS:
		flags_text(out, kind, (uint32_t)value);
		return 1;
	case ARG_CLONE_FLAGS:
		clone_flags(out, value);
		return 1;
	default:
		return 0;
	}
}

static void memory_argument(struct text *out, const struct text_call *call, unsigned index, enum argument_kind kind,
			    const struct text_memory *memory)
{
	uint64_t value = call->arguments[index], next = index < 5 ? call->arguments[index + 1] : 0;
	uint64_t result = call->result > 0 ? (uint64_t)call->result : 0;
	int failed = (uint64_t)call->result >= -4095ull;

	switch (kind) {
	case ARG_PATH:
		string(out, value, STRING_LIMIT, memory);
		break;
	case ARG_STRING:
		string(out, value, STRING_LIMIT, memory);
		break;
	case ARG_IN_BUFFER:
		buffer(out, value, next, memory);
		break;
	case ARG_IOV_IN:
		vector(out, value, next, ~0ull, memory);
		break;
	case ARG_OUT_BUFFER:
		if (failed)
			address(out, value);
		else
			buffer(out, value, result, memory);
		break;
	case ARG_OUT_PATH:
		if (failed)
			address(out, value);
		else
			quoted(out, value, result, STRING_LIMIT, 1, memory);
		break;
	case ARG_IOV_OUT:
		vector(out, value, next, failed ? 0 : result, memory);
		break;
	case ARG_ARGV:
		strings(out, value, memory);
		break;
	case ARG_ENVP:
		environment(out, value, memory);
		break;
	case ARG_SIGSET:
		signal_set(out, value, memory);
		break;
	case ARG_SOCKADDR:
		socket_address(out, value, next, memory);
		break;
	default:
		address(out, value);
		break;
	}
}

/* Prints arguments from `from` up to the first that only the kernel's answer fills (all: none is left out). Returns how many there are
 * then. */
static unsigned arguments(struct text *out, const struct text_call *call, unsigned from, int all, const struct text_memory *memory)
{
	const struct syscall_row *row = syscall_row(call->number);
	unsigned index = from;

	for (; row && index < 6 && row->kinds[index] != ARG_NONE; index++) {
		enum argument_kind kind = row->kinds[index];
		if (!all && waits_for_result(kind))
			break;
		if (kind == ARG_MODE && !has_mode(call, index))
			continue;
		if (index)
			text_string(out, ", ");
		if (!plain_argument(out, kind, call->arguments[index], row->flags & CALL_OPENS))
			memory_argument(out, call, index, kind, memory);
	}
	return index;
}

static void call_name(struct text *out, const struct text_call *call)
{
	const char *name = syscall_name(call->number);

	if (name) {
		text_string(out, name);
		return;
	}
	text_string(out, "syscall_");
	text_hex(out, call->number);
}

static int returns_address(const char *name)
{
	static const char names[] = "mmap\0mremap\0brk\0shmat\0";

	for (const char *n = names; *n; n++) {
		const char *m = name;
		for (; *n && *n == *m; n++, m++)
			;
		if (!*n && !*m)
			return 1;
		while (*n)
			n++;
	}
	return 0;
}

unsigned text_call_enter(struct text *out, const struct text_call *call, const struct text_memory *memory)
{
	call_name(out, call);
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
	} else if (row && returns_address(syscall_name(call->number))) {
		text_hex(out, (uint64_t)call->result);
	} else {
		text_decimal(out, call->result);
	}
}

void text_call_leave(struct text *out, const struct text_call *call, unsigned printed, const struct text_memory *memory)
{
	arguments(out, call, printed, 1, memory);
	text_string(out, ") = ");
	result(out, call);
}

void text_call_resumed(struct text *out, const struct text_call *call)
{
	text_string(out, "<... ");
	call_name(out, call);
	text_string(out, " resumed>");
}
