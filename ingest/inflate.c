#include "ingest/inflate.h"

#include <limits.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

#include "ledger/base/alloc.h"

struct inflate {
	z_stream z;
	bool done; /* at the end of a member */
	bool bad;
};

struct inflate *inflate_new(void)
{
	struct inflate *i = xcalloc(1, sizeof(*i));

	if (inflateInit2(&i->z, 15 + 16) != Z_OK)
		BUG("no memory to inflate");
	return i;
}

void inflate_free(struct inflate *i)
{
	if (!i)
		return;
	inflateEnd(&i->z);
	free(i);
}

static unsigned clamp(size_t n)
{
	return n > UINT_MAX ? UINT_MAX : (unsigned)n;
}

/* One call of zlib. What follows a member must be another one: zlib itself
 * refuses what does not begin like gzip. */
static enum inflate_rc step(struct inflate *i)
{
	int rc;

	if (i->done) {
		if (inflateReset(&i->z) != Z_OK)
			return INFLATE_BAD;
		i->done = false;
	}
	rc = inflate(&i->z, Z_NO_FLUSH);
	if (rc == Z_STREAM_END)
		i->done = true;
	else if (rc == Z_BUF_ERROR && i->z.avail_out == 0)
		return INFLATE_OUT;
	else if (rc != Z_OK && !(rc == Z_BUF_ERROR && i->z.avail_in == 0))
		return INFLATE_BAD;
	return INFLATE_IN;
}

enum inflate_rc inflate_step(struct inflate *i, const char *in, size_t *n_in,
			     char *out, size_t *n_out)
{
	enum inflate_rc rc = i->bad ? INFLATE_BAD : INFLATE_IN;
	unsigned in_len = clamp(*n_in), out_len = clamp(*n_out);
	bool pending = true;

	i->z.next_in = (const Bytef *)in;
	i->z.avail_in = in_len;
	i->z.next_out = (Bytef *)out;
	i->z.avail_out = out_len;
	/* Full room may mean that zlib holds back more output. */
	while (rc == INFLATE_IN && (i->z.avail_in > 0 || pending)) {
		if (i->done && i->z.avail_in == 0)
			break;
		if (i->z.avail_out == 0) {
			rc = INFLATE_OUT;
			break;
		}
		rc = step(i);
		pending = i->z.avail_out == 0;
	}
	i->bad = rc == INFLATE_BAD;
	*n_in = in_len - i->z.avail_in;
	*n_out = out_len - i->z.avail_out;
	return rc;
}

bool inflate_done(const struct inflate *i)
{
	return i->done && !i->bad;
}
