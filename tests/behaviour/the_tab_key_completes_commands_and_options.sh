#!/bin/bash
# `sysshim completion`: in bash the Tab key offers each command, and each option that a command's help lists; every one of these is taken.
set -u
. "$SRC/tests/lib/lib.sh"
PATH=$(dirname "$SYSSHIM"):$PATH
eval "$(sysshim completion)" || fail "what it prints is no command of bash"
complete -p sysshim | grep -q 'sysshim completion' || fail "nothing is set: $(complete -p sysshim)"

# offered LINE: what bash is told, a word a line
offered() {
	COMP_LINE=$1 COMP_POINT=${#1} sysshim completion -- sysshim "${1##* }" before >lines
	grep -E '=.|[^ =]$' lines && fail "a blank behind what a value follows, or none behind what is whole"
	sed 's/ $//' lines
}
[ "$(offered 'sysshim ')" = "$(sysshim --help | sed -nE 's/^  ([a-z]+) .*/\1/p')" ] || fail "commands: $(offered 'sysshim ')"
[ "$(offered 'sysshim tr')" = trace ] && [ "$(offered 'sysshim xyz')" = "" ] || fail "a command: $(offered 'sysshim tr')"
[ "$(offered 'sysshim --v')" = --version ] || fail "--version: $(offered 'sysshim --v')"
[ "$(offered 'sysshim stat --j')" = --json ] && [ "$(offered 'sysshim trace --min')" = --min-duration= ] || fail "an option: $(offered 'sysshim stat --j')"
# zsh's bashcompinit gives no words, and a line that goes on behind the cursor
[ "$(COMP_LINE='sysshim stat --j recording' COMP_POINT=16 sysshim completion --)" = "--json " ] && [ "$(COMP_LINE='sysshim tr' COMP_POINT=10 sysshim completion --)" = "trace " ] ||
	fail "without words: $(COMP_LINE='sysshim stat --j recording' COMP_POINT=16 sysshim completion -- 2>&1)"
if command -v zsh >/dev/null; then
	zsh -f -c 'autoload -U compinit bashcompinit; compinit -D; bashcompinit; eval "$(sysshim completion)"; print $_comps[sysshim]' 2>&1 | grep -q 'sysshim.* completion' || fail "zsh does not take it"
fi
for command in run trace stat; do
	offered "sysshim $command --tr" | grep -qx -- --trace= || fail "$command: --trace= is not offered"
done
for command in run files trace stat top diff report show doctor; do
	offered "sysshim $command -" | sort >options
	[ "$(wc -l <options)" -gt 1 ] || fail "$command: no options: $(cat options)"
	sysshim $command --help | grep -oE '^ +-.*' | sed -E 's/   ?[a-z].*//' | grep -oE -- '--?[a-zA-Z0-9][a-zA-Z-]*=?' | sort -u >wanted
	diff <(sed 's/=//' wanted | sort -u) <(sed 's/=//' options | sort -u) || fail "$command: not the options of its help"
	while read -r option; do
		case $option in
		--help) continue ;;
		--*=) sysshim $command "${option}x" --nonsense >/dev/null 2>said ;;
		*) sysshim $command "$option" x --nonsense >/dev/null 2>said ;;
		esac
		grep -qF -- "$option: there is no such option" said && fail "$command: $option is offered, and not taken: $(cat said)"
	done <options
done
exit 0
