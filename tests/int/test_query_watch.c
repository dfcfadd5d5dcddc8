/* What the dashboard watches, read from the seeded ledger: every dimension adds
 * up to the same, and the router, budgets, attention and search say what the
 * rows do. */
#include <stdlib.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "ledger/query_spend.h"
#include "ledger/query_watch.h"
#include "tests/int/harness.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define NOW  (INT64_C(1795521600) * US_PER_SEC) /* 2026-11-24T12:00Z */

static struct db *seeded(void)
{
	static struct db *db;

	if (!db)
		db = harness_seeded("watch");
	return db;
}

static struct db_result *ask(const struct sql_stmt *stmt, struct db_args *a)
{
	struct db_result *r = harness_ask(seeded(), stmt, a);

	db_args_release(a);
	return r;
}

static const struct query_span all = {.all = true};

static __int128 group_sum(enum query_dim dim, const struct query_only *only,
			  int64_t *attempts)
{
	struct query_group q;
	struct db_result *r;
	struct db_args a;
	__int128 sum = 0;

	db_args_init(&a, 4096);
	query_group_args(&a, &all, dim, only);
	r = ask(&sql_query_group, &a);
	*attempts = 0;
	for (int i = 0; i < db_rows(r); i++) {
		query_group_row(r, i, &q);
		assert_true(q.name.len > 0);
		sum += q.cost_pusd;
		*attempts += q.attempts;
	}
	db_result_free(r);
	return sum;
}

static void every_dimension_adds_up(void **state)
{
	int64_t n = harness_sql_i64(seeded(), "SELECT count(*) FROM attempt");
	int64_t cost = harness_sql_i64(
		seeded(), "SELECT sum(cost_pusd)::bigint FROM attempt");
	struct query_only none = {0}, coding = {0};
	int64_t attempts;

	(void)state;
	for (int d = QUERY_CLASS; d <= QUERY_TIER; d++) {
		assert_true((int64_t)group_sum((enum query_dim)d, &none,
					       &attempts) == cost);
		assert_int_equal(attempts, n);
	}
	coding.class_id = (int32_t)harness_sql_i64(
		seeded(), "SELECT id FROM dict WHERE kind = 'class' AND name = "
			  "'coding'");
	for (int d = QUERY_AGENT; d <= QUERY_TIER; d++)
		assert_true((int64_t)group_sum((enum query_dim)d, &coding,
					       &attempts) ==
			    harness_sql_i64(seeded(),
					    "SELECT sum(a.cost_pusd)::bigint "
					    "FROM attempt a JOIN task t ON "
					    "t.id = a.task_id JOIN dict d ON "
					    "d.id = t.class_id WHERE d.name = "
					    "'coding'"));
}

static void hours_and_bins_add_up(void **state)
{
	__int128 sum = 0, cost;
	int64_t us, n, tasks = 0;
	struct db_result *r;
	struct db_args a;
	int bin, last = -1;

	(void)state;
	db_args_init(&a, 4096);
	query_heat_args(&a, NOW - 60 * US_PER_DAY, NOW + US_PER_DAY,
			&(struct query_only){0});
	r = ask(&sql_query_heat, &a);
	for (int i = 0; i < db_rows(r); i++) {
		query_heat_row(r, i, &us, &cost);
		assert_true(us % (3600 * US_PER_SEC) == 0);
		sum += cost;
	}
	db_result_free(r);
	assert_true((int64_t)sum ==
		    harness_sql_i64(seeded(),
				    "SELECT sum(cost_pusd)::bigint FROM "
				    "attempt WHERE day > '1970-01-01'"));
	db_args_init(&a, 4096);
	query_histogram_args(&a, &all, &(struct query_only){0});
	r = ask(&sql_query_histogram, &a);
	for (int i = 0; i < db_rows(r); i++) {
		query_histogram_row(r, i, &bin, &n);
		assert_true(bin > last);
		last = bin;
		tasks += n;
	}
	db_result_free(r);
	assert_int_equal(tasks,
			 harness_sql_i64(seeded(), "SELECT count(*) FROM task "
						   "WHERE cost_pusd > 0"));
}

