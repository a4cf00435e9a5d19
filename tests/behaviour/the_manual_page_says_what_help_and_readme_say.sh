#!/bin/bash
# What is installed is complete: the manual page is made at the build from the command's help and the README, and groff finds nothing wrong with it; each command, each
# option and each setting stands in it. The command finds the shared object where it is installed.
set -u
. "$SRC/tests/lib/lib.sh"
command -v groff >/dev/null || skip "no groff"

sh "$SRC/tools/man.sh" "$SYSSHIM" "$SRC/README.md" sysshim.1 || fail "it is not made"
groff -ww -man -Tascii -P-c sysshim.1 2>wrong | col -bx >shown || fail "groff: $(cat wrong)"
[ ! -s wrong ] || fail "groff has something to say: $(head -n 5 wrong)"
[ "$(grep -cE '^[A-Z]' shown)" -ge 8 ] || fail "sections: $(grep -E '^[A-Z]' shown)"
for command in $("$SYSSHIM" --help | awk '/^  [a-z]/ { print $1 }'); do
	grep -qE "^   $command\$" shown || fail "no section of $command"
	sed -n "/^   $command\$/,/^\(   [a-z]\|[A-Z]\)/{/^   $command\$/d; p}" shown | tr -s ' \n' ' ' >section
	for option in $("$SYSSHIM" "$command" --help | grep -oE '^ +-[^ ]+(, -[^ ]+)*' | grep -oE -- '--?[a-z0-9A-Z-]+'); do
		grep -qF -- "$option" section || fail "$command: no $option: $(cat section)"
	done
done
# those without a list of what is allowed are the shim's own, but for three
for name in $(sed -n 's/^[[:space:]]*OPTION("\(SYSSHIM_[A-Z_]*\)", "[^"].*/\1/p' "$SRC/shim/option_values.c") SYSSHIM_APP_EXCLUDE SYSSHIM_CONFIG SYSSHIM_DISABLE; do
	grep -qE "^       ([A-Z_, ]*, )?$name( |,|\$)" shown || fail "no $name"
done
grep -qE 'Static +programs' shown && grep -q '/recordings$' shown || fail "no limits, or no files"
grep -nE '\*\*|\]\(' shown && fail "marks of the README are left"
exit 0
