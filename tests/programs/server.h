/* A file system with a server of the test's own (FUSE), by the kernel's own protocol. */
#ifndef SERVER_H
#define SERVER_H

#include "burst.h"
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

struct answer {
	struct fuse_out_header out;
	union {
		struct fuse_init_out begin;
		struct fuse_attr_out attributes;
		struct fuse_entry_out entry;
		struct fuse_open_out open;
		struct fuse_statfs_out space;
		struct fuse_lseek_out offset;
		char bytes[4096];
	};
};

static inline void begins(struct answer *answer)
{
	answer->begin.major = 7;
	answer->begin.minor = 31;
	answer->begin.max_write = 64 << 10;
}

static inline void answers(int fd, uint64_t unique, struct answer *answer, size_t size)
{
	answer->out.unique = unique;
	answer->out.len = (uint32_t)(sizeof answer->out + (answer->out.error ? 0 : size));
	/* Who has asked may have been killed. */
	if (write(fd, answer, answer->out.len) < 0 && errno != ENOENT)
		_exit(1);
}

/* Mounts it over `place`, a folder or a file as `mode` says, for this process and its children alone; returns where its server is asked, by O_CLOEXEC. */
static inline int mount_server(const char *place, mode_t mode)
{
	char options[80];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (mode & S_IFDIR ? mkdir(place, 0755) : close(open(place, O_WRONLY | O_CREAT, 0755)))
		die(place);
	snprintf(options, sizeof options, "fd=%d,rootmode=%o,user_id=0,group_id=0", fd, mode);
	if (fd < 0 || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("one", place, "fuse", 0, options)) {
		puts("nobody may mount here");
		exit(77);
	}
	return fd;
}

#endif
