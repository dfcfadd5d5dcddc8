/* Undoes gzip piece by piece, into memory that the caller bounds: zlib's
 * gate for bodies. Several members in a row are one body (RFC 1952 2.2);
 * anything behind the last one is refused. */
#ifndef ACO_INFLATE_H
#define ACO_INFLATE_H

#include <stdbool.h>
#include <stddef.h>

enum {
	INFLATE_MEMORY = 48 * 1024 /* what an inflate takes, rounded up */
};

enum inflate_rc {
	INFLATE_IN,  /* all input is used: more, or done */
	INFLATE_OUT, /* the room is full: call again with more room */
	INFLATE_BAD  /* not gzip, or damaged; for good */
};

struct inflate;

struct inflate *inflate_new(void);
void inflate_free(struct inflate *i); /* NULL is fine */

/* Go on with in[0..*n_in) into out[0..*n_out). Both say afterwards how much
 * was used and written. */
enum inflate_rc inflate_step(struct inflate *i, const char *in, size_t *n_in,
			     char *out, size_t *n_out);

/* Whether the input ended where a member ends. */
bool inflate_done(const struct inflate *i);

#endif