static void the_oracle_is_summed_over_days(void **state)
{
	struct query_span two = {NOW - US_PER_DAY, NOW, false};
	struct query_oracle q;
	struct db_result *r;
	struct db_args a;
	int coding = 0;

	(void)state;
	db_args_init(&a, 4096);
	query_oracle_args(&a, &two);
	r = ask(&sql_query_oracle, &a);
	assert_int_equal(db_rows(r), 3);
	for (int i = 0; i < db_rows(r); i++) {
		query_oracle_row(r, i, &q);
		if (q.judged != 4)
			continue;
		coding++;
		assert_int_equal(q.observed, 2);
		assert_true(q.paid_pusd == INT64_C(739000000000));
		assert_true(q.oracle_pusd == INT64_C(450500000000));
		assert_true(q.has_interval && q.has_strongest);
		assert_true(q.strongest_pusd == INT64_C(2230000000000));
		assert_false(q.has_cheapest);
	}
	assert_int_equal(coding, 1);
	db_result_free(r);
}

static void budgets_know_what_is_spent(void **state)
{
	struct query_budget q;
	struct db_result *r;
	struct db_args a;

	(void)state;
	db_args_init(&a, 4096);
	query_budgets_args(&a, NOW);
	r = ask(&sql_query_budgets, &a);
	assert_int_equal(db_rows(r), 4);
	for (int i = 0; i < 4; i++) {
		query_budget_row(r, i, &q);
		if (q.id == 1) {
			assert_true(q.in_ledger && q.team_id > 0);
			assert_true(
				(int64_t)q.ledger_pusd ==
				harness_sql_i64(
					seeded(),
					"SELECT sum(a.cost_pusd)::bigint FROM "
					"attempt a JOIN task t ON t.id = "
					"a.task_id JOIN dict d ON d.id = "
					"t.team_id WHERE d.name = 'platform' "
					"AND a.day = '2026-11-24'"));
			assert_true(q.since_us == NOW - NOW % US_PER_DAY);
			assert_true(q.until_us == q.since_us + US_PER_DAY);
		} else if (q.id == 2) {
			/* Midnight in Berlin. */
			assert_true(q.since_us ==
				    NOW - NOW % US_PER_DAY - 3600 * US_PER_SEC);
		} else if (q.id == 4) {
			assert_false(q.in_ledger);
			assert_true(q.settled_pusd == INT64_C(310000000000));
			assert_true(q.reserved_pusd == INT64_C(400000000000));
			assert_true(q.until_us == TIME_NONE);
		}
	}
	db_result_free(r);
}

static void the_header_names_the_router(void **state)
{
	struct query_span today = {NOW - US_PER_DAY / 2, NOW + 60 * US_PER_SEC,
				   false};
	struct query_header h;
	struct db_result *r;
	struct db_args a;

	(void)state;
	db_args_init(&a, 4096);
	query_header_args(&a, clock_day(NOW) - 7, &today);
	r = ask(&sql_query_header, &a);
	assert_int_equal(db_rows(r), 1);
	query_header_row(r, 0, &h);
	assert_true(h.today_pusd > 0);
	assert_true((int64_t)h.today_pusd ==
		    harness_sql_i64(seeded(),
				    "SELECT sum(cost_pusd)::bigint FROM "
				    "attempt WHERE day = '2026-11-24'"));
	assert_int_equal(h.bundle_id, 2);
	assert_string_equal(h.version, "2026-11-22a");
	assert_true(h.drifted && h.learned == 2 && h.classes == 4);
	assert_int_equal(h.live, 1);
	assert_true(h.has_budget && h.has_any_budget);
	assert_true(h.budget_pusd == INT64_C(1100000000000));
	db_result_free(r);
}

