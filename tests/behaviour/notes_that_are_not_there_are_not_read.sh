#!/bin/bash
# A program whose header says that its notes (PT_NOTE) are longer than what is mapped, or stand where nothing is, starts as it does without us.
set -u
. "$SRC/tests/lib/lib.sh"

printf '#include <stdio.h>\nint main(void) { return puts("ran") < 0; }\n' >program.c && gcc -o program program.c || fail "no program"
python3 - <<'PYTHON' || fail "its notes are not found"
import os, struct
image = open("program", "rb").read()
at, = struct.unpack_from("<Q", image, 32)
notes = [header for header in range(at, at + 56 * struct.unpack_from("<H", image, 56)[0], 56) if image[header : header + 4] == b"\4\0\0\0"]
# ld.so itself reads those that are aligned to 8 bytes.
notes = [header for header in notes if struct.unpack_from("<Q", image, header + 48)[0] == 4]
assert notes
# Fields of a program header, from their places: p_vaddr and p_memsz.
for name, place, value in ("long", 40, 1 << 40), ("endless", 40, (1 << 64) - 8), ("nowhere", 16, 1 << 40), ("behind", 16, (1 << 64) - 4096):
    odd = bytearray(image)
    for header in notes:
        struct.pack_into("<Q", odd, header + place, value)
    open(name, "wb").write(odd)
    os.chmod(name, 0o755)
PYTHON
for program in long endless nowhere behind; do
	[ "$(./$program 2>native.err)" = ran ] || skip "$program does not run: $(cat native.err)"
	out=$(env LD_PRELOAD="$SHIM" SYSSHIM_LOG=off SYSSHIM_STATS=off ./$program 2>err)
	status=$?
	[ "$status" = 0 ] && [ "$out" = ran ] && [ ! -s err ] || fail "$program: status $status: $out $(cat err)"
done
