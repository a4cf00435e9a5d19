/* Which calls are followed: those that name a file (strace's %file), and what a reader needs to know what a descriptor means for a name that is
 * relative to it: fchdir, and copies of descriptors. close is not among them: a number that is given anew says so itself, and half of
 * all stops would be for nothing else. */
#include "tracer.h"
#include "../format/trace_set.h"

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>

uint64_t calls_wanted[SYSCALL_LIMIT / 64];

/* i386's numbers (arch/x86/entry/syscalls/syscall_32.tbl) of calls whose arguments stand as ours do, as far as they are shown. */
static const struct {
	uint16_t number_32, number;
} pairs[] = {
	{5, __NR_open}, {8, __NR_creat}, {9, __NR_link}, {10, __NR_unlink}, {11, __NR_execve}, {12, __NR_chdir}, {14, __NR_mknod}, {15, __NR_chmod},
	{16, __NR_lchown}, {18, __NR_stat}, {21, __NR_mount}, {22, __NR_umount2}, {30, __NR_utime}, {33, __NR_access}, {38, __NR_rename},
	{39, __NR_mkdir}, {40, __NR_rmdir}, {41, __NR_dup}, {52, __NR_umount2}, {55, __NR_fcntl}, {60, __NR_umask}, {61, __NR_chroot}, {63, __NR_dup2},
	{83, __NR_symlink}, {84, __NR_lstat}, {85, __NR_readlink}, {92, __NR_truncate}, {99, __NR_statfs}, {106, __NR_stat}, {107, __NR_lstat},
	{133, __NR_fchdir}, {182, __NR_chown}, {183, __NR_getcwd}, {193, __NR_truncate}, {195, __NR_stat}, {196, __NR_lstat}, {198, __NR_lchown},
	{212, __NR_chown}, {217, __NR_pivot_root}, {221, __NR_fcntl}, {226, __NR_setxattr}, {227, __NR_lsetxattr}, {229, __NR_getxattr},
	{230, __NR_lgetxattr}, {232, __NR_listxattr}, {233, __NR_llistxattr}, {235, __NR_removexattr}, {236, __NR_lremovexattr}, {268, __NR_statfs},
	{271, __NR_utimes}, {292, __NR_inotify_add_watch}, {295, __NR_openat}, {296, __NR_mkdirat}, {297, __NR_mknodat}, {298, __NR_fchownat},
	{299, __NR_futimesat}, {300, __NR_newfstatat}, {301, __NR_unlinkat}, {302, __NR_renameat}, {303, __NR_linkat}, {304, __NR_symlinkat},
	{305, __NR_readlinkat}, {306, __NR_fchmodat}, {307, __NR_faccessat}, {320, __NR_utimensat}, {330, __NR_dup3}, {341, __NR_name_to_handle_at},
	{353, __NR_renameat2}, {358, __NR_execveat}, {383, __NR_statx}, {412, __NR_utimensat}, {437, __NR_openat2}, {439, __NR_faccessat2},
};

static int is_wanted(unsigned number)
{
	return calls_wanted[number / 64] >> number % 64 & 1;
}

static int is_about_descriptors(unsigned number)
{
	return number == __NR_fchdir || number == __NR_dup || number == __NR_dup2 || number == __NR_dup3 || number == __NR_fcntl;
}

void calls_choose(const char *spec)
{
	uint64_t asked[SYSCALL_LIMIT / 64];
	const char *wrong;

	if (!spec || trace_set_parse(asked, spec, &wrong) != 0)
		memset(asked, 0xff, sizeof asked);
	for (unsigned number = 0; number < SYSCALL_LIMIT; number++) {
		const struct syscall_row *row = syscall_row(number);
		if (row && (row->flags & CALL_FILE || is_about_descriptors(number)) && trace_set_has(asked, number))
			calls_wanted[number / 64] |= 1ull << number % 64;
	}
}

int calls_from_32(unsigned number)
{
	for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		if (pairs[i].number_32 == number)
			return pairs[i].number;
	return -1;
}

struct program {
	struct sock_filter *at, *end;
};

static void add(struct program *p, unsigned code, unsigned jump_true, unsigned jump_false, unsigned value)
{
	if (p->at < p->end)
		*p->at++ = (struct sock_filter){(uint16_t)code, (uint8_t)jump_true, (uint8_t)jump_false, value};
}

/* fcntl only where it copies a descriptor: it comes last, because what is looked at is then no longer the number. */
static void add_fcntl(struct program *p, unsigned number, enum call_table table)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, number);
	add(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, args[1]));
	add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, F_DUPFD);
	add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, F_DUPFD_CLOEXEC);
	add(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRACE | table);
	add(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
}

/* number: of this table; stands_for: ours. */
static void add_call(struct program *p, unsigned number, unsigned stands_for, enum call_table table)
{
	if (!is_wanted(stands_for) || stands_for == __NR_fcntl)
		return;
	add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, number);
	add(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRACE | table);
}

/* The same for all programs. A number of x32 is in neither table and passes; so does another way of calling. */
unsigned calls_filter(struct sock_filter filter[FILTER_MOST])
{
	struct program p = {filter, filter + FILTER_MOST};

	add(&p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	add(&p, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, AUDIT_ARCH_X86_64);
	struct sock_filter *to_32 = p.at;
	add(&p, BPF_JMP | BPF_JA, 0, 0, 0);
	add(&p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	add(&p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	for (unsigned number = 0; number < SYSCALL_LIMIT; number++)
		add_call(&p, number, number, CALLS_64);
	if (is_wanted(__NR_fcntl))
		add_fcntl(&p, __NR_fcntl, CALLS_64);
	add(&p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	to_32->k = (uint32_t)(p.at - to_32 - 1);
	add(&p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AUDIT_ARCH_I386);
	add(&p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	add(&p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		add_call(&p, pairs[i].number_32, pairs[i].number, CALLS_32);
	/* Two numbers, fcntl and fcntl64, and the second is the one that is used. */
	if (is_wanted(__NR_fcntl))
		add_fcntl(&p, 221, CALLS_32);
	add(&p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	return (unsigned)(p.at - filter);
}
