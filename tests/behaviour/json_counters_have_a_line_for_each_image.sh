#!/bin/bash
# SYSSHIM_STATS_FORMAT=json: a line for each image, of the keys that doc/counters.md lists; several images of one process in one file, a file
# for each process, and nothing of an earlier recording is left in it.
set -u
. "$SRC/tests/lib/lib.sh"

for round in 1 2; do
	shimmed SYSSHIM_STATS="$PWD/stats" SYSSHIM_STATS_FORMAT=json sh -c '/bin/true; exec env env cat /dev/null' 2>err || fail "it fails: $(cat err)"
	[ ! -s err ] || fail "something is on stderr: $(cat err)"
	[ "$(wc -l <stats)" -eq 4 ] || fail "round $round: not four lines for sh, env, env, cat: $(cat stats)"
	[ "$(ls stats.* | wc -l)" -eq 1 ] || fail "round $round: not one file for the child: $(ls)"
	python3 - stats stats.* <<'PYTHON' || fail "round $round: the lines are not as documented"
import json, sys
images, child = ([json.loads(line) for line in open(name)] for name in sys.argv[1:])
assert [row["program"] for row in images][1:] == ["env", "env", "cat"], images
assert [row["end"] for row in images] == ["exec", "exec", "exec", "exit status 0"], images
assert len({row["pid"] for row in images}) == 1, images
assert child[-1]["program"] == "true" and str(child[-1]["pid"]) == sys.argv[2].rpartition(".")[2], child
for row in images + child:
    assert set(row) >= {"version", "pid", "program", "end", "nanoseconds", "calls", "files", "batches", "coverage"}, row
    assert row["version"] == 1 and isinstance(row["nanoseconds"], int), row
    for call in row["calls"].values():
        assert set(call) >= {"calls", "errors", "bytes", "nanoseconds", "coalesced"}, row
        assert call["calls"] >= 1 and call["errors"] <= call["calls"], row
    assert set(row["files"]) >= {"opened", "failed", "paths"} and set(row["batches"]) >= {"count", "bytes"}, row
    assert set(row["coverage"]) >= {"rewriting", "why_not", "sites_rewritten", "sites_left", "log_lines_dropped", "paths_unlisted",
                                    "results_unseen", "forks", "images", "not_followed"}, row
    assert set(row["coverage"]["not_followed"]) >= {"static", "setuid", "foreign"}, row
PYTHON
	[ "$round" = 2 ] || rm stats.*
done

# how it ended
ended() {
	shimmed SYSSHIM_STATS="$PWD/ended" SYSSHIM_STATS_FORMAT=json sh -c "$1" 2>err
	sed -n 's/.*"end":"\([^"]*\)".*/\1/p' ended
}
[ "$(ended 'exit 7')" = "exit status 7" ] || fail "exit 7: $(ended 'exit 7')"
[ "$(ended 'kill -TERM $$')" = "killed by SIGTERM" ] || fail "kill: $(ended 'kill -TERM $$')"
[ "$(ended 'kill -KILL $$')" = "" ] || fail "SIGKILL left a line: $(ended 'kill -KILL $$')"

# on stderr: one line of JSON and no table
shimmed SYSSHIM_STATS_FORMAT=json true 2>err && [ "$(wc -l <err)" -eq 1 ] && python3 -c 'import json, sys; json.loads(open("err").read())' ||
	fail "stderr: $(cat err)"
exit 0
