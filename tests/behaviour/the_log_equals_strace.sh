#!/bin/bash
# timeout: 240
# A log of everything: where every site is rewritten and dispatch watches what is not, the calls in the log and their results are strace's for
# the time after our constructor, in thirty-odd real commands.
set -u
. "$SRC/tests/lib/lib.sh"

every=every settings="-E SYSSHIM_LOG=%F/logs/%p -E SYSSHIM_INTERCEPT=rewrite-all,interpose -E SYSSHIM_DISPATCH=always" arguments="--logs %F/logs"
. "$SRC/tests/lib/strace_commands.sh"
