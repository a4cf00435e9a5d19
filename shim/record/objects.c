/* The objects that ld.so had loaded before our start, as they name each other: which files it opened for them, and which it looked for in
 * vain, follows from that by the rules of ld.so(8). Working it out is the reader's (cli/loader.c). */
#define _GNU_SOURCE
#include "objects.h"
#include "process.h"
#include "room.h"
#include "../sys/elf.h"
#include "../sys/memory.h"
#include "../sys/raw.h"

#include <asm/stat.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <dlfcn.h>
#include <link.h>
#include <linux/fcntl.h>

#include "../sys/poison.h"

/* Other libcs have none. */
extern __typeof__(dlinfo) dlinfo __attribute__((weak));
/* Its oldest version: what is built with a new glibc is loaded with an old one in another root. */
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 34)
#ifdef __x86_64__
__asm__(".symver dlinfo, dlinfo@GLIBC_2.3.3");
#elif defined(__aarch64__)
__asm__(".symver dlinfo, dlinfo@GLIBC_2.17");
#endif
#endif
#endif
extern struct r_debug _r_debug __attribute__((weak));

enum { TEXTS_MOST = 16 << 10, COMMAND_LINE = 4 << 10, READABLE = 4 /* R_OK */ };

/* The levels of the x86-64 psABI (3.1.1, Processor Architecture), which name folders that ld.so looks into (ld.so(8), glibc-hwcaps, 2.33); older
 * glibcs look into more folders on Intel's (2.36, sysdeps/x86/cpu-features.c). Few questions: in a virtual machine each takes 10 to 20 us. The
 * leaf of extensions is there on every x86-64. */
static uint32_t ask_processor(void)
{
#ifdef __x86_64__
	uint32_t a, b, c, d, most, b7 = 0, low = 0, high, intel;
	const uint32_t v2 = bit_SSE3 | bit_SSSE3 | bit_CMPXCHG16B | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT, v3 = bit_FMA | bit_MOVBE | bit_OSXSAVE | bit_F16C | bit_AVX;
	const uint32_t v3_7 = bit_AVX2 | bit_BMI | bit_BMI2, v4_7 = bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL;

	__cpuid(0, most, b, c, d);
	intel = (uint32_t)(b == signature_INTEL_ebx && c == signature_INTEL_ecx && d == signature_INTEL_edx) << 3;
	__cpuid(1, a, b, c, d);
	const uint32_t basic = c;
	__cpuid(0x80000001, a, b, c, d);
	const uint32_t extended = c;
	if ((basic & v2) != v2 || !(extended & bit_LAHF_LM))
		return intel;
	if (most >= 7)
		__cpuid_count(7, 0, a, b7, c, d);
	if ((basic & v3) != v3 || (b7 & v3_7) != v3_7 || !(extended & bit_ABM))
		return intel | 1;
	/* Which registers the system keeps. */
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	if ((low & 6) != 6)
		return intel | 1;
	return intel | ((b7 & v4_7) == v4_7 && (low & 0xe6) == 0xe6 ? 7 : 3);
#else
	return 0;
#endif
}

/* The recording's first process asks for all of them. */
static uint32_t processor_levels(void)
{
	uint32_t known = inherited.total ? __atomic_load_n(&inherited.total->levels, __ATOMIC_RELAXED) : 0;

	if (!known) {
		known = ask_processor() | RECORD_LEVELS_KNOWN;
		if (inherited.total)
			room_copy(&inherited.total->levels, &known, sizeof known);
	}
	return known & ~(uint32_t)RECORD_LEVELS_KNOWN;
}

static void add(struct text *out, const char *text)
{
	if (text)
		text_string(out, text);
	text_char(out, 0);
}

struct dynamic {
	const Elf64_Dyn *entries;
	const char *strings;
};

static struct dynamic dynamic_of(const struct dl_phdr_info *info)
{
	struct dynamic found = {NULL, NULL};

	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			found.entries = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	for (const Elf64_Dyn *d = found.entries; d && d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_STRTAB)
			found.strings = elf_address((intptr_t)info->dlpi_addr, d);
	if (!found.strings)
		found.entries = NULL;
	return found;
}

static const char *named(const struct dynamic *dynamic, int64_t tag)
{
	for (const Elf64_Dyn *d = dynamic->entries; d && d->d_tag != DT_NULL; d++)
		if (d->d_tag == tag)
			return dynamic->strings + d->d_un.d_val;
	return NULL;
}

