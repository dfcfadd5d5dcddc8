/* A borrowed run of bytes: pointer and length, no NUL promised. {NULL, 0} is
 * "absent" and differs from the empty string. */
#ifndef ACO_STR_H
#define ACO_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t len;
};

#define STR(lit)   ((struct str){(lit), sizeof(lit) - 1})
#define STR_ARG(s) (int)(s).len, (s).p ? (s).p : "" /* for "%.*s" */
#define STR_NONE   ((struct str){NULL, 0})

/* In line: of a literal the compiler knows the length, and readers compare
 * names by the dozen. */
static inline struct str str_from(const char *s) /* NULL gives STR_NONE */
{
	return s ? (struct str){s, strlen(s)} : STR_NONE;
}

static inline bool str_eq(struct str a, struct str b)
{
	return !a.p == !b.p && a.len == b.len &&
	       (a.len == 0 || !memcmp(a.p, b.p, a.len));
}

static inline bool str_is(struct str a, const char *lit)
{
	return str_eq(a, str_from(lit));
}

static inline bool str_starts(struct str a, const char *prefix)
{
	size_t n = strlen(prefix);

	return a.p && a.len >= n && !memcmp(a.p, prefix, n);
}

bool str_ends(struct str a, const char *suffix);
int str_cmp(struct str a, struct str b); /* bytewise; absent first */
bool str_contains(struct str a, const char *needle);
struct str str_trim(struct str s); /* ASCII white space */

/* Whether the bytes are well-formed UTF-8 without NUL (PostgreSQL takes
 * neither). */
bool str_utf8_ok(struct str s);

/* Decimal integer, whole string, optional '-'; false on anything else and on
 * overflow. */
bool str_i64(struct str s, int64_t *out);

#endif
