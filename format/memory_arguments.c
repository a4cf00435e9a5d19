/* Arguments that lie in the program's memory. It is read in small pieces, so that a string which ends where a mapping ends is read
 * whole; what cannot be read is printed as an address. This may run on a coroutine's stack: each printer has a small frame of its own,
 * which the compiler must not merge into its caller's, and is called as the last thing where it can be. */
#include "arguments.h"
#include "flags.h"

#define OWN_FRAME __attribute__((noinline))

enum { PIECE = 128, PAGE = 4096, STRING_LIMIT = 4095 /* PATH_MAX without its end, as strace */, NAME_LIMIT = 32 };
enum { INVERTED_FROM = 42 /* members of a signal set: two thirds of all, as strace */ };
enum { FAMILY_UNIX = 1, FAMILY_INET = 2, FAMILY_INET6 = 10 };

/* What lies on both sides of a page's end is asked for by halves: when the second cannot be read, the first is known all the same. */
static OWN_FRAME long read_halves(const struct text_memory *memory, char *to, uint64_t from, size_t size, size_t first)
{
	long got = memory->read(memory, to, from, first);

	if (got != (long)first)
		return got;
	got = memory->read(memory, to + first, from + first, size - first);
	return (long)first + (got > 0 ? got : 0);
}

static long read_some(const struct text_memory *memory, void *to, uint64_t from, size_t size)
{
	size_t in_page = PAGE - from % PAGE;

	if (!memory || !memory->read)
		return -1;
	return size <= in_page ? memory->read(memory, to, from, size) : read_halves(memory, to, from, size, in_page);
}

void text_address(struct text *out, uint64_t value)
{
	if (value)
		text_hex(out, value);
	else
		text_string(out, "NULL");
}

/* Where a list ends because its next member cannot be read, or is one too many. */
static void and_more(struct text *out, uint64_t unreadable)
{
	text_string(out, "...");
	if (!unreadable)
		return;
	text_string(out, " /* ");
	text_hex(out, unreadable);
	text_string(out, " */");
}

