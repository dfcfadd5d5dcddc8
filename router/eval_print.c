/* The report for people and for programs. */
#include <math.h>
#include <string.h>

#include "ledger/base/json.h"
#include "ledger/grid.h"
#include "router/eval.h"

static const char *text(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static const char *text(struct arena *a, const char *fmt, ...)
{
	char line[200];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line))
		return "";
	return arena_strdup(a, line, (size_t)n);
}

static const char *dollars(struct arena *a, double usd)
{
	if (isnan(usd))
		return "-";
	return text(a, usd < 0.01 ? "%.3g" : "%.4g", usd);
}

/* In per cent; what rounds to nothing has no sign. */
static double tenth(double v)
{
	return fabs(v) < 0.0005 ? 0 : 100 * v;
}

/* "48.0 (42.1..53.3)", in per cent or points. */
static const char *percent(struct arena *a, const struct eval_figure *f)
{
	if (isnan(f->value))
		return "-";
	if (isnan(f->low))
		return text(a, "%.1f", 100 * f->value);
	return text(a, "%.1f (%.1f..%.1f)", tenth(f->value), tenth(f->low),
		    tenth(f->high));
}

static const char *plain(struct arena *a, double v)
{
	return isnan(v) ? "-" : text(a, "%.1f", 100 * v);
}

static const struct grid_col columns[] = {
	{"POLICY", false},   {"SUCCESS %", true},        {"$/TASK", true},
	{"$/SOLVED", true},  {"SAVED AT EQUAL %", true}, {"AT 97 %", true},
	{"HIGHEST %", true}, {"GAP CLOSED %", true},     {"ABOVE HULL", true},
	{"CAPTURE %", true}, {"MISSED %", true},         {"WASTED %", true},
	{NULL, false},
};

static void policy_row(struct grid *g, int kind, const struct eval_policy *p)
{
	struct arena *a = &g->arena;
	const struct eval_figure *s = &p->success[EVAL_EQUAL];
	const struct eval_figure *c = &p->cost[EVAL_EQUAL];

	grid_cells(g, eval_names[kind]);
	grid_cells(g, percent(a, s));
	grid_cells(g, dollars(a, c->value));
	grid_cells(g, s->value > 0 ? dollars(a, c->value / s->value) : "-");
	grid_cells(g, percent(a, &p->saving));
	grid_cells(g, plain(a, p->saving97.value));
	grid_cells(g, plain(a, p->success[EVAL_HIGHEST].value));
	grid_cells(g, percent(a, &p->gap_closed));
	grid_cells(g, percent(a, &p->lift[EVAL_EQUAL]));
	grid_cells(g, plain(a, p->capture.value));
	grid_cells(g, plain(a, p->missed));
	grid_cells(g, plain(a, p->wasted));
}

static void arms_table(const struct eval_report *r, int wide, struct buf *out)
{
	static const struct grid_col cols[] = {{"MODEL", false},
					       {"SUCCESS %", true},
					       {"$/TASK", true},
					       {NULL, false}};
	struct grid g;

	grid_init(&g, cols);
	for (int a = 0; a < r->n_arms; a++) {
		grid_cell(&g, r->arm_names[a]);
		grid_cells(&g, text(&g.arena, "%.1f", 100 * r->arm_success[a]));
		grid_cells(&g, dollars(&g.arena, r->arm_cost[a]));
	}
	grid_print_within(&g, 1, wide, out);
	grid_release(&g);
}

/* What a little less success saves. */
static void less_table(const struct eval_report *r, int wide, struct buf *out)
{
	static const struct grid_col cols[] = {
		{"POLICY", false},  {"0.2 POINTS", true}, {"1 POINT", true},
		{"2 POINTS", true}, {"3.4 POINTS", true}, {NULL, false}};
	static const enum eval_kind kinds[] = {
		EVAL_HINDSIGHT, EVAL_HULL,      EVAL_CLASS_STATIC, EVAL_KNN,
		EVAL_LEARNED,   EVAL_UNGUARDED, EVAL_CASCADE};
	struct grid g;

	grid_init(&g, cols);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		const struct eval_policy *p = &r->policy[kinds[k]];

		if (!p->there)
			continue;
		grid_cells(&g, eval_names[kinds[k]]);
		for (int i = 0; i < EVAL_LESS; i++)
			grid_cells(&g, percent(&g.arena, &p->saving_less[i]));
	}
	buf_addf(out, "\nSaved, %%, for so much less than equal success:\n");
	grid_print_within(&g, 1, wide, out);
	grid_release(&g);
}

