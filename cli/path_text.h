/* Absolute paths as text: nothing is asked of a file system. */
#ifndef CLI_PATH_TEXT_H
#define CLI_PATH_TEXT_H

enum { PATH_ROOM = 9000 }; /* bytes: a working folder, which is at most as long as the kernel names (4,096), a path behind it, and what escapes need */

/* Without `.`, doubled slashes, and one at the end, in its place; `..` stays, because what it means depends on symbolic links. */
void path_tidy(char *path);

/* Where a tidy path leads if no symbolic link stands before its `..`: itself, or written to `room`. */
const char *path_straight(const char *path, char room[PATH_ROOM]);

/* Nobody climbs out of a root folder ("": the system's): `..` in it is itself. In the path's place. */
void path_stay_below(char *path, const char *root);

/* Does it climb out all the same, as far as its text says? Where it comes out depends on symbolic links. The path is as it was afterwards. */
int path_climbs_out(char *path, const char *root);

#endif