static const char *interpreter_of(const struct dl_phdr_info *info)
{
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			return (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	return NULL;
}

struct writer {
	struct process *process;
	const struct started *started;
	int count;
};

/* Room that is not filled is zeros. */
static void put(struct writer *w, const void *head, const struct text *texts, unsigned kind)
{
	enum { HEAD = 16 };
	size_t length = (size_t)(texts->at - w->process->log.buffer), size = HEAD + ((length + 7) & ~(size_t)7);
	char *record = room_take(w->process, size);

	_Static_assert(offsetof(struct record_start, texts) == HEAD && offsetof(struct record_object, texts) == HEAD, "one length for both");
	if (!record)
		return;
	/* NB: the word is there already, and stays. */
	memcpy(record + sizeof(struct record_word), (const char *)head + sizeof(struct record_word), HEAD - sizeof(struct record_word));
	memcpy(record + HEAD, w->process->log.buffer, length);
	room_commit(w->process, record, size, kind, 0);
}

static struct text texts_of(const struct process *p)
{
	_Static_assert((int)TEXTS_MOST <= (int)LOG_PENDING && TEXTS_MOST + 64 < (int)RECORD_CHUNK, "there is room");
	return (struct text){(char *)p->log.buffer, (char *)p->log.buffer + TEXTS_MOST, 0};
}

/* A script's interpreter comes with the script's path behind it, and only then the two differ. */
static int is_script(const struct started *s)
{
	char *const *a = s->arguments;

	return s->file && a && a[0] && a[1] && (string_equal(a[1], s->file) || (a[2] && string_equal(a[2], s->file)));
}

static int has_origin(const char *path)
{
	for (; path && *path; path++)
		if (*path == '$')
			return 1;
	return 0;
}

/* Who asks for folders beside itself must know where it lies; the user may ask for it too. */
static int needs_own_place(const struct started *s, const struct dl_phdr_info *info)
{
	struct dynamic dynamic = dynamic_of(info);
	int needs = has_origin(named(&dynamic, DT_RPATH)) || has_origin(named(&dynamic, DT_RUNPATH));

	for (const Elf64_Dyn *d = dynamic.entries; d && d->d_tag != DT_NULL; d++)
		needs |= d->d_tag == DT_NEEDED && has_origin(dynamic.strings + d->d_un.d_val);
	for (char *const *e = s->environment; e && *e && !string_after(*e, "SYSSHIM_RECORDING="); e++)
		needs |= has_origin(string_after(*e, "LD_LIBRARY_PATH=")) || has_origin(string_after(*e, "LD_PRELOAD="));
	return needs;
}

static uint32_t cache_sum(void)
{
	struct stat status;
	long failure = RAW(__NR_newfstatat, AT_FDCWD, "/etc/ld.so.cache", &status, 0);

	if (failure)
		return failure == -ENOENT ? RECORD_CACHE_MISSING : 0;
	return RECORD_CACHE_SUM(status.st_size, status.st_mtime, status.st_mtime_nsec);
}

/* The options of an ld.so that was executed: it has taken them out of the arguments. */
static void add_command_line(struct process *p, struct text *out)
{
	long fd = RAW(__NR_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC), size = 0;

	if (fd >= 0) {
		size = RAW(__NR_read, fd, out->at, COMMAND_LINE);
		RAW(__NR_close, fd);
		counter_add(&p->tally.own_reads, 1, 1);
	}
	out->at += size > 0 ? size : 0;
	text_char(out, 0);
}

/* What $ORIGIN is for a program that an ld.so has loaded which was executed: the folder in the name that it was given, from glibc 2.42 on that of the
 * file behind it. ld.so knows (dlinfo(3)); 0: it does not say. */
static int add_origin(struct text *out)
{
	/* Taken for PATH_MAX at most: there is room for more. */
	if (!&_r_debug || !dlinfo || !_r_debug.r_map || dlinfo(_r_debug.r_map, RTLD_DI_ORIGIN, out->at) != 0)
		return 0;
	out->at += string_length(out->at) + 1;
	return 1;
}

static void put_start(struct writer *w, const struct dl_phdr_info *info)
{
	const struct started *s = w->started;
	int may_ask = !filtered_at_start;
	struct record_start start = {.levels = processor_levels(), .preload_file = may_ask ? (int32_t)RAW_ACCESS("/etc/ld.so.preload", READABLE) : 1,
				     .cache = may_ask ? cache_sum() : 0};
	struct text out = texts_of(w->process);

	if (s->by_loader)
		start.levels |= RECORD_BY_LOADER;
	add(&out, s->version);
	add(&out, s->file);
	add(&out, interpreter_of(info));
	if (may_ask && (s->by_loader || is_script(s) || needs_own_place(s, info))) {
		long length = RAW_READLINK("/proc/self/exe", out.at, (size_t)(out.end - out.at) - COMMAND_LINE - 256);
		out.at += length > 0 ? length : 0;
	}
	text_char(&out, 0);
	add(&out, s->platform);
	if (s->by_loader && may_ask && needs_own_place(s, info) && add_origin(&out))
		start.levels |= RECORD_ORIGIN;
	if (s->by_loader && may_ask)
		add_command_line(w->process, &out);
	if (!out.cut)
		put(w, &start, &out, RECORD_START);
}

static int put_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct writer *w = data;
	struct record_object object = {.needed = 0};
	struct dynamic dynamic = dynamic_of(info);
	struct text out = texts_of(w->process);

	(void)size;
	if (!w->count++) {
		put_start(w, info);
		out = texts_of(w->process);
	}
	add(&out, info->dlpi_name);
	add(&out, named(&dynamic, DT_SONAME));
	add(&out, named(&dynamic, DT_RPATH));
	add(&out, named(&dynamic, DT_RUNPATH));
	for (const Elf64_Dyn *d = dynamic.entries; d && d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_FLAGS_1)
			object.flags = d->d_un.d_val;
		if (d->d_tag != DT_NEEDED)
			continue;
		add(&out, dynamic.strings + d->d_un.d_val);
		object.needed++;
	}
	if (!out.cut)
		put(w, &object, &out, RECORD_OBJECT);
	return 0;
}

void objects_record(struct process *p, const struct started *started)
{
	struct writer w = {p, started, 0};
	uint64_t mask;

	/* The log's buffer is the place to work in. */
	if (!process_lock(p, &p->log.lock, &mask))
		return;
	dl_iterate_phdr(put_object, &w);
	lock_release(&p->log.lock, &mask);
}
