/* Bodies: framed by a length or in chunks, plain or gzip, with their limits.
 * What a client can make us keep is charged to the server before it is. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ingest/http_int.h"
#include "ledger/base/alloc.h"

#define FIRST_ROOM 4096

static int too_large(struct err *e, size_t max)
{
	err_set(e, RC_BAD, "the body has more than %zu bytes", max);
	return 413;
}

static int too_busy(struct err *e)
{
	err_set(e, RC_BUSY, "too many bytes of requests are under way");
	err_hint(e, "try again; inflight_bytes is the limit");
	return 503;
}

/* n more bytes: what the server will never have room for is too large, not
 * too early. */
static int charge(struct http_req *r, size_t n, struct err *e)
{
	size_t most = r->s->o.limits.inflight_bytes;

	if (http_req_charge(r, n))
		return 0;
	return n > most - r->charged ? too_large(e, most) : too_busy(e);
}

static size_t cap_of(const struct http_req *r)
{
	return r->s->o.limits.body[r->route->cap];
}

/* ---- before it is read ---- */

static int find_coding(struct http_req *r, struct err *e)
{
	struct str v = http_header(r, "content-encoding");

	if (!r->route->inflate || !v.len ||
	    (v.len == 8 && !strncasecmp(v.p, "identity", 8)))
		return 0;
	if ((v.len == 4 && !strncasecmp(v.p, "gzip", 4)) ||
	    (v.len == 6 && !strncasecmp(v.p, "x-gzip", 6))) {
		r->inflate = inflate_new();
		/* It has no length of its own to make room for. */
		r->body = NULL;
		r->cap = 0;
		r->body_inline = false;
		return 0;
	}
	err_set(e, RC_BAD, "Content-Encoding %.*s is not taken",
		v.len > 40 ? 40 : (int)v.len, v.p);
	err_hint(e, "send gzip, or the body as it is");
	return 415;
}

int http_body_begin(struct http_req *r, struct err *e)
{
	size_t claim, cap = cap_of(r);
	int status;

	if (!r->head.chunked && r->head.content_length <= 0)
		return 0;
	claim = r->head.chunked ? 0 : (size_t)r->head.content_length;
	if (claim > cap)
		return too_large(e, cap);
	status = find_coding(r, e);
	if (status)
		return status;
	claim += r->inflate ? INFLATE_MEMORY : 0;
	r->to_read = r->head.content_length;
	return charge(r, claim, e);
}

void http_body_end(struct http_req *r)
{
	inflate_free(r->inflate);
	r->inflate = NULL;
}

/* ---- what is kept ---- */

/* Room for n more bytes; it grows by what has really come. */
static void make_room(struct http_req *r, size_t n, size_t most)
{
	size_t cap = r->cap ? r->cap : FIRST_ROOM;

	if (r->cap - r->len >= n)
		return;
	while (cap - r->len < n)
		cap *= 2;
	if (cap > most) /* or a little beyond, to see that there is more */
		cap = most >= r->len + n ? most : r->len + n;
	if (r->body_inline)
		BUG("a body that outgrows its length");
	r->body = xrealloc_array(r->body, cap, 1);
	r->cap = cap;
}

static int keep_plain(struct http_req *r, struct str data, struct err *e)
{
	/* Bodies with a length are charged already. */
	int status = r->head.chunked ? charge(r, data.len, e) : 0;

	if (status)
		return status;
	make_room(r, data.len,
		  r->head.chunked ? cap_of(r) : (size_t)r->head.content_length);
	memcpy(r->body + r->len, data.p, data.len);
	r->len += data.len;
	return 0;
}

static int keep_inflated(struct http_req *r, struct str data, struct err *e)
{
	size_t most = r->s->o.limits.inflated[r->route->cap];
	enum inflate_rc rc = INFLATE_OUT;
	int status = r->head.chunked ? charge(r, data.len, e) : 0;

	while (!status && rc == INFLATE_OUT) {
		size_t in = data.len, out;

		make_room(r, 1, most);
		out = r->cap - r->len;
		rc = inflate_step(r->inflate, data.p, &in, r->body + r->len,
				  &out);
		data.p += in;
		data.len -= in;
		r->len += out;
		if (r->len > most) {
			err_set(e, RC_BAD,
				"the body inflates to more than %zu bytes",
				most);
			return 413;
		}
		status = charge(r, out, e);
	}
	if (status)
		return status;
	if (rc == INFLATE_BAD) {
		err_set(e, RC_BAD, "the body is not gzip, or damaged");
		return 400;
	}
	return 0;
}

static int keep(struct http_req *r, struct str data, struct err *e)
{
	size_t cap = cap_of(r);

	r->sent_bytes += data.len;
	r->s->counts.body_bytes += data.len;
	if (r->sent_bytes > cap)
		return too_large(e, cap);
	if (!data.len)
		return 0;
	return r->inflate ? keep_inflated(r, data, e) : keep_plain(r, data, e);
}

/* ---- framing ---- */

static int whole(struct http_req *r, struct err *e)
{
	r->body_done = true;
	if (r->inflate && r->sent_bytes && !inflate_done(r->inflate)) {
		err_set(e, RC_BAD, "the body is gzip that ends early");
		return 400;
	}
	http_body_end(r);
	return 200;
}

static int read_length(struct http_req *r, struct str in, size_t *used,
		       struct err *e)
{
	int status;

	if ((int64_t)in.len > r->to_read)
		in.len = (size_t)r->to_read;
	*used = in.len;
	status = keep(r, in, e);
	r->to_read -= (int64_t)in.len;
	if (status)
		return status;
	return r->to_read ? 0 : whole(r, e);
}

static int read_chunks(struct http_req *r, struct str in, size_t *used,
		       struct err *e)
{
	*used = 0;
	for (;;) {
		struct str data = STR_NONE;
		size_t n = 0, cap = cap_of(r);
		int status = 0;
		enum http_chunk what = http_chunks_next(
			&r->chunks, in.p + *used, in.len - *used, &n, &data);

		*used += n;
		if (what == HTTP_CHUNK_BAD) {
			err_set(e, RC_BAD, "the body is not plain chunks");
			return 400;
		}
		if (what == HTTP_CHUNK_DATA)
			status = keep(r, data, e);
		if (!status &&
		    http_chunks_left(&r->chunks) > cap - r->sent_bytes)
			status = too_large(e, cap);
		if (status)
			return status;
		if (what == HTTP_CHUNK_END)
			return whole(r, e);
		if (what == HTTP_CHUNK_MORE)
			return 0;
	}
}

int http_body_read(struct http_req *r, struct str in, size_t *used,
		   struct err *e)
{
	*used = 0;
	if (r->head.chunked)
		return read_chunks(r, in, used, e);
	if (r->head.content_length > 0)
		return read_length(r, in, used, e);
	r->body_done = true;
	return 200;
}