/* What failures and other prices would make of it. */
static void money_table(const struct eval_report *r, int wide, struct buf *out)
{
	static const struct grid_col cols[] = {
		{"POLICY", false},    {"BILL, $/TASK", true},
		{"FAILURES %", true}, {"SAVED % AT HALF", true},
		{"AT DOUBLE", true},  {NULL, false}};
	struct grid g;

	grid_init(&g, cols);
	for (int k = 0; k < EVAL_KINDS; k++) {
		const struct eval_policy *p = &r->policy[k];
		const struct eval_figure *s = &p->success[EVAL_BILL];

		if (!p->there || k == EVAL_HINDSIGHT)
			continue;
		grid_cells(&g, eval_names[k]);
		grid_cells(&g, text(&g.arena, "%.4g (%.4g..%.4g)",
				    p->bill.value, p->bill.low, p->bill.high));
		grid_cells(&g, text(&g.arena, "%.1f", 100 * (1 - s->value)));
		grid_cells(&g, percent(&g.arena, &p->saving_half));
		grid_cells(&g, percent(&g.arena, &p->saving_double));
	}
	buf_addf(out,
		 "\nThe bill where a failure costs $%.4g; what is saved at "
		 "equal success if\n%s's price were half, or double:\n",
		 r->penalty, r->best_single);
	grid_print_within(&g, 1, wide, out);
	grid_release(&g);
}

static void class_rows(struct grid *g, const struct eval_class *c)
{
	static const enum eval_kind kinds[] = {EVAL_CLASS_STATIC, EVAL_LEARNED,
					       EVAL_UNGUARDED};
	struct arena *a = &g->arena;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		const struct eval_policy *p = &c->policy[kinds[k]];

		if (!p->there)
			continue;
		grid_cells(g, k ? "" : arena_strdup(a, c->name.p, c->name.len));
		grid_cells(g, k ? "" : text(a, "%d", c->tasks));
		grid_cells(g, eval_names[kinds[k]]);
		grid_cells(g, percent(a, &p->success[EVAL_EQUAL]));
		grid_cells(g, dollars(a, p->cost[EVAL_EQUAL].value));
		grid_cells(g, percent(a, &p->above_static));
		grid_cells(g, percent(a, &p->saving));
		for (int i = 0; i < EVAL_LESS; i++)
			grid_cells(g, percent(a, &p->saving_less[i]));
	}
}

static void class_table(const struct eval_report *r, int wide, struct buf *out)
{
	static const struct grid_col cols[] = {{"CLASS", false},
					       {"TASKS", true},
					       {"POLICY", false},
					       {"SUCCESS %", true},
					       {"$/TASK", true},
					       {"ABOVE ITS STATIC HULL", true},
					       {"SAVED % AT EQUAL", true},
					       {"-0.2 POINTS", true},
					       {"-1", true},
					       {"-2", true},
					       {"-3.4", true},
					       {NULL, false}};
	struct grid g;

	if (!r->n_classes)
		return;
	grid_init(&g, cols);
	for (int c = 0; c < r->n_classes; c++)
		class_rows(&g, &r->classes[c]);
	buf_addc(out, '\n');
	grid_print_within(&g, 3, wide, out);
	grid_release(&g);
	buf_addf(out,
		 "A class's savings are of what its own best model costs.\n");
}

static void accept_note(const char *whose, int64_t tested, int64_t accepted,
			int64_t wrong, double bound, struct buf *out)
{
	if (!tested)
		return;
	buf_addf(out,
		 "Accept tests of %s: %lld tasks, %.1f %% accepted, %.1f %% of "
		 "all accepted and wrong (at most %.1f %% with 95 %% "
		 "confidence).\n",
		 whose, (long long)tested,
		 100.0 * (double)accepted / (double)tested,
		 100.0 * (double)wrong / (double)tested, 100 * bound);
}

