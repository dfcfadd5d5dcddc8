#include "tui/reasons.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/json.h"
#include "ledger/evidence.h"
#include "tui/certificate.h"
#include "tui/fmt.h"
#include "tui/text.h"

#define REASONS_NODES 4096

/* ---- lists ---- */

/* Word i of a list with blanks, as a string in buf; false: there is none. */
static bool nth(struct str list, int i, char *buf, size_t size)
{
	const char *p = list.p, *end = p ? p + list.len : NULL;

	while (p && p < end) {
		const char *from = p;
		size_t n;

		while (p < end && *p != ' ')
			p++;
		n = (size_t)(p - from);
		if (i-- == 0) {
			if (n == 0 || n >= size || *from == '-')
				return n > 1 && n < size &&
				       memcpy(buf, from, n) &&
				       ((buf[n] = '\0') == '\0');
			memcpy(buf, from, n);
			buf[n] = '\0';
			return true;
		}
		p++;
	}
	return false;
}

bool reasons_p(struct str list, int i, double *p)
{
	char word[64], *end;

	if (!nth(list, i, word, sizeof(word)))
		return false;
	*p = strtod(word, &end);
	return end != word && isfinite(*p);
}

bool reasons_pusd(struct str list, int i, __int128 *pusd)
{
	char word[64];
	int64_t n;

	if (!nth(list, i, word, sizeof(word)) || !str_i64(str_from(word), &n))
		return false;
	*pusd = n;
	return true;
}

/* ---- JSON ---- */

struct parsed {
	struct json_doc doc;
	struct arena arena;
	const struct json *root; /* NULL: none */
};

static void parse(struct parsed *p, struct str json)
{
	struct err e;

	json_doc_init(&p->doc, REASONS_NODES);
	arena_init(&p->arena, 1 << 16);
	p->root = json.len && json_parse(&p->doc, json, &e) == RC_OK
			  ? p->doc.nodes
			  : NULL;
}

static void unparse(struct parsed *p)
{
	json_doc_release(&p->doc);
	arena_release(&p->arena);
}

/* ---- parts ---- */

void reasons_headline(const struct query_decision *d, struct buf *out)
{
	char text[FMT_TEXT];

	buf_addf(out, "%.*s, %s, policy %.*s, chosen with %s\n",
		 STR_ARG(d->plan), d->live ? "live" : "in the shadow",
		 STR_ARG(d->policy), fmt_percent(d->propensity_micro, text));
}

struct str reasons_first(struct str plan)
{
	const char *open = plan.len ? memchr(plan.p, '(', plan.len) : NULL;
	struct str name = STR_NONE;

	if (!open)
		return name;
	name.p = open + 1;
	while (name.p + name.len < plan.p + plan.len &&
	       !strchr(" ),", name.p[name.len]))
		name.len++;
	return name.len ? name : STR_NONE;
}

int reasons_tier(const struct query_decision *d)
{
	struct str name = reasons_first(d->plan);

	if (d->tier > 0)
		return d->tier;
	if (str_starts(name, "tier:")) {
		name.p += 5;
		name.len -= 5;
	}
	if (name.len == 1 && name.p[0] >= '1' && name.p[0] <= '5')
		return name.p[0] - '0';
	return 0;
}

/* What a tier or an arm promised. */
struct promise {
	const char *name;
	bool chosen;
	bool has_p, has_interval, has_cost;
	double p, low, high;
	__int128 pusd;
	struct str barred; /* why it could not be chosen */
};

/* What decides comes first: beside the arithmetic of an attempt there is little
 * room. */
static void tell_promise(struct buf *out, int wide, const struct promise *v)
{
	int bar = v->has_p ? (int)lround(v->p * 20) : 0;
	char text[FMT_TEXT];

	buf_addf(out, "%-*s ", wide, v->name);
	if (v->has_p)
		buf_addf(out, "%4.1f%% ", v->p * 100);
	else
		buf_adds(out, "    - ");
	buf_addf(out, "%7s ", v->has_cost ? fmt_money(v->pusd, text) : "-");
	if (v->has_interval)
		buf_addf(out, "(%2.0f-%3.0f%%) ", v->low * 100, v->high * 100);
	for (int i = 0; i < bar && i < 20; i++)
		buf_adds(out, text_glyph("▪", "#"));
	if (v->chosen)
		buf_adds(out, text_glyph(" ◂ first", " < first"));
	if (v->barred.len)
		buf_addf(out, " (not: %.*s)", STR_ARG(v->barred));
	while (out->len > 0 && out->p && out->p[out->len - 1] == ' ')
		out->p[--out->len] = '\0';
	buf_addc(out, '\n');
}

/* The first of two members that holds a figure. */
static bool number(const struct json *v, const char *a, const char *b,
		   double *out)
{
	return json_double(json_get(v, a), out) ||
	       json_double(json_get(v, b), out);
}

/* Columns for the names of arms, with the tier before them. */
static int arms_width(const struct json *list, struct arena *a)
{
	size_t most = 6;

	for (const struct json *v = json_first(list); v;
	     v = json_next(list, v)) {
		size_t n = json_str(json_get(v, "model"), a).len;

		most = n > most ? n : most;
	}
	return (int)(most > 30 ? 30 : most) + 2;
}

static void arm_line(const struct json *arm, struct str chosen, int wide,
		     struct arena *a, struct buf *out)
{
	struct str model = json_str(json_get(arm, "model"), a);
	struct promise v = {.barred = json_str(json_get(arm, "out"), a)};
	int64_t tier = 0;
	char name[80];

