#!/bin/sh
# The manual page, from what says these things already: the command's own help and the README's beginning and table of settings.
#   sh tools/man.sh SYSSHIM README.md sysshim.1
set -eu
export LC_ALL=C
command=$1 readme=$2
exec >"$3"

# Text of the README, or of a help, as roff: shared by all parts.
roff='
function plain(text)
{
	gsub(/\\\|/, "|", text)
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	return text
}
# [text](link) is its text, `word` is bold.
function marked(text,    out, at)
{
	while (match(text, /\[[^]]*\]\([^)]*\)/)) {
		at = substr(text, RSTART + 1, index(substr(text, RSTART), "](") - 2)
		text = substr(text, 1, RSTART - 1) at substr(text, RSTART + RLENGTH)
	}
	gsub(/\*\*/, "", text)
	gsub(/\$PWD\/build\/|build\//, "", text)
	text = plain(text)
	while (match(text, /`[^`]*`/)) {
		out = out substr(text, 1, RSTART - 1) "\\fB" substr(text, RSTART + 1, RLENGTH - 2) "\\fR"
		text = substr(text, RSTART + RLENGTH)
	}
	return out text
}
# No line of text is to be taken for a request.
function put(text) { print text ~ /^[.\x27]/ ? "\\&" text : text }
'

version=$("$command" --version)
cat <<EOF
.TH SYSSHIM 1 "" "$version" "User Commands"
.ad l
.nh
.SH NAME
sysshim \\- see, audit and speed up the system calls of unmodified programs
.SH SYNOPSIS
.B sysshim
.I COMMAND
[\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]
.br
.BI LD_PRELOAD=libsysshim.so " PROGRAM"
[\\fIARGUMENT\\fR...]
.SH DESCRIPTION
EOF
awk "$roff"'
/^## / { exit }
/^# / || !NF { if (text) print ".PP"; text = 0; next }
/^    / { print ".PP\n.RS\n.nf"; put(marked(substr($0, 5))); print ".fi\n.RE"; text = 0; next }
{ put(marked($0)); text = 1 }
' "$readme"

printf '.SH COMMANDS\n'
"$command" --help | awk '/^  [a-z]/ { print $1 }' | while read -r name; do
	printf '.SS %s\n' "$name"
	"$command" "$name" --help | awk "$roff"'
	/^usage: / { sub(/^usage: /, ""); put("\\fB" plain($0) "\\fR"); next }
	/^ *-/ {
		sub(/^ */, "")
		at = match($0, /  +/)
		print ".TP"
		option = plain(at ? substr($0, 1, at - 1) : $0)
		gsub(/[|:[]/, "\\:&", option) # it may be longer than a line
		put("\\fB" option "\\fR")
		if (at)
			put(plain(substr($0, at + RLENGTH)))
		next
	}
	!NF { print ".PP"; next }
	/^(Exit status|Percentiles|A line of a list|With --verify)/ { print ".br" }
	{ indented = match($0, /[^ ]/) - 1; sub(/^ */, ""); if (indented && indented < 8) print ".br"; put(plain($0)) }
	'
done

printf '.SH ENVIRONMENT\nSettings of the shim; those of \\fBsysshim run\\fR become them.\n'
awk "$roff"'
/^## / { inside = /^## Settings/ }
inside && /^\| `SYSSHIM_/ {
	gsub(/\\\|/, "\001")
	split($0, cell, / *\| */)
	for (i in cell)
		gsub(/\001/, "|", cell[i])
	print ".TP"
	put(marked(cell[2]) (cell[4] != "" ? " (" marked(cell[4]) ")" : ""))
	put(marked(cell[3]) ".")
	if (cell[5] != "")
		put(marked(cell[5]) ".")
}
' "$readme"
printf '.SH LIMITS\n'
awk "$roff"'
/^## / { inside = /^## Limits/; next }
inside && /^- / { print ".IP \\(bu 2"; put(marked(substr($0, 3))); next }
inside && NF { sub(/^ */, ""); put(marked($0)); next }
inside { print ".PP" }
' "$readme"
cat <<'EOF'
.SH FILES
.TP
.I ${XDG_STATE_HOME:-~/.local/state}/sysshim/recordings
Recordings that nobody has named a place for: the newest sixteen.
.TP
.I ${XDG_STATE_HOME:-~/.local/state}/sysshim/sites
Where the system calls of a libc are that was not there at the build.
.SH SEE ALSO
.BR strace (1),
.BR ld.so (8),
.BR perf (1)
EOF
