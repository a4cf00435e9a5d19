/* sysshim report: a recording as a page with pictures. */
#include "command.h"
#include "print.h"
#include "report.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char report_help[] =
	"usage: sysshim report [OPTION...] [RECORDING]\n"
	"\n"
	"Makes a page of HTML that shows a recording in pictures: which programs ran when and what they spent their time in, bytes read and written over time,\n"
	"the calls that took most, sizes, the files with most bytes, and what was not there. One file, which loads nothing. RECORDING is a folder that\n"
	"`sysshim run` made; without it, the newest.\n"
	"\n"
	"  -o FILE             write there instead of stdout\n"
	"      --help\n"
	"\n"
	"Exit status: 0; 1: a part of the recording could not be read; 2: wrong usage, or nothing to read; 125: the output could not be written.\n";

enum { MOST_CALLS = 20, MOST_FILES = 40 };

static const char style[] =
	":root{color-scheme:light dark;--text:#1c2330;--dim:#5b6472;--ground:#fff;--edge:#d9dee6;--g0:#2f6fd0;--g1:#2a9d6f;--g2:#d98a1f;--g3:#8a63c9;--back:#e9edf3;--bad:#b3261e}\n"
	"@media(prefers-color-scheme:dark){:root{--text:#e6e9ef;--dim:#9aa4b2;--ground:#14181f;--edge:#303845;--g0:#6ea0f0;--g1:#5bc59a;--g2:#e8ad55;--g3:#b79bea;--back:#262d38;--bad:#f2877f}}\n"
	"body{font:15px/1.45 system-ui,sans-serif;color:var(--text);background:var(--ground);max-width:1060px;margin:24px auto;padding:0 20px}\n"
	"h1{font-size:22px;margin:0 0 2px;overflow-wrap:anywhere;max-height:5.2em;overflow-y:auto}h2{font-size:16px;margin:32px 0 8px}p{margin:4px 0;color:var(--dim)}\n"
	".tiles{display:flex;flex-wrap:wrap;gap:10px;margin:16px 0}.tiles div{border:1px solid var(--edge);border-radius:6px;padding:8px 14px;min-width:92px}\n"
	".tiles b{display:block;font-size:19px;font-weight:600}.tiles span{color:var(--dim);font-size:13px}\n"
	"svg{width:100%;display:block}svg text{font:11px system-ui,sans-serif;fill:var(--dim)}.line{stroke:var(--edge)}.back{fill:var(--back)}\n"
	".g0,.in{fill:var(--g0)}.g1,.out{fill:var(--g1)}.g2{fill:var(--g2)}.g3{fill:var(--g3)}\n"
	".key span{margin-right:16px;color:var(--dim);font-size:13px}.key i{display:inline-block;width:11px;height:11px;border-radius:2px;margin-right:6px}\n"
	"table{border-collapse:collapse;width:100%;font-size:14px}th{font-weight:500;color:var(--dim);text-align:right;padding:2px 10px}td{padding:2px 10px;text-align:right;"
	"border-top:1px solid var(--edge);font-variant-numeric:tabular-nums;white-space:nowrap}td.n,th.n{text-align:left}td.w{white-space:normal;overflow-wrap:anywhere}\n"
	"td.b{width:34%;text-align:left}td.b i{display:block;height:11px;border-radius:2px;min-width:1px}.bad{color:var(--bad)}code{font:13px ui-monospace,monospace}\n"
	"footer{margin:32px 0;color:var(--dim);font-size:13px;border-top:1px solid var(--edge);padding-top:10px;overflow-wrap:anywhere}\n";

const char *report_number(char to[32], uint64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof digits, "%" PRIu64, number);
	char *at = to;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = 0;
	return to;
}

void report_command_line(const struct report *p, const struct record_header *h)
{
	size_t size = h->arguments_size < sizeof h->arguments ? h->arguments_size : sizeof h->arguments;

	if (!size)
		print_html(p->out, h->program, strnlen(h->program, sizeof h->program));
	for (size_t at = 0; at < size;) {
		size_t length = strnlen(h->arguments + at, size - at);
		if (at)
			fputc(' ', p->out);
		print_html_word(p->out, h->arguments + at, length);
		at += length + 1;
	}
	fputs(recorded_cut(h), p->out);
}

static void tile(const struct report *p, const char *value, const char *what)
{
	fprintf(p->out, "<div><b>%s</b><span>%s</span></div>\n", value, what);
}

static void head(const struct report *p)
{
	const struct record_header *first = recording_first(&p->recording);
	time_t began = (time_t)(first->began / 1000000000);
	char date[64] = "";
	struct tm when;

	if (localtime_r(&began, &when))
		strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &when);
	fprintf(p->out, "<!doctype html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>sysshim: ");
	report_command_line(p, first);
	fprintf(p->out, "</title>\n<style>\n%s</style></head><body>\n<h1>", style);
	report_command_line(p, first);
	fprintf(p->out, "</h1>\n<p>%s, in ", date);
	print_html(p->out, *first->directory ? first->directory : "?", strnlen(first->directory, sizeof first->directory));
	fprintf(p->out, "</p>\n");
}

