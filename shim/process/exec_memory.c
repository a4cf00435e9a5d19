/* Memory for the environment of an exec, and whose it is; see exec_memory.h. */
#include "exec_memory.h"
#include "../sys/memory.h"

#include <linux/kcmp.h>
#include <linux/mman.h>

#include "../sys/poison.h"

enum { BEING_FREED = -1 };

/* Where no memory is to be had (RLIMIT_AS, RLIMIT_DATA), for one exec at a time and an environment of usual size: a child that does not know whose it is would be the first of a recording of
 * its own, and print a summary. */
static char spare[EXEC_SPARE_BYTES] BULKY __attribute__((aligned(16)));
/* Its place is the one behind all others. */
enum { SPARE_PLACE = EXEC_COPIES, ALL_PLACES };

/* Takes the place from `owner`, if it is still his: two may want to give it back. */
static void place_free(struct exec_copy *place, int32_t owner)
{
	if (!__atomic_compare_exchange_n(&place->owner, &owner, BEING_FREED, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	void *at = __atomic_exchange_n(&place->at, NULL, __ATOMIC_SEQ_CST);
	if (at)
		RAW(__NR_munmap, at, EXEC_MEMORY_BYTES);
	__atomic_store_n(&place->owner, 0, __ATOMIC_SEQ_CST);
}

/* Or is a child's number, as it knows it, another's here (pid_namespaces(7))? Without /proc nobody knows. */
static __attribute__((noinline)) int children_have_our_numbers(void)
{
	char own[32], childrens[32];
	long size = RAW_READLINK("/proc/self/ns/pid", own, sizeof own);

	return size > 0 && RAW_READLINK("/proc/self/ns/pid_for_children", childrens, sizeof childrens) == size && memcmp(own, childrens, (size_t)size) == 0;
}

/* Who has another memory by now has done with ours (kcmp(2)). numbered: it is known that numbers mean here what they mean to children. */
static void places_reclaim(struct process *p, int32_t pid, int numbered)
{
	if (is_filtered())
		return;
	for (int i = 0; i < ALL_PLACES; i++) {
		int32_t owner = p->copies[i].owner;
		if (owner <= 1 || owner == pid)
			continue;
		if (!numbered && !(numbered = children_have_our_numbers()))
			return;
		long other = RAW(__NR_kcmp, pid, owner, KCMP_VM, 0, 0);
		if (other > 0 || other == -ESRCH)
			place_free(&p->copies[i], owner);
	}
}

void exec_children_come(struct process *p)
{
	if (!p->sealed && process_is_ours(p))
		places_reclaim(p, p->pid, 0);
}

/* Where all are taken nobody gives it back for a vfork child that has gone: better than a child without us. */
static void place_take(struct process *p, int32_t pid, void *at)
{
	int32_t nobody = 0;

	for (int i = 0; i < EXEC_COPIES; i++, nobody = 0)
		if (__atomic_compare_exchange_n(&p->copies[i].owner, &nobody, pid, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
			__atomic_store_n(&p->copies[i].at, at, __ATOMIC_SEQ_CST);
			return;
		}
}

static void *spare_take(struct process *p, int32_t pid)
{
	int32_t nobody = 0;

	return __atomic_compare_exchange_n(&p->copies[SPARE_PLACE].owner, &nobody, pid, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ? spare : NULL;
}

/* Behind a filter of the program's own nothing may be asked, not even who we are: a place that a vfork child took is left when no such child is there any
 * more. No pid is so large. */
enum { SEALED_CHILD = INT32_MAX, SEALED_SELF = INT32_MAX - 1 };

static void *spare_take_sealed(struct process *p)
{
	return spare_take(p, p->suspect ? SEALED_CHILD : SEALED_SELF);
}

void exec_no_children(struct process *p)
{
	if (p->sealed)
		place_free(&p->copies[SPARE_PLACE], SEALED_CHILD);
}

void *exec_memory_take(struct process *p)
{
	if (p->sealed)
		return spare_take_sealed(p);
	/* Aside where it stays when the child has gone: else the program may have mapped something in its place by the time that it is given back. */
	long at = RAW(__NR_mmap, inherited.rewriting ? 0 : memory_aside(EXEC_MEMORY_BYTES), EXEC_MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int32_t pid = (int32_t)RAW(__NR_getpid);

	/* Nobody tells us that a vfork child has gone. The next one asks, which has its number where that one had. */
	if (!inherited.rewriting)
		places_reclaim(p, pid, 1);
	if (is_error(at))
		return spare_take(p, pid);
	place_take(p, pid, (void *)at);
	return (void *)at;
}

void exec_memory_give(struct process *p, void *at)
{
	if (!at)
		return;
	if (at == spare) {
		place_free(&p->copies[SPARE_PLACE], p->copies[SPARE_PLACE].owner);
		return;
	}
	for (int i = 0; i < EXEC_COPIES; i++)
		if (__atomic_load_n(&p->copies[i].at, __ATOMIC_SEQ_CST) == at) {
			place_free(&p->copies[i], p->copies[i].owner);
			return;
		}
	RAW(__NR_munmap, at, EXEC_MEMORY_BYTES);
}

/* NB: never another thread's child's, which may be reading it. In a new pid namespace a child calls itself by another number, and its copy stays. */
void exec_child_gone(struct process *p, int32_t child)
{
	for (int i = 0; i < ALL_PLACES; i++) {
		int32_t owner = p->copies[i].owner;
		if (owner > 0 && (owner == child || (!child && owner != p->pid)))
			place_free(&p->copies[i], owner);
	}
}

int exec_memory_is_spare(const void *at)
{
	return at == spare;
}
