/* The deadlines of a call: what is waited for, and since when. */
#include "ingest/upstream_int.h"
#include "ledger/base/clock.h"

static void timed_out(struct up_call *c, const char *what, int64_t us)
{
	struct err e;

	err_set(&e, RC_DOWN, "%s %s within %.3g s", c->o->where.host, what,
		(double)us / (double)US_PER_SEC);
	if (c->link)
		link_release(c->link, false);
	else
		call_stop_waiting(c);
	call_end(c, UP_TIMEOUT, &e);
}

static bool late(int64_t now, int64_t since, int64_t limit)
{
	return limit > 0 && now - since > limit;
}

static void look_at_sending(struct up_call *c, int64_t now)
{
	uint64_t sent = conn_sent(c->link->c);

	if (c->at_part == c->n_parts && conn_pending(c->link->c) == 0) {
		if (late(now, c->since_us, c->ask.first_byte_us))
			timed_out(c, "did not begin to answer",
				  c->ask.first_byte_us);
		return;
	}
	if (sent != c->moved) {
		c->moved = sent;
		c->moved_us = c->since_us = now;
	} else if (late(now, c->moved_us, c->ask.silence_us)) {
		timed_out(c, "took nothing of the request", c->ask.silence_us);
	}
}

static void look_at_answer(struct up_call *c, int64_t now)
{
	uint64_t got = conn_received(c->link->c);

	if (got != c->moved || c->paused) {
		c->moved = got;
		c->moved_us = now;
	} else if (late(now, c->moved_us, c->ask.silence_us)) {
		timed_out(c, "said nothing more", c->ask.silence_us);
	}
}

void call_look(struct up_call *c, int64_t now)
{
	switch (c->state) {
	case CALL_WAITING:
		if (late(now, c->since_us, c->ask.connect_us))
			timed_out(c, "had no connection free",
				  c->ask.connect_us);
		break;
	case CALL_CONNECTING:
		if (late(now, c->since_us, c->ask.connect_us))
			timed_out(c, "was not reached", c->ask.connect_us);
		break;
	case CALL_SENDING:
		look_at_sending(c, now);
		break;
	case CALL_ANSWER:
		look_at_answer(c, now);
		break;
	case CALL_OVER:
		break;
	}
}
