#!/bin/bash
# SYSSHIM_DATA=N: so many bytes of each buffer stand in the log, escaped as strace does; none by default, for they may be secrets.
set -u
. "$SRC/tests/lib/lib.sh"

# printed N: what stands between the quotation marks of the one write
printed() {
	rm -f log
	shimmed ${1:+SYSSHIM_DATA="$1"} SYSSHIM_LOG="$PWD/log" SYSSHIM_STATS=off SYSSHIM_TRACE=write,writev printf 'pass\tword\001%0100d' 5 >out
	cmp -s out <(printf 'pass\tword\001%0100d' 5) || fail "DATA=$1: the output differs"
	sed -n 's/.* write(1, \(".*"\.*\), 110) = 110.*/\1/p' log
}

[ "$(printed '')" = '""...' ] || fail "without the variable: $(cat log)"
[ "$(printed 0)" = '""...' ] || fail "0: $(cat log)"
[ "$(printed 4)" = '"pass"...' ] || fail "4: $(cat log)"
[ "$(printed 9)" = '"pass\tword"...' ] || fail "9: $(cat log)"
[ "$(printed 11)" = '"pass\tword\0010"...' ] || fail "11: $(cat log)"
[ "$(printed 110)" = "\"pass\\tword\\001$(printf '%0100d' 5)\"" ] || fail "110: $(cat log)"
[ "$(printed 4096)" = "$(printed 110)" ] || fail "4096: $(cat log)"
[ "$(printed 4)" ] && [ "$(stat -c %a log)" = 600 ] || fail "others may read the log: $(stat -c %a log)"

# A call that asks for more than a line holds ends as others do: its strings and its vector in an ellipsis.
cat >vectors.c <<'C'
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
int main(void)
{
	static char bytes[4096];
	struct iovec vector[40];
	int fd = open("/dev/null", O_WRONLY);

	for (int count = 1; count < 41; count += 3)
		for (int kind = 0; kind < 2; kind++) {
			memset(bytes, kind ? '"' : 0377, sizeof bytes);
			for (int i = 0; i < count; i++)
				vector[i] = (struct iovec){bytes, sizeof bytes};
			if (writev(fd, vector, count) != 4096 * count)
				return 1;
		}
	return 0;
}
C
gcc -O1 -w -o vectors vectors.c || fail "no program"
for format in text json binary; do
	shimmed SYSSHIM_DATA=4096 SYSSHIM_LOG="$PWD/vectors.$format" SYSSHIM_LOG_FORMAT=$format SYSSHIM_STATS=off ./vectors || fail "$format: status $?"
done
"$SYSSHIM" trace vectors.binary >vectors.trace 2>/dev/null || fail "trace: status $?"
python3 - <<'P' || fail "lines that are too long"
import json, re
member = r'\{iov_base="(?:[^"\\]|\\.)*"(?:\.\.\.)?, iov_len=4096\}'
whole = re.compile(rf"\d+ [\d.]+ writev\(\d+, \[{member}(?:, {member})*(?:, \.\.\.(?: /\* 0x[0-9a-f]+ \*/)?)?\], \d+\) = \d+ <[\d.]+>\n")
for name in "vectors.text", "vectors.trace":
    lines = [line for line in open(name) if "writev" in line]
    assert len(lines) == 28, f"{name}: {len(lines)} lines"
    for line in lines:
        assert whole.fullmatch(line), f"{name}: {line[:60]} ... {line[-60:]}"
assert sum(json.loads(line)["call"] == "writev" for line in open("vectors.json")) == 28
P
