/* Floor 1: room for records in the file of a recording: reserve, fill, commit.
 *
 * The file is a sink (sink.h) whose first chunks are stored into directly. A record takes no lock: its room is reserved by one
 * compare-and-exchange on `next`, and its first word is stored last, so what stands there survives SIGKILL. What could raise SIGBUS never
 * stands in front of `ready`: the file is lengthened by truncate(2) and its pages made by MADV_POPULATE_WRITE, which finds a full disk
 * before anybody stores. Full chunks are copied to where they stay by the kernel, which says -EFAULT there: these few pages, always the
 * same, are all that is ever touched. Only where new room is needed is a lock taken.
 *
 * On a file system that copies on write (btrfs, bcachefs, f2fs, and overlayfs, which may lie on one) that is not enough: it takes new space for a page that
 * was written back, and where there is none the store raises SIGBUS. There records are stored into memory of our own, and the kernel copies them: in a process of one
 * thread each that may be the last for a while, and others after a millisecond; else each.
 *
 * At RECORD_KEPT full ones the oldest chunk is overwritten; where the disk is full, the oldest of the few. */
#ifndef SHIM_RECORD_ROOM_H
#define SHIM_RECORD_ROOM_H

#include "../../include/sysshim/record.h"

struct process;

/* Room of `size` bytes, a multiple of 8, all zero but its first word; NULL: there is none, which is counted. To be committed soon: a chunk
 * is used again only when all of it is. Any context. */
void *room_take(struct process *p, size_t size);
/* Gives back what is behind the first `used` bytes, 0: all of it; that is zero. Then the rest is to be committed. */
void room_return(struct process *p, void *record, size_t size, size_t used);
/* kind: enum record_kind; flags: enum record_flags */
void room_commit(struct process *p, void *record, size_t size, unsigned kind, unsigned flags);

/* File offset `offset` in memory: of the header, or of a record. */
void *room_place(const struct process *p, uint64_t offset);
/* And back. */
uint64_t room_offset(const struct process *p, const void *record);

/* In a forked child, before anything is mapped: its parent's window is not in its memory. Where the parent's records are begun there is something
 * for the one that a handler may have interrupted to fork, and that is ended here. */
void room_forked(void);

/* The first chunk of a new file; 0 or -ENOSPC. And how far the file will ever reach. */
int room_open(struct process *p);
uint64_t room_window(void);
/* Before rights are lost: what may be filled later is made ready. */
void room_reserve(struct process *p);
/* At the end: the file is as long as what it holds. */
void room_trim(struct process *p);

/* Asks on what file system the recording lies. path: of a file or folder there. */
void room_look(struct process *p, const char *path);
/* A record was changed that stands already. */
void room_stored(struct process *p, const void *record, size_t size);
/* The header and all that stands. Where the window is stored into it is there already. */
void room_copy_all(struct process *p);

/* Copies to where nobody has stored yet: 1, or 0. Where the kernel may not be asked to copy, the pages are made before we store. */
int room_copy(void *to, const void *from, size_t size);

#endif