	v.has_p = json_double(json_get(arm, "p"), &v.p) && v.p >= 0 && v.p <= 1;
	v.has_interval = json_double(json_get(arm, "low"), &v.low) &&
			 json_double(json_get(arm, "high"), &v.high);
	v.has_cost = json_pusd(json_get(arm, "cost_usd"), &v.pusd) ||
		     json_pusd(json_get(arm, "usd"), &v.pusd);
	json_i64(json_get(arm, "tier"), &tier);
	snprintf(name, sizeof(name), "%d %.*s", (int)tier,
		 model.len > 60 ? 60 : (int)model.len, model.p ? model.p : "");
	v.name = name;
	v.chosen = model.len > 0 && str_eq(model, chosen);
	tell_promise(out, wide, &v);
}

static bool arms(const struct query_decision *d, struct buf *out)
{
	const struct json *list;
	struct parsed p;
	int wide;
	bool any;

	parse(&p, d->reasons);
	list = json_get(p.root, "arms");
	any = json_is(list, JSON_ARRAY) && list->count > 0;
	wide = any ? arms_width(list, &p.arena) : 0;
	if (any)
		for (const struct json *v = json_first(list); v;
		     v = json_next(list, v))
			arm_line(v, reasons_first(d->plan), wide, &p.arena,
				 out);
	unparse(&p);
	return any;
}

void reasons_tiers(const struct query_decision *d, struct buf *out)
{
	if (arms(d, out))
		return;
	for (int i = 0; i < REASONS_TIERS; i++) {
		struct promise v = {.chosen = i + 1 == reasons_tier(d)};
		char name[16];

		v.has_p = reasons_p(d->p_success, i, &v.p) && v.p >= 0 &&
			  v.p <= 1;
		v.has_cost = reasons_pusd(d->expected_pusd, i, &v.pusd);
		v.has_interval = reasons_p(d->p_low, i, &v.low) &&
				 reasons_p(d->p_high, i, &v.high);
		if (!v.has_p && !v.has_cost)
			continue;
		snprintf(name, sizeof(name), "tier %d", i + 1);
		v.name = name;
		tell_promise(out, 6, &v);
	}
}

static void line(struct buf *out, const char *label, struct str value)
{
	if (value.len)
		buf_addf(out, "%s %.*s\n", label, STR_ARG(value));
}

void reasons_rules(const struct query_decision *d, struct buf *out)
{
	struct parsed p;
	int64_t floor;
	double sure;

	parse(&p, d->reasons);
	line(out, "decided by", d->bound_by);
	line(out, "rule", json_str(json_get(p.root, "rule"), &p.arena));
	line(out, "after a reply that was",
	     json_str(json_get(p.root, "why"), &p.arena));
	if (json_double(json_get(p.root, "p_accept"), &sure))
		buf_addf(out, "sure of that reply %.0f%%\n", sure * 100);
	/* The first tier is no floor. */
	if (json_i64(json_get(p.root, "floor"), &floor) && floor > 1)
		buf_addf(out, "floor tier %d\n", (int)floor);
	line(out, "budget", json_str(json_get(p.root, "budget"), &p.arena));
	line(out, "budget left $",
	     json_str(json_get(p.root, "budget_usd"), &p.arena));
	line(out, "pinned", json_str(json_get(p.root, "pinned"), &p.arena));
	if (json_true(json_get(p.root, "pinned")))
		buf_adds(out, "pinned by the caller\n");
	line(out, "kind", json_str(json_get(p.root, "kind"), &p.arena));
	line(out, "step", json_str(json_get(p.root, "step"), &p.arena));
	line(out, "success that a dollar is worth",
	     json_str(json_get(p.root, "success_per_usd"), &p.arena));
	if (d->explored)
		buf_adds(out, "explored: chosen at random, to learn\n");
	unparse(&p);
}

void reasons_moved(const struct query_decision *d, struct buf *out)
{
	const struct json *list;
	struct parsed p;
	bool any = false;

	parse(&p, d->reasons);
	list = json_get(p.root, "moved");
	for (const struct json *v = json_is(list, JSON_ARRAY) ? json_first(list)
							      : NULL;
	     v; v = json_next(list, v)) {
		struct str name = json_str(json_get(v, "feature"), &p.arena);
		double by;
		int n;

		if (!number(v, "by", "log_odds", &by) || !isfinite(by))
			continue;
		if (!any)
			buf_adds(out, "what moved P, in log odds:\n");
		any = true;
		buf_addf(out, "%-24.*s %+.3f ",
			 name.len > 40 ? 40 : (int)name.len,
			 name.p ? name.p : "", by);
		n = (int)fmin(20, fabs(by) * 40 + 0.5);
		for (int i = 0; i < n; i++)
			buf_addc(out, by < 0 ? '-' : '+');
		buf_addc(out, '\n');
	}
	unparse(&p);
}

void reasons_tell(const struct query_decision *d, struct buf *out)
{
	reasons_headline(d, out);
	reasons_tiers(d, out);
	reasons_rules(d, out);
	reasons_moved(d, out);
}

void reasons_evidence(struct str list, struct buf *out)
{
	char word[64];

	for (int i = 0; i < EVIDENCE_N; i++)
		if (nth(list, i, word, sizeof(word)) &&
		    strcasecmp(word, "nan") != 0)
			buf_addf(out, "%s %s\n", evidence_names[i], word);
}