/* How often the accept tests pass, and are wrong. */
static void put_accepts(const struct eval_report *r, struct buf *out)
{
	if (r->tested)
		buf_addf(out,
			 "Accept test: of %lld replies %.1f %% pass, %.2f %% "
			 "pass and are wrong (at most %.2f %% with 95 %% "
			 "confidence; %.2f %% are stated).\n",
			 (long long)r->tested,
			 100.0 * (double)r->accepted / (double)r->tested,
			 100.0 * (double)r->wrong / (double)r->tested,
			 100 * r->false_accept_bound,
			 100 * r->false_accept_stated);
	if (!isnan(r->accept_auc.value))
		buf_addf(out,
			 "Accept model: of two replies of one model it scores "
			 "the good one higher in %.1f %% of pairs (%.1f .. "
			 "%.1f).\n",
			 100 * r->accept_auc.value, 100 * r->accept_auc.low,
			 100 * r->accept_auc.high);
	accept_note("the static cascade", r->cascade_tested,
		    r->cascade_accepted, r->cascade_wrong, r->cascade_bound,
		    out);
}

static void notes(const struct eval_report *r, struct buf *out)
{
	char skill[32] = "-"; /* none where class rates know all */

	if (isfinite(r->brier_skill))
		snprintf(skill, sizeof(skill), "%.3f", r->brier_skill);
	buf_addf(out,
		 "\n%d tasks judged in %d groups, %s; %d fitted on each time; "
		 "%d left out: not seen under every model, with costs.\n",
		 r->tasks, r->groups,
		 r->folds > 1 ? "each once, on groups never fitted on"
			      : "those marked for it",
		 r->tasks_fit, r->tasks_left_out);
	buf_addf(
		out,
		"Where a policy stands is chosen on fit rows: to reach %s's "
		"success there.\nSAVED: of %s's cost, on the policy's path, "
		"at its success on the judged tasks and at 97 %% of it.\n"
		"ABOVE HULL: points of success over the static mixture of the "
		"same cost.\nGAP CLOSED: at its highest success, of the "
		"distance from the best single to the oracle. CAPTURE: of "
		"what the oracle saves of the strongest's cost. MISSED: tasks "
		"that failed though another model solved them. WASTED: tasks "
		"that were solved for more than it takes.\nIntervals by resampling groups.\n",
		r->best_single, r->best_single);
	if (r->estimated > 0)
		buf_addf(out, "%.1f %% of the judged costs are estimates.\n",
			 100 * r->estimated);
	for (int k = 0; k < EVAL_KINDS; k++)
		if (!r->policy[k].there)
			buf_addf(out, "%s: %s.\n", eval_names[k],
				 r->policy[k].why);
	if (r->rows)
		buf_addf(
			out,
			"Learned: ECE %.4f (%.4f on judged tasks alone), Brier "
			"%.4f, skill %s over the class rates, %lld "
			"predictions;\ndecision %.1f us p50, %.1f us p99; "
			"served by: strongest %d, static %d, learned %d "
			"tasks.\n",
			r->ece, r->ece_complete, r->brier, skill,
			(long long)r->rows, r->decide_p50_us, r->decide_p99_us,
			r->served[0], r->served[1], r->served[2]);
	put_accepts(r, out);
}

/* Lines no longer than so many characters, broken between words. */
static void wrap(struct str s, int wide, struct buf *out)
{
	int at = 0;

	for (size_t i = 0; i < s.len;) {
		size_t n = strcspn(s.p + i, " \n");

		if (at && wide > 0 && at + 1 + (int)n > wide) {
			buf_addc(out, '\n');
			at = 0;
		}
		if (at && n)
			buf_addc(out, ' ');
		at += (int)n + (at && n);
		buf_add(out, s.p + i, n);
		i += n;
		if (i < s.len && s.p[i] == '\n') {
			buf_addc(out, '\n');
			at = 0;
		}
		i++;
	}
}

void eval_table(const struct eval_report *r, int wide, struct buf *out)
{
	struct buf words;
	struct grid g;

	arms_table(r, wide, out);
	buf_addc(out, '\n');
	grid_init(&g, columns);
	for (int k = 0; k < EVAL_KINDS; k++)
		if (r->policy[k].there)
			policy_row(&g, k, &r->policy[k]);
	grid_print_within(&g, 1, wide, out);
	grid_release(&g);
	less_table(r, wide, out);
	money_table(r, wide, out);
	class_table(r, wide, out);
	buf_init(&words, 65536);
	notes(r, &words);
	wrap((struct str){buf_str(&words), words.len}, wide, out);
	buf_release(&words);
}

/* ---- JSON ---- */

