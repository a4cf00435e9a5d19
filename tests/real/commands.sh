#!/bin/bash
# timeout: 280
# Real programs behave as without the shim: every line of commands.txt, natively, with the log off and with the log on.
set -u
exec python3 "$SRC/tests/lib/same_commands.py" "$SRC/tests/real/commands.txt" --shim "$SHIM" --work "$PWD" --least 50
