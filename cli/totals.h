/* What a recording's calls add up to. */
#ifndef CLI_TOTALS_H
#define CLI_TOTALS_H

#include "filter.h"
#include "sizes.h"

struct row {
	unsigned number;
	uint64_t calls, errors, nanoseconds, bytes, coalesced, most;
	uint64_t recorded; /* of the calls: they have a record, from which times, sizes and what was gathered are known */
	uint32_t *times;
};

enum { REASONS = 64 };

struct totals {
	struct row rows[SYSCALL_LIMIT];
	uint64_t reads[SIZES], writes[SIZES];
	uint64_t batches, batch_writes, batch_bytes, batch_nanoseconds;
	struct reason {
		char word[sizeof((struct record_batch *)0)->ended_by + 1];
		uint64_t batches;
	} reasons[REASONS]; /* why batches ended, as many as there are; the last stands for all that find no place */
};

/* All of one file of the recording that the filter takes. is_by_name: filter_by_name; tell: who wants to see each event on the way, or NULL. */
void totals_add(struct totals *t, struct recording *r, unsigned index, const struct filter *f, int is_by_name, void (*tell)(void *self, const struct event *e), void *self);
/* How long so many percent of a call's times are at most: ns, right to 1/32; 0: none was timed. */
uint64_t totals_percentile(const struct row *row, unsigned percent);
void totals_clear(struct totals *t);
/* The call that a row is of: text_row_name in `room`. */
enum { ROW_NAME = 32 };
const char *totals_name(const struct row *row, char room[ROW_NAME]);

/* -S: by which column rows stand (time, where nobody has said). 0: there is no such one, which was said. */
int totals_take_column(const char *value);
/* Behind the last totals_add: rows and reasons in the order in which they are printed. */
void totals_put_in_order(struct totals *t);
void totals_print(const struct totals *t);
/* What an object has of them, without its braces. */
void totals_print_json(const struct totals *t);

#endif
