#!/bin/bash
# %p, %n and %t in SYSSHIM_LOG and SYSSHIM_STATS: the process's number and the program's name; %% a percent sign. Without %p the first process
# has the path itself and every other one .PID behind it. A relative path means the folder of the beginning.
set -u
. "$SRC/tests/lib/lib.sh"

mkdir patterns plain inner "with blank" "100%"
script='echo $$ >pids; cd inner; /bin/true; exit 0'
shimmed SYSSHIM_LOG=patterns/%n.%p.log%% SYSSHIM_STATS="$PWD/patterns/%p%n%p" sh -c "$script" 2>err || fail "it fails: $(cat err)"
[ ! -s err ] || fail "something is on stderr: $(cat err)"
first=$(cat pids) shell=$(basename "$(command -v sh)")
[ -s "patterns/$shell.$first.log%" ] || fail "the shell's log is not there: $(ls patterns)"
[ -s "patterns/$first$shell$first" ] || fail "the shell's counters are not there: $(ls patterns)"
ls patterns | grep -qE '^true\.[0-9]+\.log%$' || fail "the child's log is not there: $(ls patterns)"
child=$(ls patterns | sed -n 's/^true\.\([0-9]*\)\.log%$/\1/p')
[ -s "patterns/${child}true$child" ] || fail "the child's counters are not there: $(ls patterns)"
[ -z "$(ls inner)" ] || fail "something is in the folder that the program went to: $(ls inner)"
# what a vfork child does before its exec stands in its parent's log, and nothing of the parent in the child's
[ "$(cut -d ' ' -f 1 "patterns/true.$child.log%" | sort -u)" = "$child" ] || fail "the child's log has others' lines: $(cat patterns/true*)"

# %t is one time for all
before=$(date +%s)
mkdir times && shimmed SYSSHIM_LOG=times/%t.%p SYSSHIM_STATS=off sh -c "/bin/true; sleep 1.1; /bin/true; exit 0" || fail "%t: it fails"
at=$(ls times | sed 's/\..*//' | sort -u)
[ "$(ls times | wc -l)" -ge 2 ] && [ "$at" -ge "$before" ] && [ "$at" -le "$(date +%s)" ] || fail "%t: $(ls times)"

shimmed SYSSHIM_LOG="$PWD/plain/log" SYSSHIM_STATS=off sh -c "$script" || fail "it fails"
first=$(cat pids)
grep -q "^$first .*exit_group(0)" plain/log || fail "the first process's log is not at the path itself: $(ls plain)"
[ "$(ls plain | wc -l)" -eq 2 ] && [ -s plain/log.[0-9]* ] || fail "not a second file for the child: $(ls plain)"
grep -q "^$first " plain/log.[0-9]* && fail "the child's log has lines of the first process"

# a blank is a letter like others; a percent sign of the folder that we stand in is none of the pattern
(cd "with blank" && shimmed SYSSHIM_LOG="a log" SYSSHIM_STATS=off true) && [ -s "with blank/a log" ] || fail "a blank: $(ls "with blank")"
(cd "100%" && shimmed SYSSHIM_LOG=log SYSSHIM_STATS=off true 2>../err)
[ -s "100%/log" ] || { [ "$(wc -l <err)" -eq 1 ] && grep -q SYSSHIM_LOG err; } || fail "100%: neither a log nor a line: $(cat err)"
exit 0