static void tiles(const struct report *p)
{
	uint64_t calls = 0, errors = 0, opened = 0, missing = 0, read = 0, written = 0;
	struct file *file, *next;
	char text[32];

	for (unsigned i = 0; i < SYSCALL_LIMIT; i++) {
		const struct row *row = &p->totals.rows[i];
		calls += row->calls;
		errors += row->errors;
		read += call_reads(row->number) ? row->bytes : 0;
		written += call_writes(row->number) ? row->bytes : 0;
	}
	HASH_ITER(hh, p->files.table, file, next)
	{
		opened += file->opens || file->kernel;
		missing += !file->opens && !file->kernel && file->failed;
	}
	fprintf(p->out, "<div class=tiles>\n");
	tile(p, print_duration(text, p->to - p->from), "in all");
	tile(p, report_number(text, p->processes), "processes");
	tile(p, report_number(text, calls), "calls");
	tile(p, report_number(text, errors), "of them failed");
	tile(p, print_size(text, read), "read");
	tile(p, print_size(text, written), "written");
	tile(p, report_number(text, opened), "files opened");
	tile(p, report_number(text, missing), "not there");
	if (p->totals.batches)
		tile(p, report_number(text, p->totals.batch_writes - p->totals.batches), "writes saved");
	fprintf(p->out, "</div>\n");
}

static void key(const struct report *p)
{
	fprintf(p->out, "<div class=key>");
	for (unsigned g = 0; g < GROUPS; g++)
		fprintf(p->out, "<span><i style=\"background:var(--g%u)\"></i>%s</span>", g, report_groups[g]);
	fprintf(p->out, "<span><i style=\"background:var(--back)\"></i>between calls</span></div>\n");
}

static void bar(const struct report *p, double part, unsigned colour)
{
	if (part > 0)
		fprintf(p->out, "<td class=b><i style=\"width:%.1f%%;background:var(--g%u)\"></i></td>", 100 * part, colour);
	else
		fprintf(p->out, "<td class=b></td>");
}

static void calls(const struct report *p)
{
	double most = 1;
	char texts[4][32];

	for (unsigned i = 0; i < SYSCALL_LIMIT; i++)
		most = (double)p->totals.rows[i].nanoseconds > most ? (double)p->totals.rows[i].nanoseconds : most;
	fprintf(p->out, "<h2>Calls that took most time</h2>\n<table><tr><th class=n>call<th class=n><th>in all<th>calls<th>failed<th>half below<th>99 %% below<th>longest</tr>\n");
	for (unsigned i = 0; i < MOST_CALLS && p->totals.rows[i].calls; i++) {
		const struct row *row = &p->totals.rows[i];
		fprintf(p->out, "<tr><td class=n><code>%s</code></td>", totals_name(row, texts[0]));
		bar(p, (double)row->nanoseconds / most, report_group(row->number));
		fprintf(p->out, "<td>%s</td><td>%s</td><td%s>%s</td>", print_duration(texts[0], row->nanoseconds), report_number(texts[1], row->calls), row->errors ? " class=bad" : "",
			row->errors ? report_number(texts[2], row->errors) : "");
		if (row->times)
			fprintf(p->out, "<td>%s</td><td>%s</td><td>%s</td></tr>\n", print_duration(texts[0], totals_percentile(row, 50)),
				print_duration(texts[1], totals_percentile(row, 99)), print_duration(texts[2], row->most));
		else
			fprintf(p->out, "<td>-</td><td>-</td><td>-</td></tr>\n");
	}
	fprintf(p->out, "</table>\n");
}

static void sizes(const struct report *p)
{
	uint64_t most = 0;
	char texts[2][32];

	for (unsigned i = 0; i < SIZES; i++) {
		most = p->totals.reads[i] > most ? p->totals.reads[i] : most;
		most = p->totals.writes[i] > most ? p->totals.writes[i] : most;
	}
	if (!most)
		return;
	fprintf(p->out, "<h2>Bytes a call</h2>\n<table><tr><th class=n>bytes<th>reads<th class=n><th>writes<th class=n></tr>\n");
	for (unsigned i = 0; i < SIZES; i++) {
		if (!p->totals.reads[i] && !p->totals.writes[i])
			continue;
		fprintf(p->out, "<tr><td class=n>%s</td><td>%s</td>", sizes_name(i), report_number(texts[0], p->totals.reads[i]));
		bar(p, (double)p->totals.reads[i] / (double)most, 0);
		fprintf(p->out, "<td>%s</td>", report_number(texts[1], p->totals.writes[i]));
		bar(p, (double)p->totals.writes[i] / (double)most, 1);
		fprintf(p->out, "</tr>\n");
	}
	fprintf(p->out, "</table>\n");
}

static int by_bytes(const void *a, const void *b)
{
	const struct file *x = *(struct file *const *)a, *y = *(struct file *const *)b;
	uint64_t p = x->read + x->written, q = y->read + y->written;

	return p != q ? (p < q ? 1 : -1) : strcmp(x->path, y->path);
}

