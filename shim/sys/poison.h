/* Included last in every file of shim/: what must not be called in someone else's process cannot be compiled. The interposed names
 * themselves are defined from intercept/names.def, in files that do without this header. */
#pragma GCC poison malloc calloc realloc free alloca
#pragma GCC poison printf fprintf vfprintf snprintf sprintf puts fputs fwrite fopen stdout stderr
#pragma GCC poison errno perror strerror abort exit _exit atexit getenv setenv
#pragma GCC poison pthread_mutex_lock pthread_create sigaction sigprocmask longjmp setjmp
