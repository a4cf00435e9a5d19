/* Loading capstone; see disassembler.h. */
#include "disassembler.h"
#include "print.h"

#include <dlfcn.h>
#include <stdio.h>

#define TEXT_OF(number) #number
#define LIBRARY(major) "libcapstone.so." TEXT_OF(major)

const struct disassembler *disassembler(void)
{
	static struct disassembler found;
	static int tried;

	if (tried++)
		return found.next ? &found : NULL;
	void *library = dlopen(LIBRARY(CS_API_MAJOR), RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		print_complaint("sysshim: %s; instructions are not looked at", dlerror());
		return NULL;
	}
	*(void **)&found.open = dlsym(library, "cs_open");
	*(void **)&found.close = dlsym(library, "cs_close");
	*(void **)&found.make = dlsym(library, "cs_malloc");
	*(void **)&found.free = dlsym(library, "cs_free");
	*(void **)&found.next = dlsym(library, "cs_disasm_iter");
	return found.next ? &found : NULL;
}
