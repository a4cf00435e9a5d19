#!/bin/bash
# timeout: 120
# A process that gives up its rights (seccomp strict, filters that kill, refuse or trap, another user, another root) behaves as it does
# without us, and its summary counts every write that it made afterwards. Programs that are born under a filter live as well.
set -u
. "$SRC/tests/lib/lib.sh"

modes=(
	"stats SYSSHIM_STATS=@/stats.%p SYSSHIM_STATS_FORMAT=json"
	"log SYSSHIM_STATS=@/stats.%p SYSSHIM_STATS_FORMAT=json SYSSHIM_LOG=@/log.%p"
	"untimed SYSSHIM_STATS=@/stats.%p SYSSHIM_STATS_FORMAT=json SYSSHIM_TIMING=off"
	"interpose SYSSHIM_STATS=@/stats.%p SYSSHIM_STATS_FORMAT=json SYSSHIM_INTERCEPT=interpose"
	"stderr SYSSHIM_STATS=stderr"
)
wrong=0 skipped=
remember() {
	echo "WRONG: $*"
	wrong=1
}

# counted FOLDER: the first process's own writes are in its summary, whether or not it could still ask anybody
counted() {
	python3 - "$1" <<'PYTHON'
import glob, json, os, sys
folder = sys.argv[1]
# the reserve that was made before the rights went is blank lines
rows = [json.loads(line) for name in glob.glob("records/stats.*") for line in open(name) if line.strip()]
assert rows, "no summary"
lines = os.path.getsize(f"{folder}/lines") // 16
counted = [row["calls"].get("write", {"calls": 0})["calls"] for row in rows]
end = [row["end"] for row in rows if row["calls"].get("write", {"calls": 0})["calls"] == max(counted)]
# a child that cannot make a file of its own is not recorded; half of the lines at least are the first's
first = max(counted)
if os.environ["WAY"] == "killed":
    # nobody is asked when a filter kills: what stands there was written before it was installed, and does not claim an exec
    assert first >= 100 and end != ["exec"], (counted, end)
    sys.exit()
assert first >= 2000, f"{lines} lines in the file, counted: {counted}"
if os.environ["WAY"] not in ("fork", "setuid", "setresuid", "chroot"):
    assert first >= lines, f"{lines} lines in the file, counted: {counted}"
print(end)
PYTHON
}

# run WAY: in every mode
run() {
	local way=$1 mode status settings
	rm -rf native shim
	mkdir native
	(cd native && timeout 30 "$PROGRAM" "$way" >../native.out 2>../native.err) 2>/dev/null
	status=$?
	if [ $status -eq 77 ]; then
		skipped="$skipped $way ($(tail -n 1 native.err))"
		return
	fi
	case $way:$status in
	killed:159 | *:7) ;;
	*) fail "$way: natively status $status: $(cat native.out native.err)" ;;
	esac
	for mode in "${modes[@]}"; do
		rm -rf shim records
		mkdir -m 0700 records
		mkdir shim
		read -ra settings <<<"${mode//@/$PWD/records}"
		(cd shim && timeout 30 env LD_PRELOAD="$SHIM" "${settings[@]:1}" "$PROGRAM" "$way" >../shim.out 2>../shim.err) 2>/dev/null
		local got=$?
		[ $got -eq $status ] || { remember "$way, ${settings[0]}: natively status $status, here $got: $(head -n 3 shim.err)"; continue; }
		cmp native.out shim.out && diff -r native shim >/dev/null || remember "$way, ${settings[0]}: differs: $(cat shim.out)"
		[ "${settings[0]}" = stderr ] || cmp native.err shim.err || remember "$way, ${settings[0]}: stderr: $(cat shim.err)"
		case ${settings[0]} in
		stderr | interpose) ;; # exit of one thread, or death by the filter, is nobody's there
		*) WAY=$way counted shim >count 2>&1 || remember "$way, ${settings[0]}: the summary: $(tail -n 1 count)" ;;
		esac
	done
}

for way in strict kill kill_prctl killed two fork trap setuid setresuid chroot; do
	run $way
done

# born under a filter: what the program does is the same, and whether it was observed stands in the summary or nowhere
for filter in tracing namespaces refusing; do
	for mode in "${modes[@]}"; do
		rm -rf native shim records
		mkdir native shim records
		read -ra settings <<<"${mode//@/$PWD/records}"
		(cd native && timeout 30 "$PROGRAM" under $filter "$PROGRAM" plain >../native.out 2>../native.err) 2>/dev/null
		status=$?
		[ $status -eq 77 ] && { skipped="$skipped $filter ($(tail -n 1 native.err))"; break; }
		[ $status -eq 7 ] || fail "$filter: natively status $status: $(cat native.err)"
		(cd shim && timeout 30 "$PROGRAM" under $filter env LD_PRELOAD="$SHIM" "${settings[@]:1}" "$PROGRAM" plain \
			>../shim.out 2>../shim.err) 2>/dev/null
		got=$?
		[ $got -eq 7 ] || { remember "born under '$filter', ${settings[0]}: natively status 7, here $got: $(head -n 3 shim.err)"; continue; }
		cmp native.out shim.out && diff -r native shim || remember "born under '$filter', ${settings[0]}: differs"
		# a record that cannot be made is said, in one line
		[ "${settings[0]}" = stderr ] || [ "$(grep -vc '^sysshim: ' shim.err)" -eq 0 ] && [ "$(wc -l <shim.err)" -le 30 ] ||
			remember "born under '$filter', ${settings[0]}: stderr: $(cat shim.err)"
	done
done
[ $wrong -eq 0 ] || exit 1
[ "$skipped" ] && skip "passed but for:$skipped"
exit 0
