/* sysshim run --verify: the program natively and with the shim, each in a copy of the working folder, and whether anybody could tell. All runs see the
 * same path, because each copy is moved there for its run: what a program says of its folder is no difference. What differs is looked at in a
 * second native run, in a third copy, before it is called a difference. */
#include "verify.h"
#include "command.h"
#include "print.h"
#include "../format/json.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Why it cannot be verified; 0. */
static int refuse(const char *why, const char *more)
{
	print_complaint("sysshim run --verify: %s%s", why, more);
	return 0;
}

static char *path_of(const struct verify *v, const char *format, int index)
{
	char *path = NULL;
	char below[64];

	snprintf(below, sizeof below, format, index);
	if (asprintf(&path, "%s/%s", v->root, below) < 0)
		exit(EXIT_OURS);
	return path;
}

static int take_limit(struct verify *v, const char *value)
{
	char *end;
	double number = value ? strtod(value, &end) : 1;
	const char *units = "KMGT";
	int64_t unit = 1;

	if (!value) {
		v->limit = 1ll << 30;
		return 1;
	}
	if (end != value && *end && strchr(units, *end))
		for (const char *u = units; u <= strchr(units, *end); u++)
			unit *= 1024;
	v->limit = (int64_t)(number * (double)unit);
	if (end == value || number <= 0 || number * (double)unit > 1e18 || (*end && (unit == 1 || end[1])))
		return refuse(value, ": not a size; 4G or 500M would be");
	return 1;
}

static int make_root(struct verify *v)
{
	const char *place = getenv("TMPDIR");
	char given[PATH_MAX];
	size_t length = strlen(v->folder);

	if (!realpath(place && *place ? place : "/tmp", given))
		return refuse("no folder for the copies: ", strerror(errno));
	if (!strncmp(given, v->folder, length) && (!given[length] || given[length] == '/'))
		return refuse(given, " lies in the folder that is to be copied; TMPDIR= names another place for the copies");
	if (snprintf(v->root, sizeof v->root, "%s/sysshim-verify.XXXXXX", given) >= (int)sizeof v->root || !mkdtemp(v->root)) {
		*v->root = 0;
		return refuse("no folder for the copies: ", strerror(errno));
	}
	return 1;
}

/* cp knows reflinks, holes, names, times, rights and attributes. */
static int copy_folder(struct verify *v, int index)
{
	char *to = path_of(v, "%d", index);
	char *const arguments[] = {"cp", "-a", "--reflink=auto", "--sparse=auto", "--", v->folder, to, NULL};
	struct verify_run run = {.folder = "/", .in = -1, .out = 2, .err = 2};
	int done = mkdir(to, 0700) == 0 && verify_execute(&run, arguments);

	free(to);
	if (!done || run.status)
		return verify_signal() ? 0 : refuse(v->folder, ": no whole copy of it can be made (cp -a)");
	return 1;
}

/* Standard input is read once and given to each run. */
static int keep_input(struct verify *v)
{
	char bytes[64 << 10], *path = path_of(v, "input", 0);
	int64_t size = 0;
	ssize_t part;

	v->in = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	free(path);
	while (v->in >= 0 && (part = read(0, bytes, sizeof bytes)) > 0) {
		size += part;
		if (write(v->in, bytes, (size_t)part) != part)
			return refuse("standard input cannot be kept: ", strerror(errno));
		if (size > v->limit)
			return refuse("standard input is larger than the limit", "; --verify=SIZE sets another one");
	}
	return v->in >= 0 && !verify_signal();
}

static int prepare(struct verify *v)
{
	char path[PATH_MAX], why[PATH_MAX + 256], sizes[128];
	enum verdict verdict = program_check(v->arguments[0], path, sizeof path, why, sizeof why);

	if (verdict == PROGRAM_NOT_FOUND || verdict == PROGRAM_UNFIT || verdict == PROGRAM_TRACEABLE)
		return refuse(why, "");
	if (!library_can_be_named(v->library))
		return refuse(v->library, ": ld.so takes the blank or colon in this path for the end of a name");
	if (isatty(0))
		return refuse("standard input is a terminal, and each run would need its own", "; </dev/null or a file would do");
	if (!getcwd(v->folder, sizeof v->folder) || !v->folder[1])
		return refuse("the working folder cannot be copied", "");
	v->name = strrchr(v->folder, '/') + 1;
	int64_t size = tree_size(v->folder);
	if (size < 0)
		return refuse(v->folder, ": not all of it can be read");
	int is_small = v->limit < 1 << 20, shift = is_small ? 10 : 20;
	const char *unit = is_small ? "KiB" : "MiB";
	snprintf(sizes, sizeof sizes, " holds %" PRId64 " %s, and the limit is %" PRId64 " %s; --verify=SIZE sets another one", size >> shift, unit, v->limit >> shift, unit);
	if (size > v->limit)
		return refuse(v->folder, sizes);
	if (!make_root(v) || !keep_input(v))
		return 0;
	for (int i = 0; i < RUNS; i++)
		if (!copy_folder(v, i))
			return 0;
	return 1;
}

