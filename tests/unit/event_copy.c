#include "tests/unit/event_copy.h"

#include <string.h>

static void keep(struct arena *a, struct str *s)
{
	if (s->p)
		*s = arena_str(a, *s);
}

struct ev_task copy_task(struct arena *a, const struct ev_task *t)
{
	struct ev_task n = *t;

	keep(a, &n.sender);
	keep(a, &n.ext_id);
	keep(a, &n.parent_ext_id);
	keep(a, &n.team);
	keep(a, &n.agent);
	keep(a, &n.class_name);
	keep(a, &n.attrs);
	return n;
}

struct ev_attempt copy_attempt(struct arena *a, const struct ev_attempt *x)
{
	struct ev_attempt n = *x;

	keep(a, &n.step_key);
	keep(a, &n.tool);
	keep(a, &n.provider);
	keep(a, &n.requested_model);
	keep(a, &n.model);
	keep(a, &n.service_tier);
	keep(a, &n.finish_reason);
	keep(a, &n.error_class);
	keep(a, &n.source);
	keep(a, &n.origin);
	return n;
}

struct ev_outcome copy_outcome(struct arena *a, const struct ev_outcome *o)
{
	struct ev_outcome n = *o;

	keep(a, &n.step_key);
	keep(a, &n.source);
	keep(a, &n.key);
	keep(a, &n.label);
	return n;
}

struct ev_trial copy_trial(struct arena *a, const struct ev_trial *t)
{
	struct ev_trial n = *t;

	keep(a, &n.source);
	keep(a, &n.task_ext_id);
	keep(a, &n.task_class);
	keep(a, &n.model);
	keep(a, &n.agent);
	keep(a, &n.run);
	keep(a, &n.attrs);
	keep(a, &n.origin);
	if (n.n_features) {
		size_t bytes = (size_t)n.n_features * sizeof(float);

		n.features = memcpy(arena_alloc(a, bytes), t->features, bytes);
	}
	return n;
}