static void decisions_come_newest_first(void **state)
{
	struct query_decision d;
	int64_t last = INT64_MAX;
	struct db_result *r;
	struct db_args a;
	struct uuid id;
	int32_t day;

	(void)state;
	db_args_init(&a, 4096);
	query_decisions_args(&a, &all, 0, 2);
	r = ask(&sql_query_decisions, &a);
	assert_int_equal(db_rows(r), 2);
	for (int i = 0; i < 2; i++) {
		query_decisions_row(r, i, &d);
		assert_true(d.decided_us <= last);
		last = d.decided_us;
	}
	assert_true(d.explored && d.propensity_micro == 20000);
	query_decisions_row(r, 0, &d);
	assert_true(str_starts(d.plan, "cascade(claude-sonnet-4-5 -> "));
	assert_true(d.tier == 4 && d.p_micro == 830000 && d.has_arm_pusd);
	assert_true(d.arm_pusd == INT64_C(38000000000));
	id = d.id;
	day = d.day;
	db_result_free(r);
	db_args_init(&a, 4096);
	query_decision_args(&a, day, id);
	r = ask(&sql_query_decision, &a);
	assert_int_equal(db_rows(r), 1);
	query_decision_row(r, 0, &d);
	assert_true(str_is(d.p_low, "0.15 0.36 0.52 0.76 0.84"));
	assert_true(str_contains(d.reasons, "class_rate"));
	db_result_free(r);
}

/* The gateway's own decisions do not list their arms: the tier is that of the
 * model of this name, and why is told by what there is. */
static void decisions_without_arms(void **state)
{
	static const struct {
		const char *reasons, *rule;
	} cases[] = {
		{"{\"why\": \"not accepted\", \"explored\": true}",
		 "reply not accepted"},
		{"{\"explored\": true}", "explored"},
		{"{\"pinned\": \"session\"}", "pinned: session"},
		{"{\"rule\": \"floor\", \"why\": \"x\"}", "floor"},
		{"{\"explored\": false}", NULL},
	};
	char sql[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct query_decision d;
		struct db_result *r;
		struct db_args a;

		snprintf(sql, sizeof(sql),
			 "DELETE FROM decision WHERE id = md5('bare')::uuid;"
			 " INSERT INTO decision (day, id, task_id, decided_at,"
			 " policy, plan, live, propensity, reasons) SELECT"
			 " '2026-11-24', md5('bare')::uuid, id,"
			 " '2026-11-24 11:59:59Z', 'learned',"
			 " 'cascade(claude-opus-4-6 @0.9 -> x)', true, 1, '%s'"
			 " FROM task WHERE ext_id = 'session-000'",
			 cases[i].reasons);
		harness_sql(seeded(), sql);
		db_args_init(&a, 4096);
		query_decisions_args(&a, &all, 0, 1);
		r = ask(&sql_query_decisions, &a);
		query_decisions_row(r, 0, &d);
		assert_int_equal(d.tier, 5);
		assert_true(cases[i].rule ? str_is(d.rule, cases[i].rule)
					  : d.rule.len == 0);
		db_result_free(r);
	}
	harness_sql(seeded(),
		    "DELETE FROM decision WHERE id = md5('bare')::uuid");
}

static void what_needs_somebody_is_listed(void **state)
{
	static const char *const kinds[] = {
		"budget overrun", "dead letters", "drift",       "unpriced",
		"corrected",      "gate",         "unattributed"};
	struct query_attention q;
	unsigned seen = 0;
	struct db_result *r;
	struct db_args a;
	int last = 3;

	(void)state;
	db_args_init(&a, 4096);
	query_attention_args(&a, &all, NOW);
	r = ask(&sql_query_attention, &a);
	for (int i = 0; i < db_rows(r); i++) {
		query_attention_row(r, i, &q);
		assert_true(q.weight <= last);
		last = q.weight;
		for (size_t k = 0; k < N(kinds); k++)
			if (str_is(q.kind, kinds[k]))
				seen |= 1u << k;
	}
	assert_int_equal(seen, (1u << N(kinds)) - 1);
	db_result_free(r);
}

