/* Answers as they come in: the callbacks of a connection that carries a call.
 * The caller's functions may cancel the call; the link is then without it, and
 * what it stands on lives until the end of the iteration. */
#include "ingest/upstream_int.h"
#include "ledger/base/clock.h"

enum {
	INTERIM_MAX = 16 /* answers of 1xx before the true one */
};

static void failed(struct link *k, enum up_end how, const struct err *e)
{
	struct up_call *c = k->call;

	link_release(k, false);
	call_end(c, how, e);
}

static void done(struct link *k)
{
	struct up_call *c = k->call;

	link_release(k, true);
	call_end(c, UP_DONE, NULL);
}

/* ---- pieces ---- */

/* Hands on n bytes and consumes `used`; false: nothing may follow now. */
static bool hand_on(struct link *k, const char *p, size_t n, size_t used,
		    bool last)
{
	struct up_call *c = k->call;
	bool more = n == 0 || c->cb.data(c->arg, p, n);

	if (k->call != c)
		return false;
	conn_consume(k->c, used);
	/* The first bytes of others come before more of these. */
	if (n && !k->patient)
		conn_patient(k->c, k->patient = true);
	if (last) {
		done(k);
		return false;
	}
	if (!more) {
		c->paused = true;
		conn_pause(k->c);
	}
	return more;
}

static bool step_chunked(struct link *k, struct str in)
{
	struct str piece = STR_NONE;
	struct err e;
	size_t used;

	switch (http_chunks_next(&k->chunks, in.p, in.len, &used, &piece)) {
	case HTTP_CHUNK_DATA:
		return hand_on(k, piece.p, piece.len, used, false);
	case HTTP_CHUNK_END:
		return hand_on(k, NULL, 0, used, true);
	case HTTP_CHUNK_MORE:
		return hand_on(k, NULL, 0, used, false);
	case HTTP_CHUNK_BAD:
		break;
	}
	err_set(&e, RC_DOWN, "the answer's chunks are broken");
	failed(k, UP_BAD, &e);
	return false;
}

static bool step_body(struct link *k, struct str in)
{
	size_t n = in.len;

	if (k->body == ANSWER_CHUNKED)
		return step_chunked(k, in);
	if (k->body == ANSWER_LENGTH) {
		if ((int64_t)n > k->left)
			n = (size_t)k->left;
		k->left -= (int64_t)n;
	}
	return hand_on(k, in.p, n, n, k->body == ANSWER_LENGTH && k->left == 0);
}

/* ---- heads ---- */

static bool has_head(struct link *k, const struct http_answer *a, size_t len)
{
	struct up_header h[ANSWER_FIELDS];
	struct up_call *c = k->call;

	for (int i = 0; i < a->n; i++)
		h[i] = (struct up_header){a->field[i].name, a->field[i].value};
	k->in_body = true;
	k->keep = a->keep;
	k->body = a->body;
	k->left = a->length;
	k->chunks = (struct http_chunks){0};
	c->cb.head(c->arg, a->status, h, a->n);
	if (k->call != c)
		return false;
	conn_consume(k->c, len);
	if (k->body == ANSWER_NONE ||
	    (k->body == ANSWER_LENGTH && k->left == 0)) {
		done(k);
		return false;
	}
	return !c->paused;
}

static bool step_head(struct link *k, struct str in)
{
	struct http_answer a;
	struct err e;
	size_t len;
	int status = http_head_scan(&k->scan, in.p, in.len,
				    k->u->lim.head_bytes, &len);

	if (status == 0)
		return false;
	if (status != 200) {
		err_set(&e, RC_DOWN, "%s",
			status == 400 ? "the answer is not HTTP/1"
				      : "the answer's head is too long");
		failed(k, UP_BAD, &e);
		return false;
	}
	if (http_answer_parse(&a, (struct str){in.p, len},
			      str_is(k->call->ask.method, "HEAD"),
			      &e) != RC_OK) {
		failed(k, UP_BAD, &e);
		return false;
	}
	if (a.status >= 200)
		return has_head(k, &a, len);
	if (a.status == 101 || ++k->interim > INTERIM_MAX) {
		err_set(&e, RC_DOWN, "an answer that nobody asked for (%d)",
			a.status);
		failed(k, UP_BAD, &e);
		return false;
	}
	conn_consume(k->c, len);
	k->scan = (struct http_scan){0};
	return true;
}

/* ---- the end of the connection ---- */

static void at_eof(struct link *k)
{
	struct up_call *c = k->call;
	struct err e;

	if (k->in_body && k->body == ANSWER_CLOSE) {
		done(k);
		return;
	}
	err_set(&e, RC_DOWN, "the connection was closed %s",
		k->in_body                ? "within the answer"
		: c->state == CALL_ANSWER ? "within the answer's head"
					  : "before an answer");
	call_broken(c, &e);
}

/* One step; true: there may be another. */
static bool step(struct link *k)
{
	struct up_call *c = k->call;
	struct str in;

	if (!c || c->paused)
		return false;
	in = conn_input(k->c);
	if (in.len == 0) {
		if (conn_eof(k->c))
			at_eof(k);
		return false;
	}
	if (c->state == CALL_SENDING) {
		c->state = CALL_ANSWER;
		c->moved_us = clock_mono_us();
	}
	if (k->in_body)
		return step_body(k, in);
	if (step_head(k, in))
		return true;
	/* A head that will never be whole. */
	if (k->call == c && !k->in_body && conn_eof(k->c))
		at_eof(k);
	return false;
}

static void on_readable(struct conn *conn, void *arg)
{
	struct link *k = arg;

	(void)conn;
	while (!k->gone && !k->idle && step(k))
		;
}

static void on_opened(struct conn *conn, void *arg)
{
	struct link *k = arg;

	(void)conn;
	link_carry(k, k->call);
}

static void on_writable(struct conn *conn, void *arg)
{
	struct link *k = arg;

	(void)conn;
	if (k->call && k->call->sent)
		call_send_more(k->call);
}

static void on_closed(struct conn *conn, void *arg, const struct err *why)
{
	struct link *k = arg;
	struct err e;

	(void)conn;
	if (why)
		e = *why;
	else
		err_set(&e, RC_DOWN, "the connection was closed");
	if (!k->call)
		return;
	if (k->call->state == CALL_CONNECTING)
		link_not_connected(k, &e);
	else
		call_broken(k->call, &e);
}

const struct conn_cb link_busy_cb = {
	.opened = on_opened,
	.readable = on_readable,
	.writable = on_writable,
	.closed = on_closed,
};
