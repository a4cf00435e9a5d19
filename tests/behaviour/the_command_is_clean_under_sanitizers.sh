#!/bin/bash
# timeout: 800
# The command and the unit tests, built with ASan and UBSan: the unit tests pass, and so do tests of every subcommand with that command.
set -u
. "$SRC/tests/lib/lib.sh"

tests="golden_recordings_read_the_same files_judges_by_lists files_names_what_it_did_not_see paths_are_resolved_or_marked
	a_timeline_follows_the_trace_event_format a_damaged_recording_is_read_as_far_as_it_goes help_and_wrong_usage_are_told_apart
	inject_fails_calls_as_strace_does names_do_not_speak_to_a_terminal run_gives_back_the_programs_exit_status
	the_tab_key_completes_commands_and_options doctor_says_what_works_and_why_not verify_says_equal_or_the_first_difference"

(cmake -S "$SRC" -B build -DCMAKE_BUILD_TYPE=Debug -DSYSSHIM_SANITIZE=ON && cmake --build build -j2) >log 2>&1 || fail "it does not build: $(tail -n 20 log)"
nm -C build/sysshim | grep -q __asan_init || fail "the command was built without ASan"
export ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
for unit in build/unit/test_*; do
	[ -x "$unit" ] || skip "no unit tests were built: cmocka is not installed"
	"$unit" >out 2>&1 || fail "$(basename "$unit"): $(grep -v '^\[' out | head -n 20)"
done
sanitized=$PWD/build/sysshim
for name in $tests; do
	mkdir "$name"
	(cd "$name" && SYSSHIM=$sanitized bash "$SRC/tests/behaviour/$name.sh") >out 2>&1 || fail "$name: $(tail -n 20 out)"
	! grep -E 'runtime error|AddressSanitizer|LeakSanitizer' out || fail "$name"
	rm -rf "$name"
done