static int hits(const char *words, const char *kind)
{
	struct query_hit q;
	struct db_result *r;
	struct db_args a;
	int n = 0;

	db_args_init(&a, 4096);
	query_search_args(&a, str_from(words), 5);
	r = ask(&sql_query_search, &a);
	for (int i = 0; i < db_rows(r); i++) {
		query_hit_row(r, i, &q);
		n += str_is(q.kind, kind);
	}
	db_result_free(r);
	return n;
}

static void search_finds_by_name_and_id(void **state)
{
	char id[UUID_TEXT];
	struct uuid u;

	(void)state;
	assert_int_equal(hits("fix-flaky", "task"), 1);
	assert_int_equal(hits("flaky", "task"), 1);
	assert_int_equal(hits("session", "task"), 5);
	assert_int_equal(hits("cod", "class"), 1);
	assert_int_equal(hits("help", "agent"), 1);
	assert_int_equal(hits("help", "budget"), 1);
	assert_int_equal(hits("haiku-4-5", "model"), 1);
	assert_int_equal(hits("11-22a", "router"), 1);
	/* Characters of patterns mean themselves. */
	assert_int_equal(hits("%", "task"), 0);
	assert_int_equal(hits("session_0", "task"), 0);
	assert_int_equal(hits("\\", "task"), 0);
	assert_true(
		uuid_parse(STR("c28d6a14-3e8b-d708-6b63-f9536ca90426"), &u));
	assert_int_equal(hits(uuid_format(u, id), "decision"), 1);
}

static void bundles_and_dead_letters(void **state)
{
	struct query_bundle b;
	struct query_dead d;
	struct db_result *r;
	struct db_args a;

	(void)state;
	db_args_init(&a, 4096);
	query_bundle_args(&a, 0);
	r = ask(&sql_query_bundle, &a);
	query_bundle_row(r, 0, &b);
	assert_true(b.id == 2 && str_contains(b.certificate, "reliability"));
	db_result_free(r);
	db_args_init(&a, 4096);
	r = ask(&sql_query_bundles, &a);
	assert_int_equal(db_rows(r), 3);
	query_bundles_row(r, 0, &b);
	assert_true(b.id == 3 && str_is(b.passed, "false"));
	assert_true(str_is(b.gain_low, "-0.02") && !b.drift.p);
	db_result_free(r);
	db_args_init(&a, 4096);
	query_dead_args(&a, 10);
	r = ask(&sql_query_dead, &a);
	assert_int_equal(db_rows(r), 3);
	query_dead_row(r, 0, &d);
	assert_true(str_is(d.reason, "tokens below zero") && d.bytes == 2);
	db_result_free(r);
	db_args_init(&a, 4096);
	query_find_args(&a, "agent", STR("helpd"));
	r = ask(&sql_query_find, &a);
	assert_int_equal(db_rows(r), 1);
	assert_true(str_is(db_text(r, 0, 1), "helpdesk"));
	db_result_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_dimension_adds_up),
		cmocka_unit_test(hours_and_bins_add_up),
		cmocka_unit_test(the_oracle_is_summed_over_days),
		cmocka_unit_test(budgets_know_what_is_spent),
		cmocka_unit_test(the_header_names_the_router),
		cmocka_unit_test(decisions_come_newest_first),
		cmocka_unit_test(decisions_without_arms),
		cmocka_unit_test(what_needs_somebody_is_listed),
		cmocka_unit_test(search_finds_by_name_and_id),
		cmocka_unit_test(bundles_and_dead_letters),
	};

	return harness_main("query_watch", tests, N(tests));
}