/* Set for all runs: natively nobody reads them, and an environment that is printed is the same. */
static void set_variables(const struct verify *v)
{
	char *recording = path_of(v, "recording", 0);

	setenv("SYSSHIM_LOG", recording, 1);
	setenv("SYSSHIM_LOG_FORMAT", "binary", 1);
	setenv("SYSSHIM_STATS", "off", 1);
	free(recording);
}

static int are_one_file(void)
{
	struct stat a, b;

	return fstat(1, &a) == 0 && fstat(2, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino && !isatty(1);
}

static int perform(struct verify *v, int index)
{
	char *copy = path_of(v, "%d", index), *out = path_of(v, "%d.out", index), *err = path_of(v, "%d.err", index), *work = path_of(v, "work", 0), *folder;
	const char *preloads = getenv("LD_PRELOAD");
	char *before = preloads ? strdup(preloads) : NULL;

	if (asprintf(&folder, "%s/%s", work, v->name) < 0)
		exit(EXIT_OURS);
	v->outs[index] = open(out, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	v->errs[index] = are_one_file() ? v->outs[index] : open(err, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct verify_run run = {.folder = folder, .in = v->in, .out = v->outs[index], .err = v->errs[index]};
	if (index == SHIM)
		library_preload(v->library);
	int done = rename(copy, work) == 0 && verify_execute(&run, v->arguments);
	if (!done && !verify_signal())
		refuse(v->arguments[0], errno == ENOENT ? ": not found" : ": it cannot be run");
	if (before)
		setenv("LD_PRELOAD", before, 1);
	else
		unsetenv("LD_PRELOAD");
	done &= rename(work, copy) == 0;
	v->statuses[index] = run.status;
	v->left = run.left > v->left ? run.left : v->left;
	v->has_run[index] = 1;
	v->failed |= !done;
	free(before);
	free(copy);
	free(out);
	free(err);
	free(work);
	free(folder);
	return done;
}

enum { STATUS = -3, OUT, ERR }; /* else the index of a name */

static int differ(const struct verify *v, const char *name, int kind, int left, int right, struct difference *d)
{
	char *paths[2];
	int result;

	if (kind == STATUS) {
		d->aspect = "status";
		d->offset = -1;
		verify_status(v->statuses[left], d->left);
		verify_status(v->statuses[right], d->right);
		return strcmp(d->left, d->right) != 0;
	}
	if (kind == OUT)
		return contents_differ(v->outs[left], v->outs[right], d);
	if (kind == ERR)
		return contents_differ(v->errs[left], v->errs[right], d);
	if (asprintf(&paths[0], "%s/%d%s", v->root, left, name) < 0 || asprintf(&paths[1], "%s/%d%s", v->root, right, name) < 0)
		exit(EXIT_OURS);
	result = paths_differ(paths[0], paths[1], d);
	free(paths[0]);
	free(paths[1]);
	return result;
}

/* In the folder's own terms. */
static char *name_of(const struct verify *v, const char *name)
{
	size_t length = strlen(v->name);
	char *what = NULL, shown[4 * PATH_MAX];
	struct text out = {shown, shown + sizeof shown - 1, 0};
	int is_below = *name == '/' && !strncmp(name + 1, v->name, length) && (!name[1 + length] || name[1 + length] == '/');
	const char *rest = is_below ? (name[1 + length] ? name + 2 + length : ".") : *name ? name + 1 : "";

	text_escaped(&out, rest, strlen(rest));
	*out.at = 0;
	if (asprintf(&what, "file %s%s", is_below ? "" : "../", shown) < 0)
		exit(EXIT_OURS);
	return what;
}

/* A name that no native run has made, in a folder in which each makes others: names of its own are what it makes. */
static int names_vary(const struct verify *v, const char *name)
{
	char *paths[2];
	struct stat status;
	int vary = 0;

	if (asprintf(&paths[0], "%s/%d%s", v->root, NATIVE, name) < 0 || asprintf(&paths[1], "%s/%d%s", v->root, AGAIN, name) < 0)
		exit(EXIT_OURS);
	if (lstat(paths[0], &status) != 0 && lstat(paths[1], &status) != 0) {
		do {
			*strrchr(paths[0], '/') = 0;
			*strrchr(paths[1], '/') = 0;
		} while (lstat(paths[0], &status) != 0);
		vary = listings_differ(paths[0], paths[1]);
	}
	free(paths[0]);
	free(paths[1]);
	return vary;
}

static void judge(struct verify *v, const char *name, int kind)
{
	struct found f = {0};
	struct difference other;

	if (v->failed || !differ(v, name, kind, NATIVE, SHIM, &f.d))
		return;
	if (!v->has_run[AGAIN] && !perform(v, AGAIN))
		return;
	f.is_native_too = differ(v, name, kind, NATIVE, AGAIN, &other) || (kind >= 0 && names_vary(v, name));
	f.what = kind == STATUS ? strdup("exit status") : kind == OUT ? strdup("stdout") : kind == ERR ? strdup("stderr") : name_of(v, name);
	v->found = grown(v->found, v->found_count, &v->found_room, sizeof *v->found);
	v->found[v->found_count++] = f;
}

static void compare(struct verify *v)
{
	char *folders[2] = {path_of(v, "%d", NATIVE), path_of(v, "%d", SHIM)};
	struct names names;

	judge(v, NULL, STATUS);
	judge(v, NULL, OUT);
	if (v->errs[NATIVE] != v->outs[NATIVE])
		judge(v, NULL, ERR);
	if (names_of(&names, (const char *const *)folders, 2))
		for (size_t i = 0; i < names.count; i++)
			judge(v, names.paths[i], (int)i);
	else
		v->failed = !refuse("what the program has left cannot be read: ", strerror(errno));
	/* Without the two folders around it. */
	v->names = names.count > 2 ? names.count - 2 : 0;
	names_free(&names);
	free(folders[0]);
	free(folders[1]);
}

/* bash always asks, and goes on without. */
static int is_bash(const struct verify *v, int pid)
{
	for (unsigned i = 0; i < v->recording.sources_count; i++)
		if (v->recording.sources[i].header->pid == pid && !strcmp(v->recording.sources[i].header->program, "bash"))
			return 1;
	return 0;
}

/* Files elsewhere that were written and are still there; devices hold nothing. */
static void take_path(void *self, const char *path, int pid, int is_written)
{
	struct verify *v = self;
	size_t length = strlen(v->root);
	struct stat status;
	char real[PATH_MAX];

	if (!strcmp(path, "/dev/tty") && !is_bash(v, pid))
		v->wants_terminal = 1;
	if (!is_written || (!strncmp(path, v->root, length) && path[length] == '/' && !strstr(path, "/../")) || lstat(path, &status) != 0 ||
	    !(S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode) || S_ISLNK(status.st_mode)))
		return;
	if (realpath(path, real) && !strncmp(real, v->root, length) && real[length] == '/')
		return;
	v->outside = grown(v->outside, v->outside_count, &v->outside_room, sizeof *v->outside);
	v->outside[v->outside_count++] = strdup(path);
}

static void look_at_recording(struct verify *v)
{
	char *path = path_of(v, "recording", 0), *arguments[] = {"run --verify", path, NULL};
	struct recording *r = &v->recording;

	optind = 1;
	if (recording_read(r, 2, arguments)) {
		for (unsigned i = 0; i < r->sources_count; i++) {
			v->gathered += r->sources[i].header->coalesced;
			v->batches += r->sources[i].header->batches;
		}
		v->not_followed = recording_not_followed(r);
		files_each(r, take_path, v);
		recording_end(r, stdout);
	}
	free(path);
}

static int verified(struct verify *v)
{
	if (!prepare(v))
		return 0;
	set_variables(v);
	if (!perform(v, NATIVE) || !perform(v, SHIM))
		return 0;
	look_at_recording(v);
	if (v->wants_terminal)
		return refuse(v->arguments[0], " asks for its terminal (/dev/tty), and there is none here");
	compare(v);
	return !v->failed;
}

int verify(const char *library, char *const *arguments, const char *limit, int json)
{
	static struct verify v;
	int done, signal_number;

	v = (struct verify){.arguments = arguments, .library = library, .json = json, .in = -1};
	if (!take_limit(&v, limit))
		return EXIT_USAGE;
	verify_catch_signals();
	done = verified(&v);
	if (*v.root)
		tree_remove(v.root);
	signal_number = verify_signal();
	if (signal_number) {
		signal(signal_number, SIG_DFL);
		raise(signal_number);
	}
	if (!done)
		return EXIT_USAGE;
	(json ? verify_tell_json : verify_tell)(&v);
	return fflush(stdout) != 0 ? EXIT_USAGE : verify_count(&v, 0) ? EXIT_FOUND : EXIT_FINE;
}