static void pair(struct json_out *o, const char *key,
		 const struct eval_figure *f)
{
	json_out_arr(o, key);
	json_out_double(o, NULL, f->low, 9);
	json_out_double(o, NULL, f->high, 9);
	json_out_end(o, ']');
}

static const char *const targets[EVAL_TARGETS] = {"equal", "nearly", "highest",
						  "bill"};

static void figures(struct json_out *o, const struct eval_policy *p, bool ci)
{
	static const struct {
		const char *name;
		size_t at;
	} list[] = {
		{"saving_at_equal_success",
		 offsetof(struct eval_policy, saving)},
		{"saving_at_97", offsetof(struct eval_policy, saving97)},
		{"success_gap_closed",
		 offsetof(struct eval_policy, gap_closed)},
		{"capture", offsetof(struct eval_policy, capture)},
		{"bill", offsetof(struct eval_policy, bill)},
		{"cost_per_solved", offsetof(struct eval_policy, per_solved)},
		{"saving_best_single_at_half_price",
		 offsetof(struct eval_policy, saving_half)},
		{"saving_best_single_at_double_price",
		 offsetof(struct eval_policy, saving_double)},
		{"above_class_static",
		 offsetof(struct eval_policy, above_static)},
		{"saving_over_class_static",
		 offsetof(struct eval_policy, saving_over_static)},
		{"highest_over_class_static",
		 offsetof(struct eval_policy, highest_over_static)},
		{"success", offsetof(struct eval_policy, success)},
		{"cost", offsetof(struct eval_policy, cost)},
		{"above_hull", offsetof(struct eval_policy, lift)},
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		const struct eval_figure *f =
			(const void *)((const char *)p + list[i].at);

		if (ci)
			pair(o, list[i].name, f);
		else
			json_out_double(o, list[i].name, f->value, 9);
	}
}

static void policy_json(struct json_out *o, int kind,
			const struct eval_policy *p)
{
	json_out_obj(o, NULL);
	json_out_str(o, "name", str_from(eval_names[kind]));
	figures(o, p, false);
	json_out_obj(o, "ci");
	figures(o, p, true);
	json_out_end(o, '}');
	json_out_obj(o, "at");
	for (int t = 0; t < EVAL_TARGETS; t++) {
		json_out_obj(o, targets[t]);
		json_out_double(o, "success", p->success[t].value, 9);
		pair(o, "success_ci", &p->success[t]);
		json_out_double(o, "cost", p->cost[t].value, 9);
		pair(o, "cost_ci", &p->cost[t]);
		json_out_double(o, "above_hull", p->lift[t].value, 9);
		pair(o, "above_hull_ci", &p->lift[t]);
		json_out_double(o, "above_hindsight_hull",
				p->lift_hindsight[t].value, 9);
		pair(o, "above_hindsight_hull_ci", &p->lift_hindsight[t]);
		json_out_end(o, '}');
	}
	json_out_end(o, '}');
	json_out_arr(o, "saving_at_less");
	for (int i = 0; i < EVAL_LESS; i++) {
		json_out_obj(o, NULL);
		json_out_double(o, "points", -100 * eval_less[i], 9);
		json_out_double(o, "saving", p->saving_less[i].value, 9);
		pair(o, "ci", &p->saving_less[i]);
		json_out_end(o, '}');
	}
	json_out_end(o, ']');
	json_out_double(o, "missed", p->missed, 9);
	json_out_double(o, "wasted", p->wasted, 9);
	json_out_arr(o, "path");
	for (int k = 0; k < p->steps; k++) {
		json_out_arr(o, NULL);
		json_out_double(o, NULL, p->path_cost[k], 9);
		json_out_double(o, NULL, p->path_success[k], 9);
		json_out_end(o, ']');
	}
	json_out_end(o, ']');
	json_out_end(o, '}');
}

static void single_json(struct json_out *o, const char *key, const char *name,
			const struct eval_policy *p)
{
	json_out_obj(o, key);
	if (name)
		json_out_str(o, "model", str_from(name));
	json_out_double(o, "success", p->success[0].value, 9);
	json_out_double(o, "cost", p->cost[0].value, 9);
	json_out_end(o, '}');
}

static void accept_json(struct json_out *o, const char *key, int64_t tested,
			int64_t accepted, int64_t wrong, double bound)
{
	json_out_obj(o, key);
	json_out_i64(o, "tested", tested);
	json_out_i64(o, "accepted", accepted);
	json_out_i64(o, "wrong", wrong);
	json_out_double(o, "false_accept_rate",
			tested ? (double)wrong / (double)tested : NAN, 9);
	json_out_double(o, "false_accept_bound", bound, 9);
	json_out_end(o, '}');
}

