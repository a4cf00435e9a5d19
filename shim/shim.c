/* The shim's birth in a process. With -z initfirst this constructor runs before libc's own: environ is not set yet, stdio is not ready,
 * so arguments and environment come from the constructor's parameters (glibc's dl-init passes them; musl passes none, then they are
 * found behind environ).
 *
 * We stand aside (passive: names go straight on, nothing is rewritten, counted or said) when we are not the first copy in the process,
 * were loaded late by dlopen, run set-user-id, are disabled, or an option is wrong. */
#define _GNU_SOURCE
#include "coalesce.h"
#include "gate.h"
#include "intercept/intercept.h"
#include "options.h"
#include "process/exec_environment.h"
#include "process/life.h"
#include "record/audit.h"
#include "record/birth_stderr.h"
#include "record/objects.h"
#include "record/recordings.h"
#include "sys/clock.h"
#include "sys/elf.h"
#include "sys/memory.h"
#include "sys/thread.h"
#include "../format/elf_note.h"
#include "../include/sysshim.h"

#include <link.h>
#include <linux/auxvec.h>
#include <linux/mman.h>

#include "sys/poison.h"

struct process *process;
struct inherited inherited;

static const char *own_version(void)
{
	return SYSSHIM_VERSION;
}

/* NB: our own code compares with own_version: the exported name is the first copy's, in every copy. */
__attribute__((visibility("default"), alias("own_version"))) const char *sysshim_version(void);

struct startup {
	char **arguments; /* NULL: not known */
	char **environment;
	const Elf64_auxv_t *auxiliary;
};

static uint64_t auxiliary_value(const struct startup *s, uint64_t type)
{
	for (const Elf64_auxv_t *a = s->auxiliary; a && a->a_type != AT_NULL; a++)
		if (a->a_type == type)
			return a->a_un.a_val;
	return 0;
}

enum { ENDS_MOST = 256 };

static struct startup startup_of(char **arguments, char **environment)
{
	struct startup s = {arguments, environment, NULL};

	while (*environment)
		environment++;
	/* In a set-user-id program ld.so takes variables out by moving the later ones down, with the end among them (glibc, elf/dl-environ.c): as
	 * many ends more stand in front of the vector. None of its types is 0. */
	for (int i = 0; i < ENDS_MOST && !*environment; i++)
		environment++;
	s.auxiliary = *environment ? (const void *)environment : NULL;
	return s;
}

/* Our own file as ld.so found it. The first object of the list has an interpreter exactly in the first namespace: a copy that dlmopen
 * has brought stands elsewhere. */
struct look_round {
	const char *own_path;
	uint64_t text, text_size; /* what of us may be executed */
	struct memory_range program, libc;
	int in_first_namespace;
	int late; /* libc stands in front of us: dlopen brought us */
	int has_go;
	int has_valgrind;
	int objects;
};

extern char **environ __attribute__((weak));
extern const char *gnu_get_libc_version(void) __attribute__((weak));

/* Bytes of a segment that can be read. NB: ld.so reads few notes, so what a program says of where they are, and how long, may be wrong. */
static uint64_t mapped_part(const struct dl_phdr_info *info, const Elf64_Phdr *s)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *in = &info->dlpi_phdr[i];
		uint64_t at = s->p_vaddr - in->p_vaddr;
		if (in->p_type == PT_LOAD && in->p_flags & PF_R && at < in->p_filesz)
			return s->p_memsz < in->p_filesz - at ? s->p_memsz : in->p_filesz - at;
	}
	return 0;
}

/* A note of the Go linker's? Go's runtime looks for alternate stacks, and sets its own, by instructions that nobody sees, on threads where libc's
 * calls meet them: it would take ours for one that stays, and run its handlers there. */
static int is_go(const struct dl_phdr_info *info, const Elf64_Phdr *s)
{
	return s->p_type == PT_NOTE && elf_note_is_go((const void *)(info->dlpi_addr + s->p_vaddr), mapped_part(info, s));
}

/* valgrind runs a translation of libc's text, and knows of memory what the calls of that say. It preloads objects of its own. */
static int is_of_valgrind(const struct dl_phdr_info *info)
{
	return string_matches("*/vgpreload_*", info->dlpi_name);
}

/* By a segment that is mapped behind it. */
static void extend(struct memory_range *range, uint64_t start, uint64_t size)
{
	if (!range->size)
		range->start = start;
	range->size = start + size - range->start;
}

