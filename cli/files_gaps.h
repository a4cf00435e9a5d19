/* Execs of an audit that nothing of ours came after. By process (places_process); in the order of the recording. */
#ifndef CLI_FILES_GAPS_H
#define CLI_FILES_GAPS_H

#include "files.h"

/* One begins (file NULL: its path could not be read); an image of ours has come, or the exec has failed (what was executed; NULL: none was under way); a note that the shim has written. */
void gaps_exec(struct files *f, int process, struct file *file, uint64_t when);
struct file *gaps_image(struct files *f, int process);
/* The one before has succeeded, and its program is over: what a note says was not followed stays among those. */
struct file *gaps_over(struct files *f, int process);
void gaps_note(struct files *f, int process, const char *text);
/* The process has made a child: an exec of unknown path that was under way in it was that child's, and is_recorded says whether an image has come. */
void gaps_child(struct files *f, int process, int is_recorded);
/* Behind the last event: of whom an image may come yet nothing is said. */
void gaps_end(struct files *f);
/* Those that are left, for fsatrace: they were executed as well. */
void gaps_fsatrace(const struct files *f);
void gaps_free(struct files *f);

#endif
