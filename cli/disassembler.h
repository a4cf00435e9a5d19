/* capstone, loaded where it is needed: its tables take ld.so longer than all else that a command does. */
#ifndef CLI_DISASSEMBLER_H
#define CLI_DISASSEMBLER_H

#include <capstone/capstone.h>

struct disassembler {
	__typeof__(&cs_open) open;
	__typeof__(&cs_close) close;
	__typeof__(&cs_malloc) make;
	__typeof__(&cs_free) free;
	__typeof__(&cs_disasm_iter) next;
};

/* NULL: it cannot be loaded, which was said. */
const struct disassembler *disassembler(void);

#endif
