/* Calls that wait for the same, a line for each key, and the lines in a ring:
 * the first of it is next, and goes to its end when one of its calls is served.
 * Every line has calls in it. */
#include <stdlib.h>

#include "ingest/gw_int.h"
#include "ledger/base/alloc.h"
#include "ledger/hash.h"

struct gw_line {
	struct gw_line *next;
	struct uuid key;
	struct gw_call *first, *last;
	int n;
};

static struct uuid key_of(const struct gw_call *c)
{
	return HASH_ID(STR("queue"), c->key);
}

static struct gw_line *line_of(const struct gw_lines *q, struct uuid key)
{
	struct gw_line *l = q->first;

	while (l && !uuid_eq(l->key, key))
		l = l->next;
	return l;
}

static void append(struct gw_lines *q, struct gw_line *l)
{
	l->next = NULL;
	if (q->last)
		q->last->next = l;
	else
		q->first = l;
	q->last = l;
}

static void cut_out(struct gw_lines *q, struct gw_line *l)
{
	struct gw_line *before = NULL, **at = &q->first;

	while (*at != l) {
		before = *at;
		at = &before->next;
	}
	*at = l->next;
	if (q->last == l)
		q->last = before;
}

void gw_lines_add(struct gw_lines *q, struct gw_call *c)
{
	struct uuid key = key_of(c);
	struct gw_line *l = line_of(q, key);

	if (!l) {
		l = xcalloc(1, sizeof(*l));
		l->key = key;
		append(q, l);
	}
	c->queue_next = NULL;
	if (l->last)
		l->last->queue_next = c;
	else
		l->first = c;
	l->last = c;
	l->n++;
	q->n++;
}

void gw_lines_take(struct gw_lines *q, struct gw_call *c, bool served)
{
	struct gw_line *l = line_of(q, key_of(c));
	struct gw_call *before = NULL, **at;

	if (!l)
		BUG("a call that does not wait");
	at = &l->first;
	while (*at != c) {
		before = *at;
		at = &before->queue_next;
	}
	*at = c->queue_next;
	if (l->last == c)
		l->last = before;
	l->n--;
	q->n--;
	if (l->first && !served)
		return;
	cut_out(q, l);
	if (l->first)
		append(q, l);
	else
		free(l);
}

struct gw_call *gw_lines_next(const struct gw_lines *q)
{
	return q->first ? q->first->first : NULL;
}

int64_t gw_lines_since(const struct gw_lines *q)
{
	int64_t us = 0;

	for (const struct gw_line *l = q->first; l; l = l->next) {
		if (!us || l->first->queued_us < us)
			us = l->first->queued_us;
	}
	return us;
}

struct gw_call *gw_lines_too_many(const struct gw_lines *q,
				  const struct gw_call *c)
{
	const struct gw_line *own = line_of(q, key_of(c)), *most = q->first;

	for (const struct gw_line *l = q->first; l; l = l->next) {
		if (l->n > most->n)
			most = l;
	}
	/* One in its stead must leave it no shorter than the newcomer's. */
	return most && most->n > (own ? own->n : 0) + 1 ? most->last : NULL;
}

struct gw_call *gw_lines_late(const struct gw_lines *q, int64_t now_us)
{
	for (const struct gw_line *l = q->first; l; l = l->next) {
		struct gw_call *c = l->first;

		while (c && now_us - c->queued_us < c->conf->queue_us)
			c = c->queue_next;
		if (c)
			return c;
	}
	return NULL;
}
