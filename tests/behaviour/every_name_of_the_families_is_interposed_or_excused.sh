#!/bin/bash
# The read, write, send, recv, open and close families as the libc on this machine exports them: each name stands in names.def, as
# interposed or with the reason why not.
set -u
libc=$(ldd /bin/sh | awk '/libc\.so/ {print $3; exit}')
[ -r "$libc" ] || { echo "libc not found"; exit 1; }
known=$(sed -n 's/^\(NAME\|LIBC\|EXEC\|MADE\|OTHER\)(\([a-zA-Z0-9_]*\),.*/\2/p' "$SRC/shim/intercept/names.def")
# A family is its calls with p, v, 2, m, mm, 64 and the fortified and internal forms. Names that only contain such a word (fopen,
# pthread_…, clntudp_…) belong to others: stdio and the rest are seen at their sites.
pattern='^_*(libc_)?(p?(read|write)v?(64)?(v2)?|send(to|m?msg|file(64)?)?|recv(from|m?msg)?|open(64|at(64)?|at2)?|creat(64)?|close(_range|from)?|process_vm_(read|write)v|readahead|readlink(at)?|open_by_handle_at|syscall)(_chk|_2|_nocancel)?$'
# and what else the log and the audit need where nothing is rewritten
also='^(_IO_)?(file_)?f?(re)?open(64)?$|^opendir$|^mko?stemps?(64)?$|^tmpfile(64)?$|^(__)?[flx]{0,2}stat(at|x)?(64)?$|^f?accessat$|^access$|^(mk|rm)dir(at)?$|^(un|sym)?link(at)?$|^rename(at2?)?$|^f?ch(dir|mod|own)(at)?$|^lchown$|^f?truncate(64)?$|^lseek(64)?$|^f(data)?sync$|^dup[23]?$|^pipe2?$|^(socket|connect|bind|accept4?)$|^f?exec(v|l|vp|lp|ve|le|vpe|veat)$|^posix_spawnp?$'
names=$(nm -D --defined-only "$libc" | awk '$2 ~ /[TWi]/ {print $NF}' | sed 's/@.*//' | sort -u | grep -E "$pattern|$also")
[ "$(wc -l <<<"$names")" -gt 40 ] || { echo "only these were found: $names"; exit 1; }
wrong=0
for name in $names; do
	[ "$name" = syscall ] || grep -qx "$name" <<<"$known" || { echo "$name is neither interposed nor excused"; wrong=1; }
done
grep -E '^OTHER' "$SRC/shim/intercept/names.def" | grep -vE '"[^"]{20,}"\)$' && { echo "a row without its reason"; wrong=1; }
exit $wrong
