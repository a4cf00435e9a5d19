/* The pictures of `sysshim report`: SVG in the page, with the page's colours (classes g0 to g3, in, out, line, back). */
#include "print.h"
#include "report.h"

#include <inttypes.h>
#include <string.h>

enum { WIDTH = 1000, LABEL = 190, LANE = 18, BAR = 14, AXIS = 22, BYTES = 90, STEPS = 14 /* heights in a lane that are told apart */ };

static double x_of(const struct report *p, double since)
{
	return LABEL + since / (double)(p->to - p->from) * (WIDTH - LABEL);
}

/* Times at 1, 2 or 5 times a power of ten, six or so. */
static void axis(const struct report *p, int height)
{
	double whole = (double)(p->to - p->from), step = 1;
	char text[32];

	while (whole / step > 8) {
		static const double next[] = {2, 2.5, 2};
		for (unsigned i = 0; i < 3 && whole / step > 8; i++)
			step *= next[i];
	}
	for (unsigned i = 0; i * step <= whole && i < 20; i++) {
		double x = x_of(p, i * step);
		fprintf(p->out, "<line class=line x1=\"%.1f\" x2=\"%.1f\" y1=0 y2=%d /><text x=\"%.1f\" y=%d%s>%s</text>\n", x, x, height, x, height + 15,
			x > WIDTH - 30 ? " text-anchor=end" : i ? " text-anchor=middle" : "", i ? print_duration(text, (uint64_t)(i * step)) : "0");
	}
}

/* The part of a column that a group has, on top of those before it, in steps. */
static unsigned height_to(const struct report *p, const struct lane *l, unsigned column, unsigned groups)
{
	double width = (double)(p->to - p->from) / COLUMNS, all = 0, these = 0;

	for (unsigned g = 0; g < GROUPS; g++) {
		all += l->time[column][g];
		these += g < groups ? l->time[column][g] : 0;
	}
	/* Several threads may be in calls at once. */
	width = all > width ? all : width;
	return (unsigned)(these / width * STEPS + 0.5);
}

/* A group's share of time over all columns, as one path of rectangles. */
static void strip(const struct report *p, const struct lane *l, unsigned group, int y)
{
	double width = (double)(WIDTH - LABEL) / COLUMNS;
	int any = 0;

	for (unsigned i = 0; i < COLUMNS; i++) {
		unsigned low = height_to(p, l, i, group), high = height_to(p, l, i, group + 1), same = 1;
		if (high <= low)
			continue;
		while (i + same < COLUMNS && height_to(p, l, i + same, group) == low && height_to(p, l, i + same, group + 1) == high)
			same++;
		fprintf(p->out, "%sM%.1f %.1fh%.1fv%.1fh%.1fz", any++ ? "" : "<path d=\"", LABEL + i * width, y + BAR - (double)high * BAR / STEPS, same * width,
			(double)(high - low) * BAR / STEPS, -(double)same * width);
		i += same - 1;
	}
	if (any)
		fprintf(p->out, "\" class=g%u />", group);
}

static void lane(const struct report *p, const struct lane *l, int y)
{
	const struct record_header *h = l->last->header;
	double from = x_of(p, (double)(l->from - p->from)), to = x_of(p, (double)(l->to - p->from));
	char duration[32], calls[32], end[RECORDED_END];
	size_t name = strnlen(h->program, sizeof h->program);

	fprintf(p->out, "<g><title>");
	report_command_line(p, h);
	fprintf(p->out, "\n%s, %s calls, %s</title>", print_duration(duration, l->to - l->from), report_number(calls, l->calls), recorded_end(h, end));
	fprintf(p->out, "<text x=%d y=%d text-anchor=end>", LABEL - 8, y + BAR - 3);
	print_html(p->out, h->program, name < 16 ? name : 16);
	fprintf(p->out, " %d</text><rect class=back x=\"%.1f\" y=%d width=\"%.1f\" height=%d />", h->pid, from, y, to - from < 1 ? 1 : to - from, BAR);
	for (unsigned g = 0; g < GROUPS; g++)
		strip(p, l, g, y);
	fprintf(p->out, "</g>\n");
}

void report_timeline(const struct report *p)
{
	int height = (int)p->lanes_count * LANE + 4;

	fprintf(p->out, "<svg viewBox=\"0 0 %d %d\" role=img aria-label=\"programs over time\">\n", WIDTH, height + AXIS);
	axis(p, height);
	for (unsigned i = 0; i < p->lanes_count; i++)
		lane(p, &p->lanes[i], (int)i * LANE + 2);
	fprintf(p->out, "</svg>\n");
}

static void columns(const struct report *p, const double *bytes, double most, int is_up, const char *class)
{
	double width = (double)(WIDTH - LABEL) / COLUMNS;

	fprintf(p->out, "<path class=%s d=\"", class);
	for (unsigned i = 0; i < COLUMNS; i++) {
		double height = bytes[i] / most * BYTES;
		if (bytes[i] > 0)
			fprintf(p->out, "M%.1f %.1fh%.1fv%.1fh%.1fz", LABEL + i * width, is_up ? BYTES - (height < 0.7 ? 0.7 : height) : BYTES, width, height < 0.7 ? 0.7 : height, -width);
	}
	fprintf(p->out, "\" />\n");
}

void report_bytes(const struct report *p)
{
	double most = 1, seconds = (double)(p->to - p->from) / COLUMNS / 1e9;
	char text[32];

	for (unsigned i = 0; i < COLUMNS; i++) {
		most = p->read[i] > most ? p->read[i] : most;
		most = p->written[i] > most ? p->written[i] : most;
	}
	fprintf(p->out, "<svg viewBox=\"0 0 %d %d\" role=img aria-label=\"bytes over time\">\n", WIDTH, 2 * BYTES + AXIS);
	axis(p, 2 * BYTES);
	columns(p, p->read, most, 1, "in");
	columns(p, p->written, most, 0, "out");
	fprintf(p->out, "<text x=%d y=12 text-anchor=end>read: %s/s</text><text x=%d y=%d text-anchor=end>written: %s/s</text>\n", LABEL - 8, print_size(text, (uint64_t)(most / seconds)), LABEL - 8,
		2 * BYTES - 4, text);
	fprintf(p->out, "</svg>\n");
}
