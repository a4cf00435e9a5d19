/* Can a program be followed? Read from its file alone: static, set-user-id, another word size or processor, a sanitizer that wants to be
 * first, a script (then its interpreter is what counts). */
#include "command.h"
#include "../format/elf_note.h"
#include "../format/text.h"
#include "../format/machine.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { SCRIPT_DEPTH = 4 };

int program_find(const char *name, char *path, size_t size)
{
	const char *folders = getenv("PATH");
	struct stat status;

	if (strchr(name, '/'))
		return snprintf(path, size, "%s", name) < (int)size && access(path, F_OK) == 0;
	if (!folders)
		folders = "/usr/local/bin:/usr/bin:/bin";
	for (const char *f = folders; *f;) {
		size_t length = strcspn(f, ":");
		if (snprintf(path, size, "%.*s/%s", length ? (int)length : 1, length ? f : ".", name) < (int)size &&
		    access(path, X_OK) == 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode))
			return 1;
		f += length + (f[length] == ':');
	}
	return 0;
}

const Elf64_Phdr *program_headers(const unsigned char *file, size_t size)
{
	const Elf64_Ehdr *header = (const void *)file;
	int are_there = header->e_phoff % _Alignof(Elf64_Phdr) == 0 && header->e_phoff < size && header->e_phnum <= (size - header->e_phoff) / sizeof(Elf64_Phdr);

	return are_there ? (const void *)(file + header->e_phoff) : NULL;
}

struct image {
	const unsigned char *at;
	size_t size;
};

/* The first of this kind behind `before`, or of all. */
static const Elf64_Phdr *segment(const struct image *i, uint32_t type, const Elf64_Phdr *before)
{
	const Elf64_Ehdr *header = (const void *)i->at;
	const Elf64_Phdr *p = program_headers(i->at, i->size);

	if (!p)
		return NULL;
	for (long n = before ? before - p + 1 : 0; n < header->e_phnum; n++)
		if (p[n].p_type == type && p[n].p_offset <= i->size && p[n].p_filesz <= i->size - p[n].p_offset)
			return &p[n];
	return NULL;
}

/* The first needed libraries name a sanitizer when the program was linked with one. */
static int needs_sanitizer(const struct image *i)
{
	return memmem(i->at, i->size, "libasan.so", 10) || memmem(i->at, i->size, "libtsan.so", 10) ||
	       memmem(i->at, i->size, "__asan_init", 11) || memmem(i->at, i->size, "__tsan_init", 11);
}

static int has_go(const struct image *i)
{
	for (const Elf64_Phdr *notes = NULL; (notes = segment(i, PT_NOTE, notes));)
		if (elf_note_is_go(i->at + notes->p_offset, notes->p_filesz))
			return 1;
	return 0;
}

static int is_loader(const char *path)
{
	char real[PATH_MAX];

	return realpath(path, real) && text_names_loader(strrchr(real, '/') + 1);
}

static enum verdict check_elf(const struct image *i, const char *path, char *why, size_t size)
{
	const Elf64_Ehdr *header = (const void *)i->at;
	const Elf64_Phdr *interpreter;

	if (i->at[EI_CLASS] != ELFCLASS64 || header->e_machine != MACHINE_ELF) {
		snprintf(why, size, "%s is built for another word size or processor than libsysshim.so (" MACHINE_NAME "): ld.so will refuse to load it",
			 path);
		return PROGRAM_TRACEABLE;
	}
	interpreter = segment(i, PT_INTERP, NULL);
	if (!interpreter && header->e_type == ET_DYN && is_loader(path))
		return PROGRAM_FINE;
	if (!interpreter) {
		snprintf(why, size, "%s is static: no loader runs in it, so nothing can be preloaded; link it dynamically to observe it, or see sysshim run --trace-static", path);
		return PROGRAM_TRACEABLE;
	}
	if (needs_sanitizer(i)) {
		snprintf(why, size,
			 "%s is built with a sanitizer, which refuses to start behind another preload; "
			 "put its runtime first: LD_PRELOAD=\"$(gcc -print-file-name=libasan.so) libsysshim.so\"",
			 path);
		return PROGRAM_DOUBTFUL;
	}
	if (has_go(i)) {
		snprintf(why, size, "%s has Go code, whose runtime makes its system calls without libc: they are not seen; sysshim run --trace-static follows those that name files", path);
		return PROGRAM_WITHOUT_LIBC;
	}
	if (memmem(i->at + interpreter->p_offset, interpreter->p_filesz, "musl", 4)) {
		snprintf(why, size, "%s uses musl: interposed names only, calls inside libc are not seen", path);
		return PROGRAM_DOUBTFUL;
	}
	return PROGRAM_FINE;
}

