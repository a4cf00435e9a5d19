#!/bin/bash
# What the shared object needs of others: libc's loader interface and the place of errno. Nothing that allocates, prints or locks; and no version that an older libc lacks: in another root
# ld.so would not start the program.
set -u
allowed='dlinfo dl_iterate_phdr _r_debug __errno_location environ __environ _environ gnu_get_libc_version'
wrong=0 seen=0
while read -r name; do
	seen=$((seen + 1))
	name=${name%%@*}
	[[ " $allowed " == *" $name "* ]] || { echo "not on the list: $name"; wrong=1; }
done < <(nm -D --undefined-only "$SHIM" | awk '{print $NF}')
[ "$seen" -ge 3 ] || { echo "only $seen undefined symbols were read"; exit 1; }
readelf -d "$SHIM" | grep NEEDED | grep -vE 'lib(c\.so\.6|dl\.so\.2)' && { echo "needs more than libc"; wrong=1; }
readelf -V "$SHIM" | grep -oE 'Name: GLIBC_[0-9.]+' | grep -vE '_2\.(2\.5|3\.3|17)$' && { echo "needs a newer libc"; wrong=1; }
readelf -n "$SHIM" | grep -q SHSTK && { echo "carries the shadow stack property"; wrong=1; }
readelf -W -l "$SHIM" | grep -q 'LOAD.*RWE' && { echo "a segment is writable and executable"; wrong=1; }
exit $wrong
