#!/bin/bash
# What the commands print of recordings that earlier versions have written (tests/golden) is what they have always printed.
set -u
. "$SRC/tests/lib/lib.sh"
export TZ=UTC

outputs="trace
trace --json
trace --format=chrome
trace -r -e trace=%file -Z
trace -tt -s 4 -p 1
stat
stat --json
stat -S calls -e trace=%desc
files
files --json
show
show --json"

found=0
for golden in "$SRC"/tests/golden/*.tar.xz; do
	name=$(basename "$golden" .tar.xz)
	mkdir "$name" && tar -C "$name" -xJf "$golden" || fail "$golden cannot be unpacked"
	mkdir "$name/now"
	while read -r words; do
		# shellcheck disable=SC2086
		(cd "$name" && "$SYSSHIM" $words recording >"now/$words" 2>&1) || fail "$name: sysshim $words: status $?: $(tail -n 3 "$name/now/$words")"
	done <<<"$outputs"
	if [ -n "${UPDATE:-}" ]; then
		diff -ru "$name/expected" "$name/now"
		rm -rf "$name/expected" && mv "$name/now" "$name/expected"
		tar -C "$name" --sort=name --owner=0 --group=0 --mtime=2026-01-01 -cJf "$golden" expected recording
		fail "$name: changed; run again without UPDATE"
	fi
	diff -ru "$name/expected" "$name/now" >difference || fail "$name: $(head -n 20 difference)"
	found=$((found + 1))
done
[ $found -gt 0 ] || fail "no golden recording"
