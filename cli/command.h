/* The sysshim command: what its files share. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <elf.h>
#include <stddef.h>

/* Exit statuses of our own; a program started by `run` keeps its own. 125..127 as env(1) and nohup(1). */
enum { EXIT_FINE = 0, EXIT_FOUND = 1, EXIT_USAGE = 2, EXIT_OURS = 125, EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

struct command {
	const char *name, *summary;
	int (*run)(int argc, char **argv);
	const char *help; /* what --help prints; completion reads the options from it */
};

extern const struct command commands[]; /* main.c; ends with a NULL name */

int command_run(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_stat(int argc, char **argv);
int command_files(int argc, char **argv);
int command_top(int argc, char **argv);
int command_diff(int argc, char **argv);
int command_report(int argc, char **argv);
int command_show(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_completion(int argc, char **argv);
extern const char run_help[], trace_help[], stat_help[], files_help[], top_help[], diff_help[], report_help[], show_help[], doctor_help[], completion_help[];

/* As getopt_long(3); what is wrong is said, and '?' returned. letters: begin with ':', or "+:". */
struct option;
int next_option(int argc, char **argv, const char *letters, const struct option *options);

/* In a line of a command's help, from behind an option's name: the next one that stands beside it, or NULL. */
const char *option_beside(const char *at);

/* One rule of run --inject goes to SYSSHIM_INJECT, behind those that stand there; 0: it is wrong, which was said. */
int inject_add(const char *rule);
/* The same of strace's -e fault=SET[:error=E][:when=...]: ENOSYS unless the rule has an answer. */
int inject_fault(const char *rule);

/* The absolute path of libsysshim.so: SYSSHIM_LIBRARY, beside the command, or in the library folder beside it. NULL: nowhere; said. */
const char *library_path(void);

/* Of sysshim-tracer, which is installed beside the command or in the folder for such programs; NULL: nowhere. */
const char *tracer_path(void);

/* run --trace-static: can it be done? 0: no, which was said. */
int can_trace(int has_recording);
/* Starts the tracer of what this process is about to execute: its process number, which is to be killed where the exec fails; or 0: there is none,
 * which was said. record: a folder, or NULL for a new one in the state folder; program: as it is executed. */
int trace_this(const char *record, const char *program);

/* ld.so parts the names in LD_PRELOAD at blanks and colons, and has no quotes: a path with one of them cannot be told to it. */
int library_can_be_named(const char *library);

/* In front of what LD_PRELOAD names already. */
void library_preload(const char *library);

/* run --verify; limit: as given, or NULL. The exit status. */
int verify(const char *library, char *const *arguments, const char *limit, int json);

/* What keeps a program from being followed, one clear line in `why` (at least 256 bytes). */
enum verdict {
	PROGRAM_FINE,
	PROGRAM_NOT_FOUND,
	PROGRAM_UNFIT,
	PROGRAM_TRACEABLE,    /* it cannot load the shim, but run --trace-static can follow it */
	PROGRAM_WITHOUT_LIBC, /* it loads the shim and makes its calls without libc: run --trace-static can follow it */
	PROGRAM_DOUBTFUL
};
/* The program headers of an ELF file (64 bits) of `size` bytes that is mapped, or NULL: they do not lie in it, or at an odd place. */
const Elf64_Phdr *program_headers(const unsigned char *file, size_t size);
/* As a shell finds it; 0: it is not there. */
int program_find(const char *name, char *path, size_t size);
enum verdict program_check(const char *name, char *path, size_t path_size, char *why, size_t why_size);

/* `syscall` instructions in a program and the libraries that ld.so would load for it, libc and ld.so left out: these the shim sees only with
 * SYSSHIM_DISPATCH=always. `tell` is called for each file that has some. Returns their number; *objects: files looked at. */
unsigned sites_foreign(const char *program, unsigned *objects, void (*tell)(const char *path, int count));

/* The sites of the libc and ld.so that this command runs with which no form of rewriting fits. tell may be NULL: only their number. */
unsigned sites_left(void (*tell)(const char *where, const char *call, const char *why));

#endif
