/* What the gateway asks for while the module that answers is not part of the
 * program: the strongest model. Weak: the modules themselves
 * come first. */
#include <math.h>

#include "router/router.h"

#define WEAK __attribute__((weak))

WEAK void router_decide(const struct bundle *b, const struct route_ask *ask,
			struct decision *out)
{
	(void)b;
	*out = (struct decision){.arm = -1, .propensity = 1, .p_accept = NAN};
	for (int i = 0; i < ask->n_arms; i++) {
		out->view[i].p = NAN;
		if (ask->arms[i].allowed &&
		    (out->arm < 0 ||
		     ask->arms[i].tier > ask->arms[out->arm].tier))
			out->arm = i;
	}
	if (ask->pinned >= 0)
		out->arm = ask->pinned;
	out->plan = (struct plan){
		.kind = PLAN_SINGLE, .n = 1, .arm = {(int16_t)out->arm}};
	out->accept = true;
}

WEAK void router_judge(const struct bundle *b, const struct route_ask *ask,
		       struct decision *out)
{
	router_decide(b, ask, out);
}

WEAK void plan_text(const struct plan *p, const struct str *names,
		    struct buf *out)
{
	if (p->arm[0] >= 0)
		buf_addf(out, "single(%.*s)", STR_ARG(names[p->arm[0]]));
}
