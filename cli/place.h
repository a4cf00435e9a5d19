/* Where one process is: its working folder, its root folder and its descriptors. */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include "held.h"
#include "path_text.h"

#include <uthash.h>

struct place {
	int pid;
	int process;         /* no other process of the recording has it */
	uint64_t family;     /* as its image's head has it; 0: not known */
	struct place *before; /* of the same number: who has had it, or has it in another pid namespace */
	uint32_t source;     /* of its image */
	uint64_t began; /* its process, ns since 1970: numbers come again */
	struct path *folder; /* NULL: not known */
	char *root; /* "": as everybody's, "?": not known */
	struct held_table held;
	struct place *forked; /* what a child gets whose fork is under way; or NULL */
	int forks;            /* under way */
	int is_borrowing;     /* its parent's memory: its calls stand in that one's file */
	uint64_t executing;   /* such a child: since when; 0: it is not */
	int elsewhere;
	int threaded;         /* a thread was made, whether it has been heard of or not */
	int numbers_elsewhere; /* its children have their numbers in another pid namespace */
	unsigned shared;      /* CLONE_FS, CLONE_FILES: others change its folder or descriptors, and what they are nobody knows */
	UT_hash_handle hh;
};

struct place *place_copy(const struct place *from, int pid); /* from: NULL, nothing is known */
void place_free(struct place *place);

/* NULL: it leads to nothing that is known. place: NULL is nobody's. */
const struct held *place_holds(const struct place *place, int fd);
/* to: the place's from now on; NULL: not known. */
void place_go(struct place *place, struct path *to);
void place_change_root(struct place *place, const char *given); /* NULL: not known */

/* places_resolve, of one place. place: NULL is nobody's. */
int place_resolve(const struct place *place, int64_t directory, const char *given, char to[PATH_ROOM]);
/* path.real of what an open with these flags, or a chdir (0), leads to. */
unsigned place_real(const struct place *place, int64_t directory, const char *given, uint64_t flags);

/* Of a folder and a table of descriptors, those that two processes have together behind a clone with these flags. */
unsigned place_shared_by(uint64_t flags);
void place_forks(struct place *place, uint64_t flags);

/* What a record says that the process has told of itself. place: NULL is nobody's. */
void place_told(struct paths *all, struct place *place, const struct record_place *record);
void place_copied(struct place *place, const struct record_copy *record);

#endif
