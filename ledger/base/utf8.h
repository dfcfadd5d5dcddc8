/* One character of UTF-8 at a time. */
#ifndef ACO_UTF8_H
#define ACO_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes (1..4) of the well-formed character at p, of which at most n may be
 * read; 0 if there is none (RFC 3629: no overlong forms, no surrogates, at
 * most U+10FFFF). n >= 1. */
size_t utf8_len(const uint8_t *p, size_t n);

/* Write code point cp (not a surrogate, at most U+10FFFF) to out[4]; returns
 * the number of bytes. */
size_t utf8_put(uint32_t cp, char *out);

/* Replace, in place, control characters (C0, DEL, C1) by spaces and bytes
 * that are not UTF-8 by '?'. A character that the end of the string cuts in
 * half is removed. For text that goes to a terminal. */
void utf8_clean(char *s);

#endif
