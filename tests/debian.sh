#!/bin/sh
# Runs tests/run.sh on another Debian: another glibc, gcc and kernel headers. Not a part of the suite: it downloads a system. As root.
#
#   tests/debian.sh trixie [FOLDER] [PATTERN...]    FOLDER keeps the system for the next time (default: a temporary one)
set -eu
suite=${1:?usage: tests/debian.sh SUITE [FOLDER] [PATTERN...]}
shift
root=${1:-}
[ $# -eq 0 ] || shift
source=$(cd "$(dirname "$0")/.." && pwd)
command -v debootstrap >/dev/null || { echo "debootstrap is missing" >&2; exit 1; }
if [ -z "$root" ]; then
	root=$(mktemp -d)
	trap 'rm -rf --one-file-system "$root"' EXIT
fi
[ -e "$root/etc/debian_version" ] || debootstrap --variant=minbase "$suite" "$root"
# The mounts are this process's own and go with it. NB pivot_root: who is in a chroot may make no user namespaces, and tests of these would be skipped.
export root source
unshare -m sh -eu -c '
	mount --bind "$root" "$root"
	mount -t proc proc "$root/proc"
	mount --rbind /dev "$root/dev"
	mount --rbind /sys "$root/sys"
	cp /etc/resolv.conf "$root/etc/"
	mkdir -p "$root/sysshim"
	(cd "$source" && git ls-files -z | xargs -0 tar cf -) | tar xf - -C "$root/sysshim"
	cd "$root"
	pivot_root . .
	umount -l .
	exec chroot . /bin/sh -c "cd /sysshim && apt-get update -qq && exec sh tests/run.sh \"\$@\"" sh "$@"
' sh "$@"
