/* One row of the audit's table, and what adds to it. */
#ifndef CLI_FILES_ROW_H
#define CLI_FILES_ROW_H

#include "files.h"

/* The row of a path, made where there is none. */
struct file *file_of(struct files *f, const char *path, const char *given);
/* A file that has no name yet. */
struct file *file_nameless(struct files *f);
/* The bytes that went through one were another's too. */
void file_add_bytes(struct file *to, const struct file *from);
void file_free(struct file *file);

/* Are there rows of what stands in it? */
int file_is_folder(const struct files *f, const struct file *file);
void folders_free(struct files *f);

/* This process and program had to do with it at that time (ns since 1970). */
void file_noted(struct file *file, uint64_t time, int pid, const char *program);
/* An open or exec: result as the kernel's. */
void file_opened(struct file *file, unsigned access, int64_t result);
void file_failed(struct file *file, int64_t result);

int file_by_path(const struct file *a, const struct file *b);

/* All of a recording is added. */
void files_add_all(struct files *f);
void files_free(struct files *f);

#endif