static int is_full(const struct text *out, const struct text_memory *memory)
{
	return memory && (size_t)(out->end - out->at) < memory->spare;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Bytes, in quotes, at most `limit` of them; what is longer gets an ellipsis. A string of `limit` has its end behind it. What cannot be
 * read whole is an address, as strace has it. */
static OWN_FRAME void quoted(struct text *out, uint64_t from, uint64_t size, uint64_t limit, int is_string,
			     const struct text_memory *memory)
{
	char few[2], *start = out->at;
	uint64_t at = from, end = from + least(size, limit);
	unsigned more = size > limit;

	text_char(out, '"');
	while (at != end && !out->cut) {
		if (is_full(out, memory)) {
			more = 1;
			break;
		}
		/* Pieces are read into the line itself, where their escapes, four characters for a byte at most, do not reach them; near the
		 * line's end by single bytes. One more than is printed tells whether a digit follows an escape, or the string ends. */
		uint64_t most = least(PIECE, (uint64_t)(out->end - out->at) / 5);
		char *piece = most < sizeof few ? few : out->at + 4 * most;
		if (most < sizeof few)
			most = sizeof few;
		long got = read_some(memory, piece, at, least(end - at + more, most));
		if (got <= 0) {
			out->at = start;
			text_address(out, from);
			return;
		}
		uint64_t length = is_string ? text_length_within(piece, (size_t)got) : (uint64_t)got;
		if (length < (uint64_t)got) {
			end = at + length;
			more = 0;
			if (memory->cut)
				memory->cut(memory, end + 1);
		}
		uint64_t shown = least(end - at, least(length, most - 1));
		text_escaped_before(out, piece, shown, shown < length ? piece[shown] : 0);
		at += shown;
	}
	text_string(out, more ? "\"..." : "\"");
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

/* filled: how many bytes the buffers hold together, negative: the kernel has filled none, and only their addresses are known. */
static OWN_FRAME void vector(struct text *out, uint64_t from, uint64_t count, int64_t filled, const struct text_memory *memory)
{
	uint64_t piece[2], at = from;

	if (!from) {
		text_string(out, "NULL");
		return;
	}
	for (; count; count--, at += 16) {
		int full = at == from + 16 * VECTOR_LIMIT || is_full(out, memory);
		if (full || read_some(memory, piece, at, 16) != 16) {
			if (at == from) {
				text_address(out, from);
				return;
			}
			and_more(out, full ? 0 : at);
			break;
		}
		text_string(out, at == from ? "[{iov_base=" : "{iov_base=");
		if (filled < 0) {
			text_address(out, piece[0]);
		} else {
			uint64_t size = piece[1] < (uint64_t)filled ? piece[1] : (uint64_t)filled;
			filled -= (int64_t)size;
			buffer(out, piece[0], size, memory);
		}
		text_string(out, ", iov_len=");
		text_unsigned(out, piece[1]);
		text_string(out, count > 1 ? "}, " : "}");
	}
	text_string(out, at == from ? "[]" : "]");
}

/* An array of pointers up to its NULL, some at a time: what reads them asks the kernel. They stand at the end of the line's room, behind its end meanwhile; a line without it
 * ends here. */
enum { POINTERS = 16, POINTERS_SIZE = 8 * POINTERS };

struct pointers {
	uint64_t at; /* of the next one */
	uint8_t next, count, readable, has_room;
};

static void pointers_begin(struct pointers *p, struct text *out, uint64_t from)
{
	*p = (struct pointers){from, 0, 0, 0, out->end - out->at > POINTERS_SIZE};
	if (p->has_room)
		out->end -= POINTERS_SIZE;
}

static void pointers_end(const struct pointers *p, struct text *out)
{
	if (p->has_room)
		out->end += POINTERS_SIZE;
}

static uint64_t pointer(const struct text *out, unsigned i)
{
	uint64_t value;

	__builtin_memcpy(&value, out->end + 8 * i, sizeof value);
	return value;
}

/* What stands behind the NULL is of no use. */
static void cut_behind_end(const struct pointers *p, const struct text *out, const struct text_memory *memory)
{
	for (unsigned i = 0; memory->cut && i + 1 < p->count; i++)
		if (!pointer(out, i)) {
			memory->cut(memory, p->at + 8 * (i + 1));
			return;
		}
}

/* The next one of `left` at most; 0 as well where it cannot be read. NB noipa: gcc 14 would keep the members in its caller's frame, beside the structure. */
static __attribute__((noinline, noipa)) uint64_t next_pointer(struct pointers *p, const struct text *out, const struct text_memory *memory, uint64_t left)
{
	if (p->next == p->count) {
		long got = p->has_room ? read_some(memory, out->end, p->at, 8 * least(left, POINTERS)) : -1;
		p->next = 0;
		p->count = (uint8_t)(got > 0 ? got / 8 : 0);
		if (p->count)
			cut_behind_end(p, out, memory);
	}
	p->readable = p->next < p->count;
	if (!p->readable)
		return 0;
	p->at += 8;
	return pointer(out, p->next++);
}

static OWN_FRAME void strings(struct text *out, uint64_t from, const struct text_memory *memory)
{
	struct pointers p;

	pointers_begin(&p, out, from);
	uint64_t next = from ? next_pointer(&p, out, memory, VECTOR_LIMIT + 1) : 0;
	if (!p.readable) {
		pointers_end(&p, out);
		text_address(out, from);
		return;
	}
	text_char(out, '[');
	for (unsigned i = 0; next || !p.readable; i++) {
		if (i)
			text_string(out, ", ");
		if (i == VECTOR_LIMIT || !p.readable) {
			and_more(out, p.readable ? 0 : p.at);
			break;
		}
		string(out, next, NAME_LIMIT, memory);
		next = next_pointer(&p, out, memory, VECTOR_LIMIT - i);
	}
	pointers_end(&p, out);
	text_char(out, ']');
}

static OWN_FRAME void environment(struct text *out, uint64_t from, const struct text_memory *memory)
{
	struct pointers p;
	uint64_t count = 0;

	text_address(out, from);
	pointers_begin(&p, out, from);
	while (from && next_pointer(&p, out, memory, POINTERS))
		count++;
	pointers_end(&p, out);
	if (!from || (!p.readable && !count))
		return;
	text_string(out, " /* ");
	text_unsigned(out, count);
	text_string(out, count == 1 ? " var" : " vars");
	text_string(out, p.readable ? " */" : ", unterminated */");
}

static unsigned members(uint64_t set)
{
	unsigned count = 0;

	for (; set; set &= set - 1)
		count++;
	return count;
}

static OWN_FRAME void signal_set(struct text *out, uint64_t from, const struct text_memory *memory)
{
	int first = 1;
	uint64_t set = 0;

	if (!from || read_some(memory, &set, from, sizeof set) != sizeof set) {
		text_address(out, from);
		return;
	}
	/* As strace: a set with most signals in it is shown by what it lacks, and the names lose their SIG. */
	if (members(set) >= INVERTED_FROM) {
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

static unsigned big_endian(const unsigned char *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

static void ipv4(struct text *out, const unsigned char *bytes)
{
	for (unsigned i = 0; i < 4; i++) {
		if (i)
			text_char(out, '.');
		text_unsigned(out, bytes[i]);
	}
}

/* The first of the longest runs of zero words, at least two of them. */
static unsigned longest_gap(const unsigned char *bytes, unsigned *length)
{
	unsigned at = 8, run = 0;

	*length = 1;
	for (unsigned i = 0; i < 8; i++) {
		run = big_endian(bytes + 2 * i) ? 0 : run + 1;
		if (run > *length) {
			*length = run;
			at = i + 1 - run;
		}
	}
	return at;
}

/* As inet_ntop(3): `::` for the gap, and an IPv4 address at the end where the rest says that it is one. */
static OWN_FRAME void ipv6(struct text *out, const unsigned char *bytes)
{
	unsigned length, gap = longest_gap(bytes, &length);
	int holds_ipv4 = gap == 0 && (length == 6 || (length == 5 && big_endian(bytes + 10) == 0xffff));

	for (unsigned i = 0; i < 8; i++) {
		if (i == gap) {
			text_string(out, "::");
			i += length - 1;
			continue;
		}
		if (i && i != gap + length)
			text_char(out, ':');
		if (i == 6 && holds_ipv4) {
			ipv4(out, bytes + 12);
			return;
		}
		unsigned value = big_endian(bytes + 2 * i);
		int shift = 12;
		while (shift && !(value >> shift))
			shift -= 4;
		for (; shift >= 0; shift -= 4)
			text_char(out, "0123456789abcdef"[value >> shift & 15]);
	}
}

static void port(struct text *out, const char *name, const unsigned char *bytes)
{
	text_string(out, name);
	text_unsigned(out, big_endian(bytes));
	text_char(out, ')');
}

/* sin6_flowinfo, sin6_addr, and sin6_scope_id where the address is long enough to have one. */
static void ipv6_rest(struct text *out, const unsigned char *address, int has_scope)
{
	text_string(out, ", sin6_flowinfo=htonl(");
	text_unsigned(out, big_endian(address + 4) << 16 | big_endian(address + 6));
	text_string(out, "), inet_pton(AF_INET6, \"");
	ipv6(out, address + 8);
	text_string(out, "\", &sin6_addr)");
	if (!has_scope)
		return;
	text_string(out, ", sin6_scope_id=");
	text_unsigned(out, address[24] | address[25] << 8 | address[26] << 16 | (uint32_t)address[27] << 24);
}

static OWN_FRAME void socket_address(struct text *out, uint64_t from, uint64_t length, const struct text_memory *memory)
{
	unsigned char piece[28] = {0}; /* an IPv6 address; a path is read where it stands */
	uint64_t size = length < 110 ? length : 110;
	uint64_t head = size < sizeof piece ? size : sizeof piece;
	char last;

	/* What is not there to its end is an address. */
	if (!from || (int32_t)length < 2 || read_some(memory, piece, from, head) != (long)head ||
	    (size > head && read_some(memory, &last, from + size - 1, 1) != 1)) {
		text_address(out, from);
		return;
	}
	unsigned family = piece[0] | (unsigned)piece[1] << 8;
	text_string(out, "{sa_family=");
	flags_value(out, ARG_DOMAIN, family);
	if (family == FAMILY_UNIX && size > 2) {
		/* A name that begins with a NUL is no path: its length is known, and a NUL does not end it. */
		unsigned abstract = !piece[2];
		text_string(out, abstract ? ", sun_path=@" : ", sun_path=");
		quoted(out, from + 2 + abstract, size - 2 - abstract, size, !abstract, memory);
	} else if (family == FAMILY_INET && size >= 8) {
		port(out, ", sin_port=htons(", piece + 2);
		text_string(out, ", sin_addr=inet_addr(\"");
		ipv4(out, piece + 4);
		text_string(out, "\")");
	} else if (family == FAMILY_INET6 && size >= 24) {
		port(out, ", sin6_port=htons(", piece + 2);
		ipv6_rest(out, piece, size > 24);
	}
	text_char(out, '}');
}

/* The first `count` 64-bit numbers of a struct of `size` bytes; 0: it is shorter or cannot be read, and its address is printed. */
static int words_at(struct text *out, uint64_t from, uint64_t size, uint64_t *words, unsigned count, const struct text_memory *memory)
{
	if (from && size >= count * 8 && read_some(memory, words, from, count * 8) == (long)count * 8)
		return 1;
	text_address(out, from);
	return 0;
}

static void member(struct text *out, const char *name, uint64_t address)
{
	text_string(out, name);
	text_address(out, address);
}

/* The members that the flags make use of, as strace does. */
static OWN_FRAME void clone_arguments(struct text *out, uint64_t from, uint64_t size, const struct text_memory *memory)
{
	enum { FLAGS, PIDFD, CHILD_TID, PARENT_TID, EXIT_SIGNAL, STACK, STACK_SIZE, TLS, MEMBERS };
	enum { USES_PIDFD = 0x1000, USES_PARENT_TID = 0x100000, USES_CHILD_TID = 0x1200000, USES_TLS = 0x80000 };
	uint64_t words[MEMBERS];

	if (!words_at(out, from, size, words, MEMBERS, memory))
		return;
	text_string(out, "{flags=");
	text_clone_flags(out, words[FLAGS]);
	if (words[FLAGS] & USES_PIDFD)
		member(out, ", pidfd=", words[PIDFD]);
	if (words[FLAGS] & USES_CHILD_TID)
		member(out, ", child_tid=", words[CHILD_TID]);
	if (words[FLAGS] & USES_PARENT_TID)
		member(out, ", parent_tid=", words[PARENT_TID]);
	text_string(out, ", exit_signal=");
	text_signal(out, words[EXIT_SIGNAL]);
	member(out, ", stack=", words[STACK]);
	text_string(out, ", stack_size=");
	text_hex(out, words[STACK_SIZE]);
	if (words[FLAGS] & USES_TLS)
		member(out, ", tls=", words[TLS]);
	text_char(out, '}');
}

static OWN_FRAME void open_how(struct text *out, uint64_t from, uint64_t size, const struct text_memory *memory)
{
	enum { FLAGS, MODE, RESOLVE, MEMBERS };
	enum { CREATES = 0100 /* O_CREAT */, TEMPORARY = 020000000 /* O_TMPFILE without O_DIRECTORY */ };
	uint64_t words[MEMBERS];

	if (!words_at(out, from, size, words, MEMBERS, memory))
		return;
	text_string(out, "{flags=");
	text_open_flags(out, words[FLAGS]);
	if (words[FLAGS] & (CREATES | TEMPORARY)) {
		text_string(out, ", mode=");
		text_octal(out, words[MODE]);
	}
	text_string(out, ", resolve=");
	text_hex(out, words[RESOLVE]);
	text_char(out, '}');
}

void text_memory_argument(struct text *out, const struct text_call *call, unsigned index, enum argument_kind kind,
			  const struct text_memory *memory)
{
	uint64_t value = call->arguments[index], next = index < 5 ? call->arguments[index + 1] : 0;
	uint64_t result = call->result > 0 ? (uint64_t)call->result : 0;
	int failed = (uint64_t)call->result >= -4095ull;

	switch (kind) {
	case ARG_PATH:
	case ARG_STRING:
		string(out, value, STRING_LIMIT, memory);
		break;
	case ARG_IN_BUFFER:
		buffer(out, value, next, memory);
		break;
	case ARG_IOV_IN:
		vector(out, value, next, INT64_MAX, memory);
		break;
	case ARG_OUT_BUFFER:
		if (failed)
			text_address(out, value);
		else
			buffer(out, value, least(result, next), memory); /* asked for a size, or with MSG_TRUNC, it says more than it fills */
		break;
	case ARG_OUT_PATH:
		if (failed)
			text_address(out, value);
		else
			quoted(out, value, result, STRING_LIMIT, 1, memory);
		break;
	case ARG_IOV_OUT:
		vector(out, value, next, failed ? -1 : call->result, memory);
		break;
	case ARG_IOV_THERE:
		vector(out, value, next, -1, memory);
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
	case ARG_CLONE_ARGS:
		clone_arguments(out, value, next, memory);
		break;
	case ARG_OPEN_HOW:
		open_how(out, value, next, memory);
		break;
	case ARG_SOCKADDR:
		socket_address(out, value, next, memory);
		break;
	default:
		text_address(out, value);
		break;
	}
}
