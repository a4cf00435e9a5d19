#!/bin/bash
# Names of programs, folders and files are whatever somebody has called them, and a recording may come from anywhere: nothing that the shim or the
# command prints for people holds an escape sequence, and no name looks like a line of its own. (--format=fsatrace has paths as they are, as its
# readers want them.)
set -u
. "$SRC/tests/lib/lib.sh"

# an escape, a bell, a new line, a carriage return; CSI as a byte, and as a character of UTF-8
name=$'n\e]0;title\x9b31m\xc2\x9b31m\a\n+++ exited with 0 +++\r\x7f'
mkdir "$name" && cp "$(command -v cat)" "$name/$name" && echo text >"$name/file$name" || fail "there is no such name here"
# silent WHAT FILE...: no control character but the line's end (no other character that is not of ASCII stands here)
silent() {
	local what=$1
	shift
	[ -s "$1" ] || fail "$what: nothing was printed"
	LC_ALL=C grep -naP '[\x00-\x09\x0b-\x1f\x7f-\x9f]' "$@" | cat -v >found
	[ ! -s found ] || fail "$what: $(head -n 3 found)"
	grep -a '^+++ exited' "$@" && fail "$what: a name looks like a line"
	return 0
}
(
	cd "$name" || exit
	env LD_PRELOAD="$SHIM" SYSSHIM_LOG=../recording SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off bash -c '"$0" "file$1"; exec "$0" "nowhere$1"' "./$name" "$name"
) >/dev/null 2>&1
(cd "$name" && shimmed SYSSHIM_LOG="../log" "./$name" "file$name" >/dev/null 2>../summary)
sed -i '/^text$/d' summary
silent summary summary
grep -q 'n\\33\]0;title' summary || fail "the summary does not name it: $(cat -v summary)"
grep -v '+++ exited with 0 +++$' log >lines
silent log lines
SYSSHIM_DATA="$name" shimmed true 2>complaint
silent complaint complaint

# crafted: notes, which else the shim alone writes
python3 - recording <<'PYTHON' || fail "nothing could be crafted"
import glob, re, sys
for path in glob.glob(sys.argv[1] + "/*.rec"):
    data = bytearray(open(path, "rb").read())
    for found in re.finditer(rb"not followed: [a-z-]+|exited with \d|killed by", bytes(data)):
        data[found.start():found.start() + 2] = b"\x1b\n"
    open(path, "wb").write(data)
PYTHON
for command in files "files --all" "files --tree" "files --json" trace "trace --json" "trace --format=chrome" \
	stat "stat --by=file" "stat --by=program" "stat --json" show "show -v" "show --json" report; do
	# shellcheck disable=SC2086
	"$SYSSHIM" $command recording >printed 2>&1
	tr -d '\t' <printed >without_tabs
	silent "$command" without_tabs
	grep -qa 'title' printed || [[ $command == stat* ]] || fail "$command: the name is not there: $(head -n 5 printed)"
done
# names of a recording's own files, whole and damaged; and of a script's interpreter
cp -r recording handed_over && echo garbage >"handed_over/garbage$name.rec" && for file in recording/*.rec; do break; done
head -c 5000 "$file" >"handed_over/cut$name.rec" && printf '\377%.0s' {1..100} >>"handed_over/cut$name.rec" || fail "no recording to hand over"
for command in files trace stat show; do
	"$SYSSHIM" $command handed_over >/dev/null 2>printed
	silent "$command, a recording that is handed over" printed
	grep -q 'garbagen\\33\]0;title.*: not a recording$' printed && grep -q 'cutn.*bytes are damaged' printed || fail "$command: the files are not named: $(cat -v printed)"
done
mkdir "in$name" && cp -r recording/. "in$name" && "$SYSSHIM" show "in$name" >printed 2>&1
silent "a recording's folder" printed
printf '#!/no/%s\n' "${name%%$'\n'*}" >script && chmod +x script
for option in -q --verify; do
	"$SYSSHIM" run $option -- "./$name/nobody" </dev/null >printed 2>&1
	silent "run $option, what is not there" printed
done
# what a glob gives to who takes one
for command in "$name" "show in" "diff a b" doctor "report -o no/" "trace -o no/" "files --expect=no/" "files --write-expect=no/" --; do
	case $command in
	"$name") "$SYSSHIM" "$name" ;;
	*/) "$SYSSHIM" $command"$name" recording ;;
	--) "$SYSSHIM" show "--$name" ;;
	doctor) "$SYSSHIM" doctor true "$name" ;;
	*) "$SYSSHIM" $command "$name" ;;
	esac >printed 2>&1 && fail "$command: status 0"
	silent "$command, a name" printed
	[ "$(wc -l <printed)" -eq 1 ] && grep -q 'n\\33\]0;title' printed || fail "$command: $(cat printed)"
done
# wrong values of options, which a script may have from anywhere: X
for command in "completion X" "files --format=X" "stat -S X" "stat --by=X" "trace --format=X" "trace -e X" "trace -e trace=/(X" "trace -e no=X" "trace -p X" \
	"trace --min-duration=X" "stat --X" "run -s X" "run --follow=X" "run -E =X" "run -p X" "run -c X" "run --inject=X" "run --inject=write:X" "run -e trace=X"; do
	read -r -a words <<<"$command"
	"$SYSSHIM" "${words[@]//X/$name}" >printed 2>&1 && fail "$command: status 0"
	silent "$command, a wrong value" printed
	[ "$(wc -l <printed)" -eq 1 ] && grep -q 'n\\33' printed || fail "$command: $(cat -v printed)"
done
# of a long one the middle is left out, and not what would do
"$SYSSHIM" trace --format="$(printf '%40000s' | tr ' ' '\033')" >printed 2>&1 && fail "a long value: status 0"
silent "a long value" printed
[ "$(wc -l <printed)" -eq 1 ] && grep -q '^sysshim trace: --format=.*\[\.\.\.].*: text, json or chrome would do$' printed || fail "a long value: $(tail -c 100 printed)"
"$SYSSHIM" doctor ./script >printed 2>&1
silent "doctor" printed
exit 0
