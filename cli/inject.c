/* sysshim run --inject: a rule is read here first, so that a wrong one starts nothing, and its /regex becomes names. */
#include "command.h"
#include "filter.h"
#include "print.h"
#include "../format/inject.h"

#include <stdlib.h>
#include <string.h>

static int complain(const char *rule, const struct inject_wrong *wrong)
{
	print_complaint("sysshim run: --inject=%s: allowed is %s, not '%.*s'", rule, wrong->allowed, (int)wrong->size, wrong->at);
	return 0;
}

/* The rule with names instead of patterns, to be freed; NULL: a pattern is wrong, which was said. A pattern has no colon. */
static char *expanded(const char *rule)
{
	size_t size = strcspn(rule, ":;");
	char *set = strndup(rule, size), *words, *all = NULL;

	words = set ? filter_words(set, "run") : NULL;
	if (words && asprintf(&all, "%s%s", words, rule + size) < 0)
		all = NULL;
	free(words);
	free(set);
	return all;
}

int inject_add(const char *rule)
{
	static struct inject_rules rules;
	const char *before = getenv("SYSSHIM_INJECT");
	struct inject_wrong wrong;
	char *all, *text = expanded(rule);
	int fine = text && (inject_parse(&rules, text, &wrong) == 0 || complain(rule, &wrong));

	if (rules.left) {
		print_complaint("sysshim run: --inject=%s: at most %d rules", rule, INJECT_RULES);
		fine = 0;
	}
	if (fine && asprintf(&all, "%s%s%s", before ? before : "", before && *before ? ";" : "", text) > 0) {
		setenv("SYSSHIM_INJECT", all, 1);
		free(all);
	}
	free(text);
	return fine;
}

int inject_fault(const char *rule)
{
	int has_answer = strcasestr(rule, ":error=") || strcasestr(rule, ":retval="), fine;
	char *whole;

	if (asprintf(&whole, "%s%s", rule, has_answer ? "" : ":error=ENOSYS") < 0)
		return 0;
	fine = inject_add(whole);
	free(whole);
	return fine;
}
