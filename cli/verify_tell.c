/* What sysshim run --verify says; see verify.h. */
#include "verify.h"
#include "print.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { SAID_MOST = 20 };

void verify_status(int status, char to[SHOWN_TEXT])
{
	const char *name = WIFSIGNALED(status) ? signal_name((unsigned)WTERMSIG(status)) : NULL;

	if (WIFSIGNALED(status))
		snprintf(to, SHOWN_TEXT, "killed by %s", name ? name : "a signal");
	else
		snprintf(to, SHOWN_TEXT, "%d", WEXITSTATUS(status));
}

static void tell_some(const struct verify *v, int native_too)
{
	size_t said = 0, all = 0;

	for (size_t i = 0; i < v->found_count; i++) {
		const struct found *f = &v->found[i];
		if (f->is_native_too != native_too || all++ >= SAID_MOST)
			continue;
		said++;
		printf("%s%s", native_too ? "differs natively too: " : "", f->what);
		if (f->d.offset >= 0)
			printf("%s at byte %" PRId64, native_too ? "," : " differs", f->d.offset);
		else if (f->what[0] == 'f')
			printf("%s %s", native_too ? "," : ":", f->d.aspect);
		else
			printf("%s", native_too ? "," : " differs");
		printf(": natively %s, with the shim %s\n", f->d.left, f->d.right);
	}
	if (all > said)
		printf("and %zu more that differ%s\n", all - said, native_too ? " natively too" : "");
}

size_t verify_count(const struct verify *v, int native_too)
{
	size_t result = 0;

	for (size_t i = 0; i < v->found_count; i++)
		result += v->found[i].is_native_too == native_too;
	return result;
}

static int64_t size_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 ? status.st_size : 0;
}

void verify_tell(const struct verify *v)
{
	char status[SHOWN_TEXT];
	int is_one = v->errs[NATIVE] == v->outs[NATIVE];

	tell_some(v, 0);
	tell_some(v, 1);
	verify_status(v->statuses[NATIVE], status);
	printf("%s: %s%s, %" PRId64 " bytes of stdout%s", verify_count(v, 0) ? "different" : "equal", WIFEXITED(v->statuses[NATIVE]) ? "exit status " : "", status, size_of(v->outs[NATIVE]), is_one ? " and stderr" : "");
	if (!is_one)
		printf(", %" PRId64 " of stderr", size_of(v->errs[NATIVE]));
	printf(", %zu file%s; %" PRIu64 " write%s gathered into %" PRIu64 " batch%s\n", v->names, v->names == 1 ? "" : "s", v->gathered, v->gathered == 1 ? " was" : "s were", v->batches,
	       v->batches == 1 ? "" : "es");
	if (v->not_followed)
		printf("not shimmed: %u of the programs that it started, which are static, set-user-id or of another word size\n", v->not_followed);
	if (v->left)
		printf("ended: %u process%s that the program left running; what %s would have done is not compared\n", v->left, v->left == 1 ? "" : "es", v->left == 1 ? "it" : "they");
	printf("not seen: files outside %s%s\n", v->folder, v->outside_count ? "; these were written:" : "");
	for (size_t i = 0; i < v->outside_count; i++) {
		printf("  ");
		print_escaped(stdout, v->outside[i], strlen(v->outside[i]));
		putchar('\n');
	}
}

static void json_text(const char *name, const char *value)
{
	printf(",\"%s\":", name);
	print_quoted(stdout, value, strlen(value));
}

static void json_differences(const struct verify *v, int native_too)
{
	const char *comma = "";

	for (size_t i = 0; i < v->found_count; i++) {
		const struct found *f = &v->found[i];
		if (f->is_native_too != native_too)
			continue;
		printf("%s{\"offset\":", comma);
		if (f->d.offset >= 0)
			printf("%" PRId64, f->d.offset);
		else
			printf("null");
		json_text("what", f->what);
		json_text("aspect", f->d.aspect);
		json_text("native", f->d.left);
		json_text("shim", f->d.right);
		printf("}");
		comma = ",";
	}
}

void verify_tell_json(const struct verify *v)
{
	char status[SHOWN_TEXT];

	verify_status(v->statuses[NATIVE], status);
	printf("{\"equal\":%s", verify_count(v, 0) ? "false" : "true");
	json_text("status", status);
	printf(",\"stdout_bytes\":%" PRId64 ",\"stderr_bytes\":%" PRId64 ",\"files\":%zu,\"writes_gathered\":%" PRIu64 ",\"batches\":%" PRIu64 ",\"left_running\":%u,\"not_shimmed\":%u", size_of(v->outs[NATIVE]),
	       v->errs[NATIVE] == v->outs[NATIVE] ? 0 : size_of(v->errs[NATIVE]), v->names, v->gathered, v->batches, v->left, v->not_followed);
	printf(",\"differences\":[");
	json_differences(v, 0);
	printf("],\"natively_too\":[");
	json_differences(v, 1);
	printf("]");
	json_text("not_seen_outside", v->folder);
	printf(",\"written_outside\":[");
	for (size_t i = 0; i < v->outside_count; i++) {
		if (i)
			putchar(',');
		print_quoted(stdout, v->outside[i], strlen(v->outside[i]));
	}
	puts("]}");
}
