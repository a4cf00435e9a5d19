/* Calls that only older processors have. Elsewhere they get numbers that no recording has, so that what is known of them needs no #ifdef. */
#ifndef CLI_OLDER_CALLS_H
#define CLI_OLDER_CALLS_H

#include <asm/unistd.h>

#ifndef __NR_creat
#define __NR_creat 65536
#endif
#ifndef __NR_dup2
#define __NR_dup2 65537
#endif
#ifndef __NR_epoll_create
#define __NR_epoll_create 65538
#endif
#ifndef __NR_eventfd
#define __NR_eventfd 65539
#endif
#ifndef __NR_fork
#define __NR_fork 65540
#endif
#ifndef __NR_futimesat
#define __NR_futimesat 65541
#endif
#ifndef __NR_inotify_init
#define __NR_inotify_init 65542
#endif
#ifndef __NR_link
#define __NR_link 65543
#endif
#ifndef __NR_mkdir
#define __NR_mkdir 65544
#endif
#ifndef __NR_mknod
#define __NR_mknod 65545
#endif
#ifndef __NR_open
#define __NR_open 65546
#endif
#ifndef __NR_pipe
#define __NR_pipe 65547
#endif
#ifndef __NR_rename
#define __NR_rename 65548
#endif
#ifndef __NR_rmdir
#define __NR_rmdir 65549
#endif
#ifndef __NR_signalfd
#define __NR_signalfd 65550
#endif
#ifndef __NR_symlink
#define __NR_symlink 65551
#endif
#ifndef __NR_unlink
#define __NR_unlink 65552
#endif
#ifndef __NR_utime
#define __NR_utime 65553
#endif
#ifndef __NR_utimes
#define __NR_utimes 65554
#endif
#ifndef __NR_vfork
#define __NR_vfork 65555
#endif

#endif
