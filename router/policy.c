#include "router/policy.h"

const char *const policy_kind_names[POLICY_KINDS] = {"strongest", "static",
						     "learned"};

const char *const plan_kind_names[PLAN_KINDS] = {
	"single", "cascade", "best_of", "verify", "stop",
};

static void add_name(struct buf *out, const struct str *names, int arm)
{
	if (names && arm >= 0)
		buf_add(out, names[arm].p, names[arm].len);
	else
		buf_addf(out, "%d", arm);
}

static void add_cascade(const struct plan *p, const struct str *names,
			struct buf *out)
{
	buf_adds(out, "cascade(");
	for (int i = 0; i < p->n; i++) {
		if (i)
			buf_adds(out, " -> ");
		add_name(out, names, p->arm[i]);
		if (i < p->n - 1)
			buf_addf(out, " @%.2f", (double)p->accept[i]);
	}
	buf_addc(out, ')');
}

void plan_text(const struct plan *p, const struct str *names, struct buf *out)
{
	switch (p->kind) {
	case PLAN_CASCADE:
		add_cascade(p, names, out);
		return;
	case PLAN_BEST_OF:
		buf_addf(out, "best_of(%d, ", p->n);
		break;
	case PLAN_VERIFY:
		buf_adds(out, "verify(");
		break;
	case PLAN_SINGLE:
		buf_adds(out, "single(");
		break;
	case PLAN_STOP:
	default:
		buf_adds(out, "stop");
		return;
	}
	add_name(out, names, p->arm[0]);
	buf_addc(out, ')');
}
