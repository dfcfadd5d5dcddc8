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
	const char *p = list.p, *end = list.p + list.len;

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

/* The first tier or arm number in a plan: "cascade(2 -> 4)" is 2. */
static int first_tier(struct str plan)
{
	for (size_t i = 0; i < plan.len; i++)
		if (plan.p[i] >= '1' && plan.p[i] <= '5')
			return plan.p[i] - '0';
	return 0;
}

static void tier_line(struct buf *out, bool chosen, const char *name, double p,
		      bool has_p, double low, double high, bool has_interval,
		      __int128 pusd, bool has_cost)
{
	char text[FMT_TEXT];
	int bar = has_p ? (int)lround(p * 20) : 0;

	buf_addf(out, "%-18s ", name);
	if (has_p)
		buf_addf(out, "%5.1f%% ", p * 100);
	else
		buf_adds(out, "     - ");
	if (has_interval)
		buf_addf(out, "(%2.0f-%3.0f%%) ", low * 100, high * 100);
	else
		buf_adds(out, "          ");
	buf_addf(out, "%9s ", has_cost ? fmt_money(pusd, text) : "-");
	for (int i = 0; i < bar && i < 20; i++)
		buf_adds(out, text_glyph("▪", "#"));
	if (chosen)
		buf_adds(out, text_glyph(" ◂ first", " < first"));
	while (out->len > 0 && out->p && out->p[out->len - 1] == ' ')
		out->p[--out->len] = '\0';
	buf_addc(out, '\n');
}

static void arm_line(const struct json *arm, int chosen, struct arena *a,
		     struct buf *out)
{
	struct str model = json_str(json_get(arm, "model"), a);
	double p = 0, low = 0, high = 0;
	__int128 pusd = 0;
	int64_t tier = 0;
	char name[80];
	bool has_p = json_double(json_get(arm, "p"), &p);
	bool interval = json_double(json_get(arm, "low"), &low) &&
			json_double(json_get(arm, "high"), &high);
	bool cost = json_pusd(json_get(arm, "cost_usd"), &pusd);

	json_i64(json_get(arm, "tier"), &tier);
	snprintf(name, sizeof(name), "%d %.*s", (int)tier,
		 model.len > 60 ? 60 : (int)model.len, model.p ? model.p : "");
	tier_line(out, tier == chosen, name, p, has_p, low, high, interval,
		  pusd, cost);
}

static bool arms(const struct query_decision *d, struct buf *out)
{
	const struct json *list;
	struct parsed p;
	bool any;

	parse(&p, d->reasons);
	list = json_get(p.root, "arms");
	any = json_is(list, JSON_ARRAY) && list->count > 0;
	if (any)
		for (const struct json *v = json_first(list); v;
		     v = json_next(list, v))
			arm_line(v, first_tier(d->plan), &p.arena, out);
	unparse(&p);
	return any;
}

void reasons_tiers(const struct query_decision *d, struct buf *out)
{
	if (arms(d, out))
		return;
	for (int i = 0; i < REASONS_TIERS; i++) {
		double p = 0, low = 0, high = 0;
		__int128 pusd = 0;
		char name[16];
		bool has_p = reasons_p(d->p_success, i, &p);
		bool cost = reasons_pusd(d->expected_pusd, i, &pusd);
		bool interval = reasons_p(d->p_low, i, &low) &&
				reasons_p(d->p_high, i, &high);

		if (!has_p && !cost)
			continue;
		snprintf(name, sizeof(name), "tier %d", i + 1);
		tier_line(out, i + 1 == first_tier(d->plan), name, p, has_p,
			  low, high, interval, pusd, cost);
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

	parse(&p, d->reasons);
	line(out, "decided by", d->bound_by);
	line(out, "rule", json_str(json_get(p.root, "rule"), &p.arena));
	if (json_i64(json_get(p.root, "floor"), &floor))
		buf_addf(out, "floor tier %d\n", (int)floor);
	line(out, "budget", json_str(json_get(p.root, "budget"), &p.arena));
	line(out, "pinned", json_str(json_get(p.root, "pinned"), &p.arena));
	line(out, "kind of step", json_str(json_get(p.root, "kind"), &p.arena));
	if (d->explored)
		buf_adds(out, "explored: chosen at random, to learn\n");
	unparse(&p);
}

void reasons_moved(const struct query_decision *d, struct buf *out)
{
	const struct json *list;
	struct parsed p;

	parse(&p, d->reasons);
	list = json_get(p.root, "moved");
	for (const struct json *v = json_is(list, JSON_ARRAY) ? json_first(list)
							      : NULL;
	     v; v = json_next(list, v)) {
		struct str name = json_str(json_get(v, "feature"), &p.arena);
		double by;
		int n;

		if (!json_double(json_get(v, "by"), &by) || !isfinite(by))
			continue;
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
