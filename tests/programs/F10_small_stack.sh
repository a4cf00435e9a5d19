#!/bin/bash
# Coroutines on 2 to 64 KiB and handlers on small alternate stacks live as natively, with bursts held while they run and compute: whatever
# comes then must not need their stack. And on a painted stack one sees how deep each call goes: no deeper than natively and 1 KiB.
# timeout: 120
set -u
. "$SRC/tests/lib/lib.sh"

LIMIT=1024
mkdir measured
(cd measured && "$PROGRAM" natively) >native.depths 2>&1 || fail "measuring fails natively: $(cat native.depths)"
deep=""
for variant in quiet log json record interpose inject; do
	case $variant in
	quiet) settings=() ;;
	log) settings=(SYSSHIM_LOG="$PWD/log.%p" SYSSHIM_STATS="$PWD/stats.%p" SYSSHIM_STATS_FORMAT=json) ;;
	json) settings=(SYSSHIM_LOG="$PWD/json.%p" SYSSHIM_LOG_FORMAT=json) ;;
	record) settings=(SYSSHIM_LOG="$PWD/recording" SYSSHIM_LOG_FORMAT=binary) ;;
	inject) settings=(SYSSHIM_LOG="$PWD/injected.%p" SYSSHIM_LOG_FORMAT=json SYSSHIM_INJECT='all:delay_enter=0;%io:short=100000') ;;
	interpose) settings=(SYSSHIM_INTERCEPT=interpose) ;;
	esac
	same_run "$variant" ${settings[@]+"${settings[@]}"} -- "$PROGRAM" run
	grep -q '^done$' "$variant.native.out" || fail "natively it does not come to its end: $(cat "$variant.native.out")"
	(cd measured && shimmed SYSSHIM_STATS=off ${settings[@]+"${settings[@]}"} "$PROGRAM" measure) >"$variant.depths" 2>&1 ||
		fail "$variant: measuring fails: $(cat "$variant.depths")"
	diff <(sed 's/ [0-9]*$//' native.depths) <(sed 's/ [0-9]*$//' "$variant.depths") || fail "$variant: other lines than natively"
	deep+=$(join <(sort native.depths) <(sort "$variant.depths") |
		awk -v variant=$variant -v limit=$LIMIT '$3 - $2 > limit { printf "%s: %s: %d bytes more than natively\\n", variant, $1, $3 - $2 }')
done
coalesced stats.*
# where nothing is deeper than natively, nothing was intercepted
cmp -s native.depths quiet.depths && fail "all depths are as natively: was the shim there?"
[ -z "$deep" ] || fail "frames over $LIMIT bytes: $(printf "\n%b" "$deep")"
