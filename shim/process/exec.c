/* Exec: a program that is followed finds us again, by the environment that it is given (exec_environment.h). Where that makes the list too long, the
 * caller's own is used: E2BIG stays what it was. */
#include "exec_environment.h"
#include "exec_memory.h"
#include "life.h"
#include "target.h"
#include "tracer.h"
#include "../sys/memory.h"
#include "../../format/text.h"

#include <asm/statfs.h>
#include <linux/fcntl.h>

#include "../sys/poison.h"

enum { MAY_EXECUTE = 1, MAY_READ = 4 /* access(2) */, NO_EXECUTE = 8 /* ST_NOEXEC, statfs(2) */ };

extern const char *gnu_get_libc_version(void) __attribute__((weak));

/* Under a filter that was there before us a call might kill that ld.so has not made; glibc's makes this one at each start. On a mount that lets nothing be executed (noexec) ld.so cannot map us; nor may a file be executed that
 * is not marked so, and that does not matter. */
static __attribute__((noinline)) long may_load(const char *path)
{
	struct statfs mount;

	if (memory_is_stored_directly())
		return gnu_get_libc_version ? RAW_ACCESS(path, MAY_READ) : 0;
	long result = RAW(__NR_faccessat2, AT_FDCWD, path, MAY_READ | MAY_EXECUTE, AT_EACCESS);
	if (result != -EACCES)
		return result;
	result = RAW(__NR_faccessat2, AT_FDCWD, path, MAY_READ, AT_EACCESS);
	return result == 0 && RAW(__NR_statfs, path, &mount) == 0 && mount.f_flags & NO_EXECUTE ? -EACCES : result;
}

/* In another root, or where this user may not go, ld.so would not find us, and would say so on the program's stderr. Landlock forbids to open what access(2) says may be read. */
int exec_is_out_of_reach(const struct process *p)
{
	const char *path = exec_own_path();

	if (p->sealed)
		return inherited.out_of_reach;
	/* Who is executed by a process that answers for openings would open its record while that one may wait for it. */
	if (inherited.answers_opens)
		return 1;
	if (!path || !settings.follow)
		return 0;
	long result = may_load(path);
	if (!result && inherited.restricted)
		result = target_open_for_a_moment(p, path);
	return result == -ENOENT || result == -ENOTDIR || result == -EACCES;
}

/* Behind a filter of the program's own: the child is told whose it is, the recording that the program goes on as another one, and nothing else is done. */
static long exec_sealed(struct process *p, const struct call *call, int slot)
{
	uint64_t *copy = exec_own_path() ? exec_environment(p, call->arguments[slot], settings.follow && !exec_is_out_of_reach(p), 0) : NULL;
	struct call changed = *call;
	long result = -E2BIG;
	/* A vfork child is not told from its parent here. */
	int is_told = !p->suspect;

	if (is_told)
		log_state(p, RECORD_EXECED, 0);
	if (copy) {
		changed.arguments[slot] = (uint64_t)copy;
		result = kernel_call(&changed);
		exec_memory_give(p, copy);
	}
	if (result == -E2BIG)
		result = kernel_call(call);
	if (is_told)
		log_state(p, RECORD_RUNNING, 0);
	return result;
}

/* What a reader of the log would look for in vain. */
static void tell_unfollowed(struct process *p, int unfollowed, int out_of_reach)
{
	static const char words[][32] = {
		[UNFOLLOWED_STATIC] = "not followed: static", [UNFOLLOWED_SETUID] = "not followed: set-user-id", [UNFOLLOWED_FOREIGN] = "not followed: another word size"};

	if (unfollowed >= 0)
		log_note(p, words[unfollowed]);
	else if (out_of_reach)
		log_note(p, inherited.answers_opens ? "not followed: fanotify" : "not followed: the shim is out of reach there");
	else if (!settings.follow)
		log_note(p, "not followed: SYSSHIM_FOLLOW=off");
}

/* NB order: before anything is asked of the file. With handlers of ours no signal would end the program while it waits for a file system that does not answer. */
static void clear_the_way(struct process *p)
{
	arm_before_exec(p);
	if (process_is_ours(p))
		signals_unhook(p);
}

