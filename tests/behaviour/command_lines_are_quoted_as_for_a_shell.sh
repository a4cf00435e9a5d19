#!/bin/bash
# The command lines that show and report print are what a shell takes for the same arguments: blanks, quotes, control characters and emptiness included.
set -u
. "$SRC/tests/lib/lib.sh"

words=('a b' "it's" "it's"$'\n\\' '' '"' '\' '$HOME' '*' '~' 'safe=1,2:/x@y%z+w-.' $'\e[1m\a' $'\x1f7' $'\xff1' 'ä ö' '#' '!' '(' '&;|')
"$SYSSHIM" run -q --record=recording -- printf '%s\0' "${words[@]}" >wanted || fail "status $?"
"$SYSSHIM" show recording >shown || fail "show: $(cat shown)"
line=$(grep -o ' printf .*' shown) && eval "$line" >said && cmp wanted said || fail "show: $line"
# zsh takes a bare =NAME for where that program lies
"$SYSSHIM" run -q --record=equals -- /bin/true =ls a=b = && "$SYSSHIM" show equals | grep -qF " /bin/true '=ls' a=b '='" || fail "show: $("$SYSSHIM" show equals)"
LC_ALL=C grep -q '[^ -~]' shown && fail "show: $(cat -v shown)"
grep -qF " safe=1,2:/x@y%z+w-. " <<<"$line" || fail "show: quotation marks where none are needed: $line"
"$SYSSHIM" report recording >page || fail "report: status $?"
line=$(python3 -c 'import html, re, sys; print(html.unescape(re.search("<h1>.*?(printf .*?)</h1>", open(sys.argv[1]).read(), re.S).group(1)))' page) &&
	eval "$line" >said && cmp wanted said && grep -q "'ä ö'" <<<"$line" || fail "report: $line"
"$SYSSHIM" run -q --record=plain -- /bin/true && "$SYSSHIM" show plain | grep -q ' /bin/true$' || fail "show: $("$SYSSHIM" show plain)"
exit 0
