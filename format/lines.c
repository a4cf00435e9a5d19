/* The log's lines that are no call, and what may stand behind one. */
#include "text.h"

void text_batch_line(struct text *out, int fd, uint32_t writes, uint32_t bytes, const char *ended_by, uint64_t nanoseconds)
{
	text_string(out, "--- batch of ");
	text_unsigned(out, writes);
	text_string(out, " writes, ");
	text_unsigned(out, bytes);
	text_string(out, " bytes to ");
	text_decimal(out, fd);
	text_string(out, ", ended by ");
	text_string(out, ended_by);
	if (nanoseconds) {
		text_string(out, " <");
		text_seconds(out, nanoseconds);
		text_char(out, '>');
	}
	text_string(out, " ---\n");
}

enum { SI_USER = 0, SI_KERNEL = 128, SI_TKILL = -6 }; /* asm-generic/siginfo.h */

void text_signal_line(struct text *out, int signal, int code, int pid, int uid)
{
	const char *name = signal_name((unsigned)signal);

	text_string(out, "--- ");
	text_string(out, name ? name : "SIG?");
	text_string(out, " {si_signo=");
	text_string(out, name ? name : "SIG?");
	text_string(out, ", si_code=");
	if (code == SI_USER)
		text_string(out, "SI_USER");
	else if (code == SI_KERNEL)
		text_string(out, "SI_KERNEL");
	else if (code == SI_TKILL)
		text_string(out, "SI_TKILL");
	else
		text_decimal(out, code);
	if (code == SI_USER || code == SI_TKILL) {
		text_string(out, ", si_pid=");
		text_decimal(out, pid);
		text_string(out, ", si_uid=");
		text_decimal(out, uid);
	}
	text_string(out, "} ---\n");
}

void text_note_line(struct text *out, const char *note, size_t size)
{
	text_string(out, "+++ ");
	text_escaped(out, note, size);
	text_string(out, " +++\n");
}

void text_injected(struct text *out, int injected, int delayed)
{
	if (injected)
		text_string(out, " (INJECTED)");
	if (delayed)
		text_string(out, " (DELAYED)");
}