static int by_failures(const void *a, const void *b)
{
	const struct file *x = *(struct file *const *)a, *y = *(struct file *const *)b;

	return x->failed != y->failed ? (x->failed < y->failed ? 1 : -1) : strcmp(x->path, y->path);
}

static void put_path(const struct report *p, const struct file *file)
{
	fprintf(p->out, "<tr><td class=\"n w\"><code>");
	print_html(p->out, file->path, strlen(file->path));
	fprintf(p->out, "</code></td>");
}

static void opened(const struct report *p, struct file **files, size_t count)
{
	double most = count ? (double)(files[0]->read + files[0]->written) : 0;
	char letters[ACCESS_TEXT], texts[2][32];

	fprintf(p->out, "<h2>Files%s</h2>\n<table><tr><th class=n>path<th class=n>how<th>opened<th>read<th>written<th class=n></tr>\n",
		count > MOST_FILES ? " with most bytes (sysshim files has all)" : "");
	for (size_t i = 0; i < count && i < MOST_FILES; i++) {
		const struct file *file = files[i];
		put_path(p, file);
		fprintf(p->out, "<td class=n>%s</td><td>%" PRIu64 "</td><td>%s</td><td>%s</td>", files_access(file->access, letters), file->opens,
			file->read ? print_size(texts[0], file->read) : "", file->written ? print_size(texts[1], file->written) : "");
		bar(p, most > 0 ? (double)(file->read + file->written) / most : 0, file->written > file->read);
		fprintf(p->out, "</tr>\n");
	}
	fprintf(p->out, "</table>\n");
}

static void missing(const struct report *p, struct file **files, size_t count)
{
	fprintf(p->out, "<h2>Not there, or not to be opened%s</h2>\n<table><tr><th class=n>path<th class=n>why<th>tried</tr>\n",
		count > MOST_FILES ? ": those tried most (sysshim files --only-missing has all)" : "");
	for (size_t i = 0; i < count && i < MOST_FILES; i++) {
		const char *error = errno_name((unsigned)files[i]->error);
		put_path(p, files[i]);
		fprintf(p->out, "<td class=n>%s</td><td>%" PRIu64 "</td></tr>\n", error ? error : "?", files[i]->failed);
	}
	fprintf(p->out, "</table>\n");
}

static void files(const struct report *p)
{
	size_t count = HASH_COUNT(p->files.table), found = 0, lost = 0;
	struct file **all = zeroed((2 * count + 1) * sizeof *all), *file, *next;

	HASH_ITER(hh, p->files.table, file, next)
	{
		if (file->opens || file->kernel)
			all[found++] = file;
		else if (file->failed)
			all[count + lost++] = file;
	}
	qsort(all, found, sizeof *all, by_bytes);
	qsort(all + count, lost, sizeof *all, by_failures);
	if (found)
		opened(p, all, found);
	if (lost)
		missing(p, all + count, lost);
	free(all);
}

/* The sentences of what was not seen. */
static void coverage(const struct report *p)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return;
	recording_coverage(&p->recording, to);
	files_gaps(&p->files, to);
	fclose(to);
	fprintf(p->out, "<footer>");
	for (char *line = text, *end; line && *line; line = end + (*end == '\n')) {
		end = line + strcspn(line, "\n");
		fprintf(p->out, "<p>");
		print_html(p->out, line, (size_t)(end - line));
		fprintf(p->out, "</p>\n");
	}
	fprintf(p->out, "<p>sysshim " SYSSHIM_VERSION "; ");
	print_html(p->out, p->recording.path, strlen(p->recording.path));
	fprintf(p->out, "</p></footer>\n</body></html>\n");
	free(text);
}

static void page(const struct report *p)
{
	double bytes = 0;

	head(p);
	tiles(p);
	fprintf(p->out, "<h2>Processes%s</h2>\n", p->lanes_count < p->processes ? ", the longest ones" : "");
	key(p);
	report_timeline(p);
	for (unsigned i = 0; i < COLUMNS; i++)
		bytes += p->read[i] + p->written[i];
	if (bytes > 0) {
		fprintf(p->out, "<h2>Bytes read and written</h2>\n");
		report_bytes(p);
	}
	calls(p);
	sizes(p);
	files(p);
	coverage(p);
}

int command_report(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {"output", required_argument, NULL, 'o'}, {NULL, 0, NULL, 0}};
	static struct report p;
	const char *path = NULL;
	int option;

	memset(&p, 0, sizeof p);
	p.out = stdout;
	while ((option = next_option(argc, argv, ":ho:", options)) != -1) {
		if (option == 'h') {
			fputs(report_help, stdout);
			return EXIT_FINE;
		}
		if (option != 'o')
			return EXIT_USAGE;
		path = optarg;
	}
	if (!recording_read(&p.recording, argc, argv))
		return EXIT_USAGE;
	if (path && !(p.out = fopen(path, "we"))) {
		print_complaint("sysshim report: %s: %s", path, strerror(errno));
		recording_end(&p.recording, stdout);
		return EXIT_USAGE;
	}
	report_add_up(&p);
	page(&p);
	report_free(&p);
	return recording_end(&p.recording, p.out);
}
