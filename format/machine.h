/* The processor that both binaries are built for: its names, and where its loader and libraries lie on Debian. */
#ifndef FORMAT_MACHINE_H
#define FORMAT_MACHINE_H

#if defined __x86_64__
#define MACHINE_NAME "x86-64"
#define MACHINE_UNAME "x86_64"               /* uname(2) */
#define MACHINE_ELF 62                       /* EM_X86_64, elf.h */
#define MACHINE_FOLDER "x86_64-linux-gnu"
#define MACHINE_LOADER "/lib64/ld-linux-x86-64.so.2"
#elif defined __aarch64__
#define MACHINE_NAME "aarch64"
#define MACHINE_UNAME "aarch64"
#define MACHINE_ELF 183                      /* EM_AARCH64 */
#define MACHINE_FOLDER "aarch64-linux-gnu"
#define MACHINE_LOADER "/lib/ld-linux-aarch64.so.1"
#endif

#endif
