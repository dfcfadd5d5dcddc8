#include "ingest/import_turn.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"

/* How far back the turn of a tool result is looked for. */
#define RESULT_REACH 256

void import_turns_init(struct import_turns *ts, struct import_run *r)
{
	*ts = (struct import_turns){.run = r};
	ts->v = xrealloc_array(NULL, IMPORT_TURNS, sizeof(*ts->v));
}

static struct import_turn *turn_at(struct import_turns *ts, size_t i)
{
	return &ts->v[(ts->first + i) % IMPORT_TURNS];
}

static void hand_over_first(struct import_turns *ts)
{
	struct import_turn *t = turn_at(ts, 0);

	import_attempt(ts->run, &t->a, t->at);
	xgrow(&ts->totals, &ts->cap_totals, (size_t)ts->gone + 1,
	      sizeof(*ts->totals));
	ts->totals[ts->gone++] = t->total;
	ts->first = (ts->first + 1) % IMPORT_TURNS;
	ts->n--;
}

void import_turns_finish(struct import_turns *ts)
{
	while (ts->n)
		hand_over_first(ts);
	import_map_release(&ts->seen);
	free(ts->totals);
	free(ts->seq);
	free(ts->v);
	*ts = (struct import_turns){0};
}

struct import_turn *import_turns_find(struct import_turns *ts, struct uuid name)
{
	const int64_t *at = import_map_get(&ts->seen, name);

	if (!at || *at < ts->gone)
		return NULL;
	return turn_at(ts, (size_t)(*at - ts->gone));
}

bool import_turns_seen(struct import_turns *ts, struct uuid name,
		       int64_t *total)
{
	const int64_t *at = import_map_get(&ts->seen, name);

	if (!at)
		return false;
	*total = *at < ts->gone ? ts->totals[*at]
				: turn_at(ts, (size_t)(*at - ts->gone))->total;
	return true;
}

struct import_turn *import_turns_last(struct import_turns *ts)
{
	return ts->n ? turn_at(ts, ts->n - 1) : NULL;
}

static int32_t next_seq(struct import_turns *ts, uint32_t task)
{
	size_t old = ts->cap_seq;

	if (task >= old) {
		xgrow(&ts->seq, &ts->cap_seq, (size_t)task + 1,
		      sizeof(*ts->seq));
		memset(ts->seq + old, 0,
		       (ts->cap_seq - old) * sizeof(*ts->seq));
	}
	return ++ts->seq[task];
}

void import_turns_alias(struct import_turns *ts, const struct import_turn *t,
			struct uuid name)
{
	int64_t i = ((int64_t)(t - ts->v) - (int64_t)ts->first + IMPORT_TURNS) %
		    IMPORT_TURNS;

	*import_map_put(&ts->seen, name, 0, NULL) = ts->gone + i;
}

struct import_turn *import_turns_add(struct import_turns *ts, struct uuid name,
				     const struct ev_attempt *a,
				     struct import_at at)
{
	struct import_turn *t;

	if (ts->n == IMPORT_TURNS)
		hand_over_first(ts);
	t = turn_at(ts, ts->n++);
	*t = (struct import_turn){
		.name = name,
		.a = *a,
		.at = at,
		.total = usage_total(&a->usage),
	};
	if (!t->a.step_seq)
		t->a.step_seq = next_seq(ts, a->task);
	import_turns_alias(ts, t, name);
	return t;
}

static uint64_t id_hash(struct str id)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < id.len; i++)
		h = (h ^ (unsigned char)id.p[i]) * UINT64_C(0x100000001b3);
	return h;
}

bool import_turn_has(const struct import_turn *t, struct str tool_id)
{
	uint64_t h = id_hash(tool_id);

	for (int i = 0; i < t->n_tools; i++) {
		if (t->tools[i] == h)
			return true;
	}
	return false;
}

void import_turn_tool(struct import_turn *t, struct import_run *r,
		      struct str id, struct str tool, struct str command)
{
	enum step_kind kind = step_kind_of(tool, command);

	if (id.p && import_turn_has(t, id))
		return; /* the same block again */
	if (id.p && t->n_tools < IMPORT_TOOLS)
		t->tools[t->n_tools++] = id_hash(id);
	if (t->a.tool.p &&
	    step_kind_weight(kind) <= step_kind_weight(t->a.step_kind))
		return;
	t->a.step_kind = kind;
	t->a.tool = import_keep(r, tool);
}

void import_turns_result(struct import_turns *ts, struct str id, bool failed,
			 struct import_at at)
{
	for (size_t i = ts->n; i > 0 && ts->n - i < RESULT_REACH; i--) {
		struct import_turn *t = turn_at(ts, i - 1);

		if (!import_turn_has(t, id))
			continue;
		if (t->a.step_failed != 1)
			t->a.step_failed = failed ? 1 : 0;
		t->at = at;
		return;
	}
}
