#!/bin/sh
# From a fresh clone to a first look: installs what the build needs, builds, and runs programs of this machine with and without the shim
# in a temporary folder. May be run again at any time; as an ordinary user nothing must be missing. Ends 0 when all of it worked.
#
# SYSSHIM_TEST_NO_BUILD=1 neither installs nor builds, and SHIM=PATH shows another shared object than build/libsysshim.so, as in tests/run.sh.
set -u
unset CDPATH LD_PRELOAD
export LC_ALL=C
SRC=$(cd "$(dirname "$0")/.." && pwd) || exit 1
. "$SRC/tests/lib/install.sh"
shim=${SHIM:-$SRC/build/libsysshim.so} no_build=${SYSSHIM_TEST_NO_BUILD:-}
# The settings that are shown are ours alone.
for name in $(env | sed -n 's/^\(SYSSHIM_[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
	bold="" plain=""
fi

title() {
	printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

give_up() {
	echo "examples/quickstart.sh: $*" >&2
	exit 1
}

work=$(mktemp -d "${TMPDIR:-/tmp}/sysshim-quickstart.XXXXXX") || give_up "no temporary folder can be made"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT PIPE TERM

# Is there a build, and is it newer than everything that it is made of?
is_built() {
	[ -f "$shim" ] && [ -x "$SRC/build/sysshim" ] &&
		[ -z "$(cd "$SRC" && find CMakeLists.txt format shim include cli tools -type f -newer build/libsysshim.so)" ]
}

build() {
	echo "building into $SRC/build ..."
	(cd "$SRC" && cmake -S . -B build && cmake --build build -j"$(nproc)") >"$work/build.log" 2>&1 && return
	tail -n 30 "$work/build.log" >&2
	give_up "the build failed"
}

# both NAME COMMAND...: natively and with the shim, each in a folder that holds the same; leaves NAME.log and NAME.counters
both() {
	name=$1
	shift
	cp -a "$work/files" "$work/place"
	(cd "$work/place" && exec "$@") >"$work/$name.native" 2>&1 </dev/null
	native=$?
	rm -rf "$work/place"
	cp -a "$work/files" "$work/place"
	(cd "$work/place" && exec env LD_PRELOAD="$shim" SYSSHIM_LOG="$work/$name.log" SYSSHIM_STATS="$work/$name.counters" "$@") \
		>"$work/$name.shim" 2>&1 </dev/null
	shimmed=$?
	rm -rf "$work/place"
	if [ ! -s "$work/$name.log" ]; then
		"$SRC/build/sysshim" doctor "$1" >&2
		give_up "the shim left no log"
	fi
	cmp "$work/$name.native" "$work/$name.shim" && [ $native -eq $shimmed ] ||
		give_up "$1 does not behave the same: exit status $native natively, $shimmed with the shim"
	echo "  cmp: its output is the same with and without the shim, $(wc -c <"$work/$name.native") bytes, exit status $native"
}

# opened NAME COUNT: how, result and path of the first COUNT different opens in its log
opened() {
	sed -nE 's/^[0-9]+ [0-9.]+ open(at)?\(([A-Z_0-9]+, )?"(([^"\\]|\\.)*)", ([A-Z_|]+).*\) += (-1 )?([0-9A-Z]+).*/\5\t\7\t\3/p' "$work/$1.log"* |
		awk -F '\t' -v most="$2" '
			seen[$0]++ { next }
			{ how = $1 ~ /O_RDWR/ ? "read, write" : $1 ~ /O_WRONLY/ ? "write" : $1 ~ /O_DIRECTORY/ ? "list" : "read" }
			++count <= most { printf "  %-12s %-10s %s\n", how, $2 ~ /^[0-9]/ ? "ok" : $2, $3 }
			END { if (count > most) printf "  ... and %d more\n", count - most }'
}

if [ -z "$no_build" ]; then
	install_packages build-essential cmake uthash-dev libcapstone-dev git </dev/null
	is_built || build
fi
[ -f "$shim" ] || give_up "$shim is missing"
command -v git >/dev/null || give_up "git is missing, one of the programs that are shown"

# what the programs work on: a small repository
mkdir "$work/files" && cd "$work/files" || exit 1
export HOME="$work" GIT_CONFIG_NOSYSTEM=1
printf 'one\n' >notes.txt
printf 'two\n' >todo.txt
git init -q . 2>/dev/null && git add notes.txt || give_up "git does not work here"

title "1. Which files does ls open?"
both ls ls -l --time-style=+ .
echo "  how          result     path (what ld.so opened stands before our start)"
opened ls 8

title "2. Which files does git status open?"
both git git status --short
echo "  how          result     path"
opened git 8

title "3. What does a chatty program call?"
echo "  bash -c 'for i in {1..2000}; do echo \"line \$i\"; done >lines; cksum lines'"
both chatty bash -c 'for i in {1..2000}; do echo "line $i"; done >lines; cksum lines'
echo
sed -n '2,8p' "$work/chatty.counters"
echo
echo "  The log has a line for each, in strace's look:"
grep 'write(1' "$work/chatty.log" | sed -n '1,3s/^/  /p'

# The clock before and after, in milliseconds.
now() {
	echo $(($(date +%s%N) / 1000000))
}

title "4. A chatty legacy program: a write for each of its 200,000 lines"
echo "  grep --line-buffered . numbers >lines"
seq 200000 >"$work/numbers"
began=$(now)
grep --line-buffered . "$work/numbers" >"$work/lines.native" || give_up "grep fails"
native_time=$(($(now) - began))
began=$(now)
env LD_PRELOAD="$shim" SYSSHIM_STATS=off grep --line-buffered . "$work/numbers" >"$work/lines.shim" || give_up "grep fails with the shim"
shim_time=$(($(now) - began))
cmp "$work/lines.native" "$work/lines.shim" || give_up "grep does not write the same with the shim"
echo "  cmp: the same $(wc -c <"$work/lines.shim") bytes with and without the shim; $native_time ms natively, $shim_time ms with it"
env LD_PRELOAD="$shim" SYSSHIM_STATS="$work/lines.counters" grep --line-buffered . "$work/numbers" >"$work/lines.shim"
grep coalesced "$work/lines.counters" || echo "  (this kernel does not let us gather them: $SRC/build/sysshim doctor says why)"

title "5. The same as a recording, to be asked afterwards"
cp -a "$work/files" "$work/place"
(cd "$work/place" && SYSSHIM_LIBRARY="$shim" exec "$SRC/build/sysshim" run -q --record="$work/recording" -- git status --short) >"$work/recorded" ||
	give_up "git status fails"
cmp -s "$work/git.native" "$work/recorded" || give_up "git status does not print the same when it is recorded"
for question in "stat -S calls" "files --only-missing" "trace -e trace=%file -Z"; do
	echo "  sysshim $question"
	# shellcheck disable=SC2086
	"$SRC/build/sysshim" $question "$work/recording" >"$work/answer" 2>/dev/null || give_up "sysshim $question fails"
	sed -n '1,6s/^/    /p' "$work/answer" | cut -c 1-130
done

"$SRC/build/sysshim" report -o "$work/report.html" "$work/recording" || give_up "sysshim report fails"
echo "  sysshim report -o report.html"
echo "    $(wc -c <"$work/report.html") bytes, $(grep -c '<svg' "$work/report.html") pictures, to be opened in a browser"

title "Yours:"
cat <<END
  LD_PRELOAD=$shim ./your-program
  $SRC/build/sysshim run -- ./your-program    # after either: sysshim files, trace, stat, show, report, diff
  $SRC/build/sysshim top                      # while it runs: what each thread is in
  $SRC/build/sysshim doctor ./your-program
END
