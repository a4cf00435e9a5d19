#!/bin/bash
# The floors of doc/internals.md: format below all, then shim/sys, shim/record, shim/batch, shim/process, shim/coalesce and shim/inject, shim/gate, shim/intercept, shim/*.c;
# cli shares nothing with the shim but format/, include/ and the scan for sites.
# timeout: 120
set -u
cd "$SRC" || exit 1

floor() {
	case $1 in
	format/*) echo 0 ;;
	shim/sys/*) echo 1 ;;
	shim/record/*) echo 2 ;;
	shim/batch/*) echo 3 ;;
	shim/process/*) echo 4 ;;
	shim/coalesce.* | shim/inject.*) echo 5 ;;
	shim/gate.*) echo 6 ;;
	shim/intercept/*) echo 7 ;;
	shim/*) echo 8 ;;
	include/*) echo 0 ;;
	cli/*) echo 9 ;;
	*) echo none ;;
	esac
}

# What an include means: beside the file, or in the same-named folder of the processor.
target() {
	local base=$1 name=$2
	realpath -m --relative-to=. "$base/$name"
}

wrong=0 seen=0
while IFS=: read -r file _ line; do
	name=$(sed -n 's/.*#[ ]*include[ ]*"\([^"]*\)".*/\1/p' <<<"$line")
	to=$(target "$(dirname "$file")" "$name")
	if ! [ -f "$to" ]; then
		echo "$file includes $name, which is not there"
		wrong=1
		continue
	fi
	from_floor=$(floor "$file") to_floor=$(floor "$to")
	seen=$((seen + 1))
	if [ "$to_floor" = none ] || [ "$to_floor" -gt "$from_floor" ] ||
		{ [ "$from_floor" = 9 ] && [ "$to_floor" != 0 ] && [ "$to_floor" != 9 ] && [ "$to" != shim/intercept/forms.h ]; }; then
		echo "$file (floor $from_floor) includes $to (floor $to_floor)"
		wrong=1
	fi
done < <(grep -rn '#[ ]*include[ ]*"' format shim include cli --include='*.[chS]' --include='*.def')
[ "$seen" -gt 50 ] || { echo "only $seen includes were read"; exit 1; }
exit $wrong
