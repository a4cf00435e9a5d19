#!/bin/bash
# timeout: 900
# Some hundred programs of Debian are as without the shim: each line of tools.txt natively and in one variant; TURN=1 to 6 chooses others.
set -u
exec python3 "$SRC/tests/lib/same_commands.py" "$SRC/tests/real/tools.txt" --shim "$SHIM" --work "$PWD" --command "$SYSSHIM" --least 180 --in-turn --turn "${TURN:-0}"
