/* Floor 1: the log as lines of text or JSON: what log.c hands on where it is no recording. */
#ifndef SHIM_RECORD_LOG_LINES_H
#define SHIM_RECORD_LOG_LINES_H

#include "log.h"
#include "../../format/text.h"

struct kernel_siginfo { /* the part that every signal has, and SI_USER's (asm-generic/siginfo.h) */
	int32_t signal, error, code, padding;
	int32_t pid, uid;
};

/* The program's own memory, for printers. */
struct text_memory lines_memory(void);

/* See log.h; now: clock_monotonic. */
void lines_begin(struct process *p, const struct text_call *call, struct log_ticket *ticket);
void lines_end(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now);
void lines_coalesced(struct process *p, const struct text_call *call);
void lines_batch(struct process *p, int fd, uint32_t writes, uint32_t bytes, const char *ended_by, uint64_t began, uint64_t now);
void lines_note(struct process *p, const char *note, uint64_t now);
void lines_signal(struct process *p, int signal, const struct kernel_siginfo *about, uint64_t now);
void lines_publish(struct process *p, uint64_t *came); /* came: in front of a call that may wait (process_release_before), else NULL */
void lines_trim(struct process *p);
void lines_resume_exec(struct process *p, uint64_t now);

enum json_kind { JSON_ENDED, JSON_INJECTED, JSON_BEGUN, JSON_COALESCED, JSON_RESUMED };

void lines_json(struct process *p, const struct text_call *call, enum json_kind kind, uint64_t began, uint64_t now);

#endif
