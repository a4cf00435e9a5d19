/* Floor 6: tables of sites by build-id, made when sysshim is built for the libc and ld.so of that machine (tools/sites.c), so that a
 * program's start needs no scan of a megabyte and a half. Each row is checked against the live bytes before it is used. */
#ifndef SHIM_INTERCEPT_TABLES_H
#define SHIM_INTERCEPT_TABLES_H

#include <stdint.h>

enum { BUILD_ID_SIZE = 20 };

struct site_row {
	uint32_t at;      /* the `syscall`: bytes behind the start of the text */
	int16_t number;   /* -1: not known */
	int16_t guess;
	uint8_t form;     /* enum form */
	uint8_t tail;     /* enum tail */
	uint8_t back;     /* the patch begins so many bytes in front of `at` */
	uint8_t length;   /* of the patch */
};
_Static_assert(sizeof(struct site_row) == 12, "rows are written by the build's tool");

struct site_table {
	uint8_t build_id[BUILD_ID_SIZE];
	uint32_t text_size;
	uint32_t first, count; /* of site_rows */
};

extern const struct site_table site_tables[];
extern const uint32_t site_tables_count;
extern const struct site_row site_rows[];

#endif
