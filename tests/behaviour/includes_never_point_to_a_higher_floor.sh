#!/bin/bash
# The floors of doc/internals.md: format below all, then shim/sys, shim/record, shim/batch, shim/process, shim/coalesce, shim/inject and shim/interrupted, shim/gate, shim/intercept, shim/*.c;
# cli shares nothing with the shim but format/, include/ and the scan for sites; tracer nothing but format/ and include/.
set -u
cd "$SRC" || exit 1

# No process is started for any of this: there are some hundred includes.
floor_of() {
	case $1 in
	format/*) floor=0 ;;
	shim/sys/*) floor=1 ;;
	shim/record/*) floor=2 ;;
	shim/batch/*) floor=3 ;;
	shim/process/*) floor=4 ;;
	shim/coalesce.* | shim/inject.* | shim/interrupted.*) floor=5 ;;
	shim/gate.* | shim/gate_*) floor=6 ;;
	shim/intercept/*) floor=7 ;;
	shim/*) floor=8 ;;
	include/*) floor=0 ;;
	cli/*) floor=9 ;;
	tracer/*) floor=10 ;;
	*) floor=none ;;
	esac
}

wrong=0 seen=0
while IFS=: read -r file _ line; do
	[[ $line =~ \"([^\"]*)\" ]] || continue
	name=${BASH_REMATCH[1]} to=${file%/*}/${BASH_REMATCH[1]}
	while [[ $to =~ (^|/)[^/.][^/]*/\.\./ ]]; do
		to=${to/"${BASH_REMATCH[0]}"/${BASH_REMATCH[1]}}
	done
	if ! [ -f "$to" ]; then
		echo "$file includes $name, which is not there"
		wrong=1
		continue
	fi
	floor_of "$file"
	from_floor=$floor
	floor_of "$to"
	to_floor=$floor
	seen=$((seen + 1))
	if [ "$to_floor" = none ] || [ "$to_floor" -gt "$from_floor" ] ||
		{ [ "$from_floor" = 10 ] && [ "$to_floor" != 0 ] && [ "$to_floor" != 10 ]; } ||
		{ [ "$from_floor" = 9 ] && [ "$to_floor" != 0 ] && [ "$to_floor" != 9 ] && [ "$to" != shim/intercept/forms.h ]; }; then
		echo "$file (floor $from_floor) includes $to (floor $to_floor)"
		wrong=1
	fi
done < <(grep -rn '#[ ]*include[ ]*"' format shim include cli tracer --include='*.[chS]' --include='*.def')
[ "$seen" -gt 50 ] || { echo "only $seen includes were read"; exit 1; }
exit $wrong
