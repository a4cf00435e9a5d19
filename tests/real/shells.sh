#!/bin/bash
# timeout: 900
# What shells do with small writes is as without the shim: each line of shells.txt natively and in one variant; TURN=1 to 6 chooses others.
set -u
exec python3 "$SRC/tests/lib/same_commands.py" "$SRC/tests/real/shells.txt" --shim "$SHIM" --work "$PWD" --command "$SYSSHIM" --least 150 --in-turn --turn "${TURN:-0}"
