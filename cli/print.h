/* Names, paths and numbers on the way out: whatever bytes they have, a terminal is told nothing by them, and JSON stays JSON. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* With strace's escapes, without quotes. */
void print_escaped(FILE *to, const char *text, size_t size);
/* As a JSON string, with its quotes. */
void print_quoted(FILE *to, const char *text, size_t size);
/* In a page of HTML, as text or in an attribute with quotation marks: UTF-8 stays, control characters and other bytes have strace's escapes. */
void print_html(FILE *to, const char *text, size_t size);
/* As a word of a command line that a shell would take: as it is, in quotation marks, or as $'...' with strace's escapes. In HTML UTF-8 stays. */
void print_word(FILE *to, const char *text, size_t size);
void print_html_word(FILE *to, const char *text, size_t size);
/* A sentence with names in it: only control characters and what is no UTF-8 are escaped, and quotation marks stay. */
void print_sentence(FILE *to, const char *text);
/* Such a sentence to stderr, with its newline: a complaint that names what a glob may have given. */
void print_complaint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* text_size and text_duration as strings: `to`, NUL-terminated. */
const char *print_size(char to[32], uint64_t bytes);
const char *print_duration(char to[32], uint64_t nanoseconds);

#endif