static void class_json(struct json_out *o, const struct eval_class *c)
{
	json_out_obj(o, NULL);
	json_out_str(o, "name", c->name);
	json_out_i64(o, "tasks_judged", c->tasks);
	json_out_i64(o, "groups", c->groups);
	json_out_arr(o, "policies");
	for (int k = 0; k < EVAL_KINDS; k++)
		if (c->policy[k].there)
			policy_json(o, k, &c->policy[k]);
	json_out_end(o, ']');
	json_out_end(o, '}');
}

static void auc_json(struct json_out *o, const struct eval_figure *f)
{
	json_out_obj(o, "accept_auc");
	json_out_double(o, "value", f->value, 9);
	json_out_double(o, "low", f->low, 9);
	json_out_double(o, "high", f->high, 9);
	json_out_end(o, '}');
}

static void learned_json(struct json_out *o, const struct eval_report *r)
{
	json_out_double(o, "ece", r->rows ? r->ece : NAN, 9);
	json_out_double(o, "ece_complete", r->rows ? r->ece_complete : NAN, 9);
	json_out_i64(o, "verdicts_judged", r->rows);
	json_out_double(o, "brier", r->rows ? r->brier : NAN, 9);
	json_out_double(o, "brier_skill", r->rows ? r->brier_skill : NAN, 9);
	json_out_obj(o, "served");
	json_out_i64(o, "strongest", r->served[0]);
	json_out_i64(o, "static", r->served[1]);
	json_out_i64(o, "learned", r->served[2]);
	json_out_end(o, '}');
	accept_json(o, "accept", r->tested, r->accepted, r->wrong,
		    r->false_accept_bound);
	json_out_double(o, "false_accept_stated",
			r->tested ? r->false_accept_stated : NAN, 9);
	auc_json(o, &r->accept_auc);
	accept_json(o, "cascade_accept", r->cascade_tested, r->cascade_accepted,
		    r->cascade_wrong, r->cascade_bound);
	json_out_double(o, "decide_p50_us", r->decide_p50_us, 9);
	json_out_double(o, "decide_p99_us", r->decide_p99_us, 9);
}

void eval_json(const struct eval_report *r, struct buf *out)
{
	struct json_out o;

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_i64(&o, "rows_judged", (int64_t)r->tasks * r->n_arms);
	json_out_i64(&o, "tasks_judged", r->tasks);
	json_out_i64(&o, "tasks_fit", r->tasks_fit);
	json_out_i64(&o, "tasks_left_out", r->tasks_left_out);
	json_out_i64(&o, "groups", r->groups);
	json_out_i64(&o, "folds", r->folds);
	json_out_double(&o, "estimated_costs", r->estimated, 9);
	json_out_double(&o, "failure_price", r->penalty, 9);
	single_json(&o, "best_single", r->best_single,
		    &r->policy[EVAL_BEST_SINGLE]);
	single_json(&o, "strongest", r->strongest, &r->policy[EVAL_STRONGEST]);
	single_json(&o, "cheapest", r->cheapest, &r->policy[EVAL_CHEAPEST]);
	single_json(&o, "oracle", NULL, &r->policy[EVAL_ORACLE]);
	learned_json(&o, r);
	json_out_arr(&o, "policies");
	for (int k = 0; k < EVAL_KINDS; k++)
		if (r->policy[k].there)
			policy_json(&o, k, &r->policy[k]);
	json_out_end(&o, ']');
	json_out_arr(&o, "classes");
	for (int c = 0; c < r->n_classes; c++)
		class_json(&o, &r->classes[c]);
	json_out_end(&o, ']');
	json_out_arr(&o, "models");
	for (int a = 0; a < r->n_arms; a++) {
		json_out_obj(&o, NULL);
		json_out_str(&o, "name", r->arm_names[a]);
		json_out_double(&o, "success", r->arm_success[a], 9);
		auc_json(&o, &r->arm_auc[a]);
		json_out_double(&o, "cost", r->arm_cost[a], 9);
		json_out_end(&o, '}');
	}
	json_out_end(&o, ']');
	json_out_end(&o, '}');
	buf_addc(out, '\n');
}
