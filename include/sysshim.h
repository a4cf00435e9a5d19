/* What a program may ask when it knows of sysshim. All of it is weak: without the shim the symbol is NULL. In a static program, and in code that is
 * built -fno-pic and linked -no-pie, it is NULL with the shim too: there ld decides at the link.
 *
 *     if (sysshim_version)
 *             printf("observed by sysshim %s\n", sysshim_version());
 */
#ifndef SYSSHIM_H
#define SYSSHIM_H

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0"; static storage. Any thread, signal handlers included; never fails. */
const char *sysshim_version(void) __attribute__((weak));

#ifdef __cplusplus
}
#endif

#endif
