/* One call, told by two spans: a framework's and, below it, the library's that
 * made the call. Among ancestors the one with the same response, or with the
 * same tokens around the time of the inner one, is the same call: both are
 * handed over with a name in common, so the order in which they come does not
 * matter. Siblings never are: two samples may have the same tokens. */
#include <string.h>

#include "ingest/meaning_int.h"
#include "ledger/base/clock.h"

#define SLACK_US 5000 /* of clocks */

/* Whether `in` lies within `out`, as far as both times are known. */
static bool within(const struct kin_node *in, const struct kin_node *out)
{
	if (in->start_us == TIME_NONE || out->start_us == TIME_NONE)
		return false;
	return in->start_us >= out->start_us - SLACK_US &&
	       in->end_us <= out->end_us + SLACK_US;
}

static bool same_call(const struct kin_node *in, const struct kin_node *out)
{
	if (!in->is_call || !out->is_call || !role_bills((enum role)in->role) ||
	    !role_bills((enum role)out->role))
		return false;
	if (in->response && out->response)
		return in->response == out->response;
	return in->prompt >= 0 && in->output >= 0 &&
	       in->prompt + in->output > 0 && in->prompt == out->prompt &&
	       in->output == out->output && within(in, out);
}

static bool fits_above(const struct kin_node *x, const void *arg)
{
	return same_call(arg, x);
}

struct below {
	struct meaning *m;
	const struct kin_node *top;
	struct kin_node *best;
};

/* Whether x may be joined to top: it is free, or the same call as something
 * above top. */
static bool joinable(struct meaning *m, const struct kin_node *x,
		     const struct kin_node *top)
{
	const struct kin_node *up = kin_at(m->kin, x->fused_up);
	const struct kin_node *p = top;

	if (!up)
		return true;
	for (int i = 0; p && i < KIN_DEPTH; i++) {
		p = kin_parent(m->kin, p);
		if (p == up)
			return true;
	}
	return false;
}

static bool look_below(struct kin_node *x, void *arg)
{
	struct below *b = arg;

	if (x == b->top || !same_call(x, b->top) || !joinable(b->m, x, b->top))
		return true;
	if (!b->best || x->start_us < b->best->start_us ||
	    (x->start_us == b->best->start_us &&
	     memcmp(x->id.span, b->best->id.span, 8) < 0))
		b->best = x;
	return true;
}

static void join(struct kin_node *in, struct kin_node *out)
{
	in->fused_up = out->seq;
	out->fused_down = in->seq;
}

static void fuse_one(struct meaning *m, struct call *c, struct kin_node *n)
{
	struct kin_node *up = kin_up(m->kin, n, fits_above, n);
	struct below b = {m, n, NULL};
	struct kin_node *have;

	/* Known from before: the same names again. */
	have = kin_at(m->kin, n->fused_down);
	if (!have) {
		kin_down(m->kin, n, look_below, &b);
		have = b.best;
		if (have)
			join(have, n);
	}
	if (have)
		call_key(&c->a, have->key);
	have = kin_at(m->kin, n->fused_up);
	if (!have && up) {
		struct kin_node *other = kin_at(m->kin, up->fused_down);

		if (!other || other == n ||
		    kin_at(m->kin, n->fused_down) == other) {
			join(n, up);
			have = up;
		}
	}
	if (have)
		call_key(&c->a, have->key);
}

void meaning_fuse(struct meaning *m)
{
	for (size_t i = 0; i < m->n_calls; i++) {
		struct kin_node *n = kin_at(m->kin, m->calls[i].node);

		if (n && n->is_span)
			fuse_one(m, &m->calls[i], n);
	}
}