static int look_at_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct look_round *look = data;
	struct memory_range object = {0};

	(void)size;
	look->has_valgrind |= is_of_valgrind(info);
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *s = &info->dlpi_phdr[i];
		if (s->p_type == PT_INTERP && look->objects == 0)
			look->in_first_namespace = 1;
		look->has_go |= is_go(info, s);
		if (s->p_type != PT_LOAD)
			continue;
		extend(&object, info->dlpi_addr + s->p_vaddr, s->p_memsz);
		if ((uint64_t)kernel_call - info->dlpi_addr - s->p_vaddr < s->p_memsz) {
			look->text = (info->dlpi_addr + s->p_vaddr) & ~4095ul;
			look->text_size = info->dlpi_addr + s->p_vaddr + s->p_memsz - look->text;
		}
		if ((uint64_t)&inherited - info->dlpi_addr - s->p_vaddr < s->p_memsz)
			look->own_path = info->dlpi_name;
		else if (!look->own_path && (uint64_t)gnu_get_libc_version - info->dlpi_addr - s->p_vaddr < s->p_memsz)
			look->late = 1;
	}
	if (look->objects++ == 0)
		look->program = object;
	if ((uint64_t)gnu_get_libc_version - object.start < object.size)
		look->libc = object;
	return 0;
}

static void set_program(const struct startup *s)
{
	const char *name = (const char *)auxiliary_value(s, AT_EXECFN);
	struct text out = {inherited.program, inherited.program + sizeof inherited.program - 1, 0};

	text_string(&out, name ? string_last_part(name) : "?");
	*out.at = 0;
	struct text all = {inherited.arguments, inherited.arguments + sizeof inherited.arguments, 0};
	for (char **argument = s->arguments; argument && *argument && !all.cut; argument++)
		text_bytes(&all, *argument, string_length(*argument) + 1);
	inherited.arguments_size = (uint32_t)(all.at - inherited.arguments);
}

/* What changes how a program is loaded and what it does; nothing that is likely to be a secret. */
static const char kept_variables[][20] = {"LD_PRELOAD=", "LD_LIBRARY_PATH=", "LD_AUDIT=", "LD_BIND_NOW=", "GLIBC_TUNABLES=", "PATH=", "LANG=", "LC_ALL=", "LC_CTYPE=",
					  "LOCPATH=", "TZ=", "TMPDIR=", "HOME=", "XDG_STATE_HOME=", "SYSSHIM_"};

static void set_environment(char **environment)
{
	struct text all = {inherited.environment, inherited.environment + sizeof inherited.environment, 0};

	for (; *environment && !string_after(*environment, "SYSSHIM_RECORDING="); environment++)
		for (unsigned i = 0; i < sizeof kept_variables / sizeof kept_variables[0]; i++)
			if (string_after(*environment, kept_variables[i]))
				text_bytes(&all, *environment, string_length(*environment) + 1);
	inherited.environment_size = (uint32_t)(all.at - inherited.environment);
}

/* An absolute path for children that run elsewhere; a bare name is searched by ld.so wherever they are. */
static const char *absolute(const char *path)
{
	static char whole[PATH_LIMIT] BULKY;
	struct text out = {whole, whole + PATH_LIMIT - 1, 0};
	int has_slash = 0;

	for (const char *c = path; *c; c++)
		has_slash |= *c == '/';
	if (path[0] == '/' || !has_slash)
		return path;
	long length = RAW(__NR_getcwd, whole, PATH_LIMIT - 1);
	if (length <= 1)
		return path;
	out.at += length - 1;
	text_char(&out, '/');
	text_string(&out, path);
	*out.at = 0;
	return out.cut ? path : whole;
}

static uint64_t number_at(const char **at)
{
	uint64_t value = 0;

	for (; **at >= '0' && **at <= '9'; ++*at)
		value = value * 10 + (uint64_t)(**at - '0');
	*at += **at == '.';
	return value;
}

/* SYSSHIM_RECORDING=<pid of the first process>.<time>.<pid that executed us>.<1: it is the first>.<log_again>.<stats_again>[.<device>.<inode> of descriptor 2 at the
 * first birth]. */
static void join_recording(char **environment)
{
	const char *value = options_value(environment, "SYSSHIM_RECORDING");
	int32_t pid = (int32_t)RAW(__NR_getpid);

	inherited.recording_pid = pid;
	inherited.recording_time = clock_realtime();
	inherited.is_first = 1;
	if (value) {
		inherited.recording_pid = (int32_t)number_at(&value);
		inherited.recording_time = number_at(&value);
		inherited.later_image = (int32_t)number_at(&value) == pid;
		inherited.is_first = number_at(&value) == 1 && inherited.later_image;
		inherited.log_again = number_at(&value);
		inherited.stats_again = number_at(&value);
		/* Descriptor 2 is to be what it was in the recording's first program, whatever was put there before this one. */
		inherited.birth_known &= *value != 0;
		inherited.birth_device = number_at(&value);
		inherited.birth_inode = number_at(&value);
	}
}

