/* Included before every file of ours by the compiler's command line. These
 * functions are easy to use wrongly and have better counterparts, so that
 * their names are compile errors:
 *   strcpy strcat sprintf ...  buf_addf, xasprintf, snprintf
 *   strtok                     walk a struct str
 *   atoi ...                   str_i64
 *   gmtime localtime ...       clock_format, clock_day
 * The headers that declare them come first, or they would not compile. */
#ifndef ACO_BANNED_H
#define ACO_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy stpcpy strncpy strcat strncat
#pragma GCC poison sprintf vsprintf gets
#pragma GCC poison strtok
#pragma GCC poison atoi atol atoll atof
#pragma GCC poison gmtime localtime asctime ctime
#pragma GCC poison tmpnam tempnam mktemp

/* OpenSSL's headers have parameters of this name: only calls are errors. */
int rand(void) __attribute__((unavailable("use RAND_bytes or getrandom")));
void srand(unsigned) __attribute__((unavailable("rand is not used")));

#endif