/* Of an exec that is about to be made: what the program wrote and what we know of it is out. */
static void before(struct process *p, int unfollowed)
{
	target_count(unfollowed, 1);
	death_provisional(p, "exec", 0);
	log_publish(p);
	log_state(p, RECORD_EXECED, 0);
}

/* Still here: it failed. */
static void after(struct process *p, int unfollowed, uint64_t *copy)
{
	target_count(unfollowed, -1);
	exec_memory_give(p, copy);
	log_state(p, RECORD_RUNNING, 0);
	death_take_back(p);
	if (process_is_ours(p))
		signals_hook(p);
}

uint64_t *exec_by_libc(struct process *p, uint64_t environment)
{
	int out_of_reach = exec_is_out_of_reach(p);
	uint64_t *copy = exec_own_path() && (!p->sealed || out_of_reach) ? exec_environment(p, environment, settings.follow && !out_of_reach, 0) : NULL;

	clear_the_way(p);
	before(p, -1);
	return copy;
}

void exec_failed(struct process *p, uint64_t *copy)
{
	after(p, -1, copy);
}

/* Where the user has asked for it; never a set-user-id program, which would lose its rights. */
static int is_to_be_traced(int unfollowed)
{
	return (unfollowed == UNFOLLOWED_STATIC || unfollowed == UNFOLLOWED_FOREIGN || unfollowed == UNFOLLOWED_GO) && tracer_is_wanted();
}

/* The whole subtree is traced: we are not in its environment, so that nothing is recorded twice. What cannot be traced runs natively. */
static __attribute__((noinline)) long trace(struct process *p, uint64_t *copy)
{
	long tracer = exec_memory_is_spare(copy) ? -ENOMEM : tracer_start(p, exec_memory_for_tracer(copy));
	char line[48];
	struct text out = {line, line + sizeof line - 1, 0};

	if (!is_error(tracer))
		return tracer;
	const char *name = errno_name((unsigned)-tracer);
	text_string(&out, "a child is not traced: ");
	text_string(&out, name ? name : "?");
	*out.at = 0;
	log_note(p, line);
	return 0;
}

long exec_call(struct process *p, const struct call *call)
{
	int at = (uint32_t)call->number == __NR_execveat;
	int slot = at ? 3 : 2;
	struct call changed = *call;
	uint64_t *copy = NULL;
	long result = 0, tracer = 0;

	if (p->sealed)
		return exec_sealed(p, call, slot);
	/* A search through PATH fails many times: nothing is published for what is not there. NB: exec_is_out_of_reach. */
	if (!at && !memory_is_stored_directly())
		result = RAW(__NR_faccessat2, AT_FDCWD, call->arguments[0], 1 /* X_OK */, AT_EACCESS);
	if (result && result != -ENOSYS)
		return kernel_call(call);
	clear_the_way(p);
	int unfollowed = target_unfollowed(p, call), may_trace = is_to_be_traced(unfollowed), is_go = unfollowed == UNFOLLOWED_GO, asan = unfollowed - UNFOLLOWED_ASAN;
	if (is_go || asan > 0)
		unfollowed = -1;
	int out_of_reach = unfollowed < 0 && exec_is_out_of_reach(p);
	/* What cannot load us gets nothing that it could see; where its ld.so would complain of us, we are taken out. */
	if (exec_own_path() && (unfollowed < 0 || unfollowed == UNFOLLOWED_FOREIGN || may_trace))
		copy = exec_environment(p, call->arguments[slot], settings.follow && unfollowed < 0 && !is_go && !out_of_reach, asan);
	if (copy && may_trace)
		tracer = trace(p, copy);
	if (copy && is_go && tracer <= 0) {
		exec_memory_give(p, copy);
		copy = exec_environment(p, call->arguments[slot], !out_of_reach, 0);
	}
	if (tracer > 0) {
		unfollowed = -1;
	} else if (copy && unfollowed == UNFOLLOWED_STATIC) {
		exec_memory_give(p, copy);
		copy = NULL;
	}
	tell_unfollowed(p, unfollowed, out_of_reach);
	before(p, unfollowed);
	if (copy) {
		changed.arguments[slot] = (uint64_t)copy;
		result = kernel_call(&changed);
	}
	if (!copy || result == -E2BIG)
		result = kernel_call(call);
	if (tracer > 0)
		tracer_stop(tracer, exec_memory_for_tracer(copy));
	after(p, unfollowed, copy);
	return result;
}
