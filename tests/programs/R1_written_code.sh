#!/bin/bash
# A program that writes its own code: with all sites asked for its code stays as it is, and can still be written.
set -u
. "$SRC/tests/lib/lib.sh"

# gcc makes no such segment without warnings: the program's headers are changed
cp "$PROGRAM" program
python3 - program <<'PYTHON' || fail "the program is not as this test knows it"
import struct, sys
image = bytearray(open(sys.argv[1], "rb").read())
(table,), (count,) = struct.unpack_from("<Q", image, 32), struct.unpack_from("<H", image, 56)
changed = 0
for at in range(table, table + 56 * count, 56):
    kind, flags = struct.unpack_from("<II", image, at)
    if kind == 1 and flags & 1:
        struct.pack_into("<I", image, at + 4, flags | 2)
        changed += 1
open(sys.argv[1], "wb").write(image)
sys.exit(changed != 1)
PYTHON
./program >native.out || fail "natively it fails"
for ways in rewrite-all,interpose rewrite,interpose; do
	shimmed SYSSHIM_INTERCEPT=$ways SYSSHIM_LOG=off SYSSHIM_STATS=off ./program >shim.out 2>shim.err || fail "$ways: status $?: $(cat shim.err)"
	diff native.out shim.out || fail "$ways: stdout differs"
done
exit 0
