#include "router/policy.h"

#include <math.h>
#include <string.h>

#define RUNGS_A_DECADE 2

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

int policy_rung(const struct policy *p, double lambda)
{
	double at;

	if (!(p->usd > 0))
		return -1;
	at = RUNGS_A_DECADE *
	     log10(fmax(lambda, 0) * (double)p->usd / POLICY_RUNG_LOW);
	return (int)fmin(fmax(round(at), 0), POLICY_RUNGS - 1);
}

double policy_rung_lambda(double usd, int rung)
{
	return POLICY_RUNG_LOW * pow(10, (double)rung / RUNGS_A_DECADE) / usd;
}

int policy_mode(const struct policy *p, double lambda, bool stands)
{
	int rung = policy_rung(p, lambda), mode = 0;

	if (rung >= 0)
		mode = p->mode[rung];
	else if (p->kind == POLICY_LEARNED)
		mode = MODE_LEARNED | MODE_ESCALATE | MODE_ALONE;
	if (!stands || !(mode & MODE_ESCALATE))
		return mode;
	return mode & MODE_ALONE ? MODE_LEARNED : 0;
}

void policy_demote(struct policy *p)
{
	if (p->kind == POLICY_LEARNED)
		p->kind = POLICY_STATIC;
	memset(p->mode, 0, sizeof(p->mode));
}
