/* Paths and names in the state folder; see state.h. */
#include "state.h"

static int is_root(const char *path)
{
	while (*path == '/')
		path++;
	return !*path;
}

int state_path(struct text *out, const char *state_home, const char *home, const char *rest)
{
	if (state_home && state_home[0] == '/') {
		text_string(out, state_home);
	} else if (home && home[0] == '/' && !is_root(home)) {
		text_string(out, home);
		text_string(out, "/.local/state");
	} else {
		return 0;
	}
	text_string(out, rest);
	return !out->cut;
}

int state_is_remote(uint64_t type)
{
	/* As statfs(2) and linux/magic.h name them. */
	static const uint32_t remote[] = {0x6969 /* NFS */, 0x517b /* SMB */, 0xff534d42 /* CIFS */, 0xfe534d42 /* SMB 2 */, 0x5346414f, 0x6b414653 /* AFS */, 0x00c36400 /* Ceph */,
					  0x0bd00bd0 /* Lustre */, 0x47504653 /* GPFS */, 0x19830326 /* BeeGFS */, 0xaad7aaea /* PanFS */, 0x20030528 /* OrangeFS */,
					  0x73757245 /* Coda */, 0x01161970 /* GFS2 */, 0x7461636f /* OCFS2 */};

	for (unsigned i = 0; i < sizeof remote / sizeof *remote; i++)
		if ((uint32_t)type == remote[i])
			return 1;
	return 0;
}

/* Days since 1970 in the proleptic Gregorian calendar, with years that begin in March so that a leap day is a year's last. */
static void text_date(struct text *out, uint64_t time)
{
	uint64_t seconds = time / 1000000000, days = seconds / 86400 + 719468 /* from March of the year 0 */, era = days / 146097, day = days % 146097;
	uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365, rest = day - (365 * year + year / 4 - year / 100);
	uint64_t month = (5 * rest + 2) / 153;

	text_padded(out, year + era * 400 + (month >= 10), 4, '0');
	text_padded(out, month < 10 ? month + 3 : month - 9, 2, '0');
	text_padded(out, rest - (153 * month + 2) / 5 + 1, 2, '0');
	text_char(out, 'T');
	text_padded(out, seconds / 3600 % 24, 2, '0');
	text_padded(out, seconds / 60 % 60, 2, '0');
	text_padded(out, seconds % 60, 2, '0');
	text_char(out, '.');
	text_padded(out, time / 1000 % 1000000, 6, '0');
}

void state_recording_name(struct text *out, uint64_t time, int pid)
{
	text_date(out, time);
	text_char(out, '-');
	text_decimal(out, pid);
}

int state_number(const char **at)
{
	int number = 0;

	for (; **at >= '0' && **at <= '9' && number < 100000000; ++*at)
		number = number * 10 + (**at - '0');
	return number;
}

int state_recording_pid(const char *name)
{
	for (const char *like = "00000000T000000.000000-"; *like; like++, name++)
		if (*like == '0' ? *name < '0' || *name > '9' : *name != *like)
			return 0;
	int pid = state_number(&name);

	return *name ? 0 : pid;
}
