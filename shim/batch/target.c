/* What a descriptor is: only regular files of local file systems and anonymous pipes are coalesced (T6). */
#include "batch.h"

#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/btrfs.h>
#include <linux/dqblk_xfs.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/quota.h>
#include <linux/resource.h>

#include "../../format/text.h"
#include "../sys/space.h"
#include "../sys/poison.h"

enum { TYPE = 0170000, REGULAR = 0100000, FIFO = 0010000, CURRENT = 1 /* SEEK_CUR */ };
#define ROOM_LEAST (256ull << 20)

enum { ZFS = 0x2fc12fc1 }; /* of OpenZFS, in no header of the kernel */

static int is_local(uint64_t type)
{
	static const uint32_t local[] = {EXT4_SUPER_MAGIC /* ext2 to 4 */, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, ZFS};

	for (unsigned i = 0; i < sizeof local / sizeof *local; i++)
		if ((uint32_t)type == local[i])
			return 1;
	return 0;
}

/* btrfs has no quotactl(2). That its quotas are on is seen in sysfs (Linux 5.9), by the name that BTRFS_IOC_FS_INFO gives (fs/btrfs/sysfs.c). The answer
 * of 1 KiB has its place behind the buffer: no stack of ours has room for it. */
static __attribute__((noinline)) int btrfs_has_quotas(int fd)
{
	char path[sizeof "/sys/fs/btrfs//qgroups" + 36];
	struct text name = {path, path + sizeof path - 1, 0};
	const struct btrfs_ioctl_fs_info_args *info = batch_scratch();

	_Static_assert(sizeof *info <= BATCH_SCRATCH, "it has room there");
	if (RAW(__NR_ioctl, fd, BTRFS_IOC_FS_INFO, info) != 0)
		return 0;
	text_string(&name, "/sys/fs/btrfs/");
	for (unsigned i = 0; i < sizeof info->fsid; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text_char(&name, '-');
		text_hex_bytes(&name, &info->fsid[i], 1);
	}
	text_string(&name, "/qgroups");
	*name.at = 0;
	return RAW(__NR_faccessat, AT_FDCWD, path, 0) == 0;
}

/* Is a quota enforced on the file system of fd? Whose it is and how much is left is not asked: files change hands. quotactl_fd(2), Linux 5.14; anybody may ask
 * for Q_XGETQSTAT, which all file systems with quotas answer (fs/quota/quota.c). */
static __attribute__((noinline)) int has_quotas(int fd, uint32_t type)
{
	struct fs_quota_stat quotas;

	if (type == BTRFS_SUPER_MAGIC)
		return btrfs_has_quotas(fd);
	return RAW(__NR_quotactl_fd, fd, QCMD(Q_XGETQSTAT, USRQUOTA), 0, &quotas) == 0 && quotas.qs_flags & (FS_QUOTA_UDQ_ENFD | FS_QUOTA_GDQ_ENFD | FS_QUOTA_PDQ_ENFD);
}

/* A file has a greatest size (EFBIG), which nobody tells: the least there is are 16 GiB for blocks of 1 KiB and 2 TiB for those of 4 (ext2; fs/ext4/super.c, ext4_max_bitmap_size). Behind a
 * write it stands at its end also where it appends. */
static int is_far_from_end(int fd, const struct statfs *fs)
{
	uint64_t most = fs->f_bsize >= 4096 ? 1ull << 40 : 16000000000u;

	return (uint64_t)RAW(__NR_lseek, fd, 0, CURRENT) < most;
}

/* What was said to be written must find its place. */
static int has_room(int fd, const struct statfs *fs)
{
	uint64_t least = space_of(fs, (uint64_t)fs->f_blocks / 100);

	if (least < ROOM_LEAST)
		least = ROOM_LEAST;
	return space_of(fs, (uint64_t)fs->f_bavail) > least && is_far_from_end(fd, fs) && !has_quotas(fd, (uint32_t)fs->f_type);
}

int target_is_local(int fd)
{
	struct statfs fs;

	/* What lies below an overlayfs may be a server's: images that containers fetch as they read them. */
	return RAW(__NR_fstatfs, fd, &fs) == 0 && is_local((uint64_t)fs.f_type) && (uint64_t)fs.f_type != OVERLAYFS_SUPER_MAGIC;
}

int target_has_room(int fd)
{
	struct statfs fs;

	return RAW(__NR_fstatfs, fd, &fs) == 0 && has_room(fd, &fs);
}

static __attribute__((noinline)) enum target file(int fd, int is_unlinked)
{
	struct statfs fs;
	uint64_t limit;

	/* A memfd looks like an unlinked file of tmpfs: both are left alone. */
	if (RAW(__NR_fstatfs, fd, &fs) != 0 || !is_local((uint64_t)fs.f_type) || (is_unlinked && (uint64_t)fs.f_type == TMPFS_MAGIC) ||
	    !raw_limit(RLIMIT_FSIZE, &limit) || limit != ~0ul)
		return TARGET_NEVER;
	return has_room(fd, &fs) ? TARGET_FILE : TARGET_NEVER;
}

/* A FIFO has a name, and the file system of its folder. */
static __attribute__((noinline)) enum target pipe_or_fifo(int fd)
{
	struct statfs fs;

	return RAW(__NR_fstatfs, fd, &fs) == 0 && (uint64_t)fs.f_type == PIPEFS_MAGIC ? TARGET_PIPE : TARGET_NEVER;
}

struct facts {
	uint32_t type;
	int is_unlinked, is_mapped;
};

/* Apart from the others, so that a program's small stack holds one struct of the kernel's at a time. */
static __attribute__((noinline)) int look_at(const struct batch *b, int fd, struct facts *facts)
{
	struct stat status;

	if (RAW(__NR_fstat, fd, &status) != 0)
		return 0;
	*facts = (struct facts){status.st_mode & TYPE, status.st_nlink == 0, mappings_have(b, status.st_ino)};
	return 1;
}

enum target target_of(const struct batch *b, int fd)
{
	struct facts facts;
	long flags = RAW(__NR_fcntl, fd, F_GETFL);

	if (flags < 0 || flags & (O_NONBLOCK | O_DIRECT | O_DSYNC | O_SYNC | O_PATH) || !look_at(b, fd, &facts) || facts.is_mapped)
		return TARGET_NEVER;
	/* NB: who has no O_LARGEFILE may write 2 GiB and no more (EFBIG). The kernel sets it for 64-bit programs; others pass on theirs without. */
	if (facts.type == REGULAR && settings.batch & BATCH_FILES && flags & O_LARGEFILE)
		return file(fd, facts.is_unlinked);
	return facts.type == FIFO && settings.batch & BATCH_PIPES ? pipe_or_fifo(fd) : TARGET_NEVER;
}