/* The variables from SYSSHIM_RECORDING on were added by exec.c: the program does not see them. It may look for the auxiliary vector
 * behind its environment (Go's runtime does): the slots become pairs that say nothing. */
static void hide_added(char **environment)
{
	char **last;

	while (*environment && !string_after(*environment, "SYSSHIM_RECORDING="))
		environment++;
	if (!*environment)
		return;
	for (last = environment; *last; last++)
		;
	*environment++ = NULL;
	for (; environment < last; environment += 2) {
		environment[0] = (char *)AT_IGNORE;
		environment[1] = NULL;
	}
}

static struct family *family_page(void)
{
	long at = RAW(__NR_mmap, 0, sizeof(struct family), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (is_error(at))
		return NULL;
	struct family *family = (struct family *)at;
	family->number = clock_monotonic() << 22 | (uint64_t)RAW(__NR_getpid);
	return family;
}

/* Every kernel tells the page's size: without it this is no auxiliary vector, and nobody knows whether the program has others' rights. */
static int may_be_secure(const struct startup *s)
{
	return !auxiliary_value(s, AT_PAGESZ) || auxiliary_value(s, AT_SECURE);
}

static int is_passive(const struct startup *s, const struct look_round *look)
{
	const char *(*first)(void) = sysshim_version;

	/* Another copy's symbol comes first: that copy is the one that works. The compiler is not to know better. NB: dlsym(3) has another version from glibc 2.34 on, and in a root with an
	 * older one ld.so would not start the program. */
	__asm__("" : "+r"(first));
	return may_be_secure(s) || !look->in_first_namespace || first != own_version;
}

static void no_batches(struct process *p, enum let_go why)
{
	inherited.no_batches = (uint8_t)why;
	p->batches.let_go[why]++;
}

/* NB order: after the sites are rewritten and the log is open. */
static void start_coalescing(const struct startup *s, const struct look_round *look, struct process *p)
{
	if (!settings.batch && !settings.watch)
		return;
	if (!inherited.rewriting) {
		no_batches(p, LET_GO_NOT_REWRITTEN);
		return;
	}
	if (look->has_go) {
		no_batches(p, LET_GO_GO);
		return;
	}
	signals_knows_frames(auxiliary_value(s, AT_MINSIGSTKSZ));
	dispatch_start(look->text, look->text_size);
	batch = batch_make();
	if (!batch)
		no_batches(p, LET_GO_NO_MEMORY);
	if (batch && settings.batch && settings.interpose)
		interpose_coalesce();
}

/* Under a filter that was there before us nothing is made unasked; who asks for a log takes that upon himself. What cannot be recorded runs all the
 * same; the summary says so, and who has asked for it hears of it in any case. */
static void record_into_state_folder(const char *state, const char *home)
{
	static char folder[PATH_LIMIT] BULKY;
	struct text out = {settings_log_path, settings_log_path + PATH_LIMIT - 1, 0};

	inherited.no_recording = filtered_at_start ? "a seccomp filter stands" : recordings_make(folder, state, home, inherited.recording_time, inherited.recording_pid);
	/* A percent sign would be read as a pattern. */
	for (const char *c = folder; *c; c++) {
		text_char(&out, *c);
		if (*c == '%')
			text_char(&out, '%');
	}
	*out.at = 0;
	if (inherited.no_recording && settings.log_asked)
		COMPLAIN("nothing is recorded: ", inherited.no_recording, "; a folder in SYSSHIM_LOG, or sysshim run --record=DIR, would do");
	settings.log = inherited.no_recording || out.cut ? OUTPUT_OFF : OUTPUT_PATH;
	settings.recording = settings.log == OUTPUT_PATH;
}

static void record_start(const struct startup *s, struct process *p)
{
	struct started started = {(const char *)auxiliary_value(s, AT_EXECFN), (const char *)auxiliary_value(s, AT_PLATFORM), s->arguments, s->environment,
				  gnu_get_libc_version ? gnu_get_libc_version() : NULL, !auxiliary_value(s, AT_BASE)};

	objects_record(p, &started);
}

static void observe(const struct startup *s, const struct look_round *look)
{
	const char *own_path = look->own_path;

	memory_page(auxiliary_value(s, AT_PAGESZ));
	memory_start();
	thread_pointer_readable = auxiliary_value(s, AT_HWCAP2) >> 1 & 1;
	clock_start((const void *)auxiliary_value(s, AT_SYSINFO_EHDR));
	birth_stderr_remember();
	set_program(s);
	inherited.has_valgrind = (uint8_t)look->has_valgrind;
	inherited.has_go = (uint8_t)look->has_go;
	inherited.came = signals_came;
	if (!options_read(s->environment))
		return;
	join_recording(s->environment);
	struct process *p = memory_wiped_on_fork(sizeof *p);
	if (!p) {
		COMPLAIN("no memory that a fork would wipe (Linux 4.14 has it); the program runs without sysshim");
		return;
	}
	const char *state = options_value(s->environment, "XDG_STATE_HOME"), *home = options_value(s->environment, "HOME");
	if (settings.log == OUTPUT_STATE)
		record_into_state_folder(state, home);
	else if (settings.recording && filtered_at_start && (!settings.log_asked || settings.log_found))
		settings.log = OUTPUT_OFF, settings.recording = 0;
	if (settings.recording)
		set_environment(s->environment);
	exec_start(s->environment, options_config(), own_path ? absolute(own_path) : NULL);
	if (!options_wants(s->environment, inherited.program)) {
		/* Not observed, but its children may be: only exec is of interest, and that needs the gate. */
		settings.log = settings.stats = OUTPUT_OFF;
		settings.batch = settings.watch = settings.inject = 0;
	}
	/* Nobody would see the times, or who came of whom. */
	if (settings.log == OUTPUT_OFF && settings.stats == OUTPUT_OFF)
		settings.timing = 0;
	else
		inherited.family = family_page();
	rewrite_know_exit();
	cache_start(state, home);
	const char *why_not = NULL;
	if (settings.rewrite && inherited.has_valgrind)
		why_not = "valgrind runs this program";
	else if (settings.rewrite)
		why_not = rewrite_start(settings.rewrite == REWRITE_ALL, auxiliary_value(s, AT_BASE));
	inherited.rewriting = settings.rewrite && !why_not;
	inherited.why_not = why_not;
	if (settings.inject && !inherited.rewriting)
		COMPLAIN("SYSSHIM_INJECT: libc is not rewritten here", why_not ? ": " : "", why_not ? why_not : "", "; nothing is injected");
	if (!inherited.rewriting && settings.interpose)
		interpose_to_gate();
	audit_start();
	life_start(p);
	/* Where libc's calls do not come to us nobody tells of handlers. What ld.so was asked to run (AT_BASE is 0) is no file that is being executed. */
	if (settings.recording && !p->threads && inherited.rewriting)
		memory_know(&p->threads, auxiliary_value(s, AT_BASE) ? look->program : (struct memory_range){0}, look->libc, auxiliary_value(s, AT_EXECFN));
	/* libc's constructor came before ours (another object is initfirst too), and others may have, which have set handlers. */
	if (&environ && environ)
		memory_disturb(SIGNAL_ANY);
	if (p->log.on && settings.recording)
		record_start(s, p);
	if (!look->has_go)
		signals_start(p);
	start_coalescing(s, look, p);
	/* NB order: last of all; from here on every call is counted. */
	__atomic_store_n(&process, p, __ATOMIC_RELEASE);
	arm_watch(p, batch);
}

static void start(char **arguments, char **environment)
{
	struct look_round look = {0};

	dl_iterate_phdr(look_at_object, &look);
	if (look.late)
		return;
	/* NB order: what dlopen hands on is the program's own environment, with nothing behind it. */
	struct startup s = startup_of(arguments, environment);
	interpose_start();
	/* The start's own environment only: elsewhere it is the program's array. */
	if (gnu_get_libc_version && look.in_first_namespace && may_be_secure(&s))
		options_drop(environment);
	if (is_passive(&s, &look))
		return;
	observe(&s, &look);
	hide_added(environment);
}

__attribute__((constructor)) static void constructor(int argc, char **argv, char **environment)
{
	/* The third argument is glibc's own extension: elsewhere the registers hold whatever they held. */
	(void)argc;
	if (!gnu_get_libc_version) {
		environment = &environ ? environ : NULL;
		argv = NULL;
	}
	if (!environment)
		return;
	start(argv, environment);
}

/* Where exit is not seen as a system call (nothing is rewritten), this is the last moment. */
__attribute__((destructor)) static void destructor(void)
{
	if (process && !inherited.rewriting)
		death_destructor(process);
}
