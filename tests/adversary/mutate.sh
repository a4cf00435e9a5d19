#!/bin/bash
# Is the adversary able to find anything? Each tests/adversary/mutations/*.patch puts a deliberate bug into the shim; its first line names who finds
# it, `adversary` or a test. In a scratch copy each is applied, built and looked for, and one line says `found` with the seed, or `NOT FOUND`.
#
#   tests/adversary/mutate.sh [PATTERN...]    only patches whose name has a pattern; SEEDS=N looks at so many (10000), JOBS=N at once (2)
set -u
unset CDPATH LD_PRELOAD
SRC=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
scratch=$(mktemp -d "${TMPDIR:-/tmp}/sysshim-mutations.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

give_up() {
	echo "mutate.sh: $*" >&2
	exit 1
}

# The tree as it stands, uncommitted changes too.
mkdir "$scratch/tree" "$scratch/seeds"
(cd "$SRC" && tar --exclude=./build --exclude=./.git -cf - .) | tar -C "$scratch/tree" -xf - || give_up "no copy of the tree"
cd "$scratch/tree" || exit 1
git init -q . && git add -A && git -c user.name=mutate -c user.email=mutate@localhost commit -qm tree || give_up "no repository of the copy"
cmake -S . -B build >"$scratch/log" 2>&1 && cmake --build build -j"${JOBS:-2}" --target shim adversary sysshim >>"$scratch/log" 2>&1 || give_up "the build failed: $(tail -n 5 "$scratch/log")"

chosen() {
	[ $# -eq 1 ] && return
	for pattern in "${@:2}"; do
		[[ $1 == *"$pattern"* ]] && return
	done
	return 1
}

# Prints what it found; status 0 when it found something.
look() {
	case $1 in
	adversary)
		build/adversary/adversary --shim=build/libsysshim.so --count="${SEEDS:-10000}" --jobs="${JOBS:-2}" --folder="$scratch/seeds" \
			--most=1 --brief >"$scratch/out" 2>&1 && return 1
		grep -m 1 '^seed' "$scratch/out" || echo "$(tail -n 1 "$scratch/out")"
		;;
	*)
		SYSSHIM_TEST_NO_BUILD=1 timeout 900 tests/run.sh "$1" >"$scratch/out" 2>&1 && return 1
		grep -q ' failed, ' "$scratch/out" || return 1
		grep -m 1 '^FAILED' "$scratch/out"
		;;
	esac
}

lost=0
for patch in "$SRC"/tests/adversary/mutations/*.patch; do
	name=$(basename "$patch" .patch)
	chosen "$name" "$@" || continue
	finder=$(sed -n '1s/^found by: //p' "$patch")
	[ -n "$finder" ] || give_up "$name: its first line does not say \`found by: ...\`"
	git checkout -q . && git apply "$patch" || give_up "$name does not apply"
	cmake --build build -j"${JOBS:-2}" --target shim >"$scratch/log" 2>&1 || give_up "$name does not compile: $(grep -m 3 error "$scratch/log")"
	if said=$(look "$finder"); then
		echo "found      $name by $finder: $said"
	else
		echo "NOT FOUND  $name by $finder"
		lost=$((lost + 1))
	fi
done
exit $((lost > 0))
