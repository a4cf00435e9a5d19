#!/bin/bash
# timeout: 560
# Real programs behave as without the shim: every line of commands.txt, natively, and with the log off, on, and every small write gathered.
set -u
exec python3 "$SRC/tests/lib/same_commands.py" "$SRC/tests/real/commands.txt" --shim "$SHIM" --work "$PWD" --command "$SYSSHIM" --least 50
