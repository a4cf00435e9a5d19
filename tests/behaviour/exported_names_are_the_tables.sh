#!/bin/bash
# The shared object exports the interposed names, syscall(), what include/sysshim.h declares, and nothing else.
set -u
wanted=$({ sed -n 's/^\(NAME\|LIBC\|EXEC\|MADE\|WATCHED\)(\([a-zA-Z0-9_]*\),.*/\2/p' "$SRC/shim/intercept/names.def"; echo syscall
	sed -n 's/^[a-z].*[ *]\(sysshim_[a-z_]*\)(.*/\1/p' "$SRC/include/sysshim.h"; } | sort)
found=$(nm -D --defined-only "$SHIM" | awk '{print $NF}' | sort)
[ "$(wc -l <<<"$wanted")" -gt 50 ] || { echo "the table was not read"; exit 1; }
diff <(echo "$wanted") <(echo "$found") && exit 0
echo "< only in the tables, > only in the shared object"
exit 1