/* A line of the map is: first number inside, first outside, how many (user_namespaces(7)). */
static int has_number(const char *map, unsigned long id)
{
	unsigned long inside, outside, count;
	FILE *file = fopen(map, "re");
	int found = !file;

	while (file && !found && fscanf(file, "%lu %lu %lu", &inside, &outside, &count) == 3)
		found = id >= inside && id - inside < count;
	if (file)
		fclose(file);
	return found;
}

static int may_raise(const char *path)
{
	struct statvfs mount;

	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 && (statvfs(path, &mount) != 0 || !(mount.f_flag & ST_NOSUID));
}

/* As the shim sees it (shim/process/target.c). */
static int privileged(const char *path, const struct stat *status)
{
	int sets_user = (status->st_mode & S_ISUID) != 0, sets_group = (status->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
	uid_t user = geteuid();
	gid_t group = getegid();

	if ((sets_user || sets_group) && may_raise(path) && has_number("/proc/self/uid_map", status->st_uid) && has_number("/proc/self/gid_map", status->st_gid)) {
		user = sets_user ? status->st_uid : user;
		group = sets_group ? status->st_gid : group;
	}
	return user != getuid() || group != getgid() || (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0 && may_raise(path));
}

static enum verdict has_others_rights(const char *path, char *why, size_t size)
{
	snprintf(why, size, "%s is set-user-id, set-group-id or has file capabilities: ld.so ignores LD_PRELOAD there", path);
	return PROGRAM_UNFIT;
}

static enum verdict check_file(char *path, size_t path_size, char *why, size_t size, int depth)
{
	struct stat status;
	enum verdict verdict = PROGRAM_FINE;
	/* NB: what is no file, a FIFO above all, would be waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), error = errno;

	/* One that may be executed and not be read shows its rights all the same. */
	if (fd < 0 && error == EACCES && stat(path, &status) == 0 && S_ISREG(status.st_mode) && privileged(path, &status))
		return has_others_rights(path, why, size);
	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		snprintf(why, size, "%s cannot be read: %s", path, fd < 0 ? strerror(error) : "not a regular file");
		if (fd >= 0)
			close(fd);
		return PROGRAM_DOUBTFUL;
	}
	if (access(path, X_OK) != 0) {
		snprintf(why, size, "%s may not be executed: %s", path, strerror(errno));
		close(fd);
		return PROGRAM_DOUBTFUL;
	}
	struct image image = {MAP_FAILED, (size_t)status.st_size};
	if (image.size)
		image.at = mmap(NULL, image.size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (image.at == MAP_FAILED) {
		snprintf(why, size, "%s is empty", path);
		return PROGRAM_DOUBTFUL;
	}
	if (privileged(path, &status)) {
		verdict = has_others_rights(path, why, size);
	} else if (image.size > sizeof(Elf64_Ehdr) && memcmp(image.at, ELFMAG, SELFMAG) == 0) {
		verdict = check_elf(&image, path, why, size);
	} else if (image.size > 2 && image.at[0] == '#' && image.at[1] == '!' && depth < SCRIPT_DEPTH) {
		char line[PATH_MAX] = "";
		size_t length = image.size - 2 < sizeof line - 1 ? image.size - 2 : sizeof line - 1;
		memcpy(line, image.at + 2, length);
		line[strcspn(line, "\n")] = 0;
		char *word = line + strspn(line, " \t");
		word[strcspn(word, " \t")] = 0;
		snprintf(path, path_size, "%s", word);
		verdict = check_file(path, path_size, why, size, depth + 1);
	}
	munmap((void *)image.at, image.size);
	return verdict;
}

enum verdict program_check(const char *name, char *path, size_t path_size, char *why, size_t why_size)
{
	*why = 0;
	if (!program_find(name, path, path_size)) {
		snprintf(why, why_size, "%s: not found", name);
		return PROGRAM_NOT_FOUND;
	}
	return check_file(path, path_size, why, why_size, 0);
}
