#!/bin/bash
# A shell and its jobs, a parent and its children share one offset of one file, or one pipe, and all write small lines at once. The order
# between them is free, but each line stands there whole, once, and in its writer's order: a batch that is not one write of the kernel's, that
# ends inside a line, or that a fork left in two memories shows. Where they write in turn, the bytes are exact.
# timeout: 180
set -u
. "$SRC/tests/lib/lib.sh"

cat >script.sh <<'SCRIPT'
p=$1
# as $p does it, by the shell's own echo
loop() {
	i=0
	dots=................................................................................
	while [ $i -lt "$2" ]; do
		n=$((i * 7 % 80))
		echo "$1 $i ${3-$(printf %.${n}s $dots)}"
		i=$((i + 1))
	done
}
# lines whose dots a command's arithmetic makes, written one by one
awks() {
	awk -v name="$1" -v count="$2" 'BEGIN { for (i = 0; i < count; i++) { dots = ""; while (length(dots) < i * 7 % 80) dots = dots "."
		print name, i, dots; fflush() } }'
}
say() {
	printf '%s: ' "$1"
	"$p" check <file || exit 1
	rm file
}

(loop echo-a 120 & loop echo-b 120 & wait) >file
say "two loops of echo"
("$p" a 1000 & "$p" b 700 & wait) >file
say "two programs"
("$p" a 1000 & loop echo 100 & awks awk 500 & "$p" b 2000 | grep --line-buffered . & wait) >file
say "a program, echo, awk, grep"
"$p" head 100 >file
("$p" a 1000 & awks awk 500 & "$p" b 700 & wait) >>file
"$p" tail 100 >>file
say "appended"
{ "$p" head 300; "$p" a 500 & "$p" b 500 & loop echo 50; "$p" middle 200; wait; "$p" tail 300; } >file
say "before, beside and after the shell"
("$p" a 1000 & "$p" b 700 & awks awk 500 & wait) | cat >file
say "into a pipe"
("$p" a 300 & awks b 200 & wait) | while read -r line; do case $line in *.) echo "$line" ;; *) echo "$line " ;; esac; done >file
say "into a pipe that a shell reads"
"$p" family >file
say "a family"
"$p" family >>file
say "a family, appending"
"$p" family | cat >file
say "a family, into a pipe"
("$p" family & "$p" a 1000 & wait) >file
say "a family among jobs"
# and in turn: these stay, and are compared byte by byte
("$p" a 500; loop echo 50 x; "$p" c 500; awks d 200; (loop e 20 y; "$p" f 300)) >in-turn
("$p" both 1000; echo between; "$p" both 300) >both 2>&1
("$p" both 1000 2>&1 1>&3 | cat >both-stderr) 3>both-stdout
for i in 1 2 3 4 5; do "$p" pass$i $((i * 30)); echo "pass $i"; done >in-turn-again
(exec "$p" executed 200) >>in-turn-again
echo end of the script
SCRIPT

for variant in quiet log interpose; do
	case $variant in
	quiet) settings=() ;;
	log) settings=(SYSSHIM_LOG="$PWD/log.%p" SYSSHIM_STATS="$PWD/stats.%p" SYSSHIM_STATS_FORMAT=json) ;;
	interpose) settings=(SYSSHIM_INTERCEPT=interpose) ;;
	esac
	same_run "$variant" ${settings[@]+"${settings[@]}"} -- sh "$PWD/script.sh" "$PROGRAM"
	grep -q '^end of the script$' "$variant.native.out" || fail "natively it does not come to its end: $(cat "$variant.native.out" "$variant.native.err")"
done
coalesced stats.*
same_run bash -- bash "$PWD/script.sh" "$PROGRAM"
cat quiet.shim.out
