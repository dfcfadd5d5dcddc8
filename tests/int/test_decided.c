/* A decision of the past is found by its id and told, in words and as JSON,
 * with or without features, and whatever became of its version. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/json.h"
#include "ledger/decided.h"
#include "router/cmd_router.h"
#include "router/router.h"
#include "tests/int/harness.h"

/* A version 7 id of 2025-11-25T13:09Z. */
#define ID "019abb22-5c00-7000-8000-000000000001"

static void decision(struct db *db, const char *schema, const char *features,
		     int bundle)
{
	char *sql = NULL;

	assert_true(
		asprintf(&sql,
			 "DELETE FROM decision; INSERT INTO decision (day, id, "
			 "task_id, decided_at, bundle_id, policy, plan, live, "
			 "propensity, bound_by, reasons, feature_schema, "
			 "features) VALUES ('2025-11-25', '" ID "', '" ID
			 "', '2025-11-25T12:00:00Z', %d, 'learned', "
			 "'single(big)', true, 0.98, 'floor 4', '{\"arms\":"
			 "[{\"model\":\"small\",\"tier\":1,\"p\":0.5,\"usd\":"
			 "0.001},{\"model\":\"big\",\"tier\":5,\"p\":0.75}]}', "
			 "%s, %s)",
			 bundle, schema, features) > 0);
	harness_sql(db, sql);
	free(sql);
}

static void told(struct db *db, bool json, struct router_cmd *c)
{
	struct err e = {0};

	*c = (struct router_cmd){.operand = ID, .json = json, .db = db};
	buf_init(&c->out, 1 << 20);
	ASSERT_OK(router_explain_verb(c, &e), &e);
}

static void a_decision_is_told(void **state)
{
	struct db *db = harness_open(harness_db("decided"));
	char schema[64], id[UUID_TEXT], features[4096] = "'{0";
	struct router_cmd c;
	struct json_doc doc;
	struct err e = {0};
	size_t n = strlen(features);

	(void)state;
	harness_sql(db, "SELECT aco_make_day('2025-11-25')");
	decision(db, "NULL", "NULL", 999);
	told(db, false, &c);
	assert_non_null(strstr(buf_str(&c.out), "single(big)"));
	assert_non_null(strstr(buf_str(&c.out), "floor 4"));
	assert_non_null(strstr(buf_str(&c.out), "75.0 %"));
	buf_release(&c.out);
	for (int i = 1; i < feature_count(); i++)
		n += (size_t)snprintf(features + n, sizeof(features) - n, ",1");
	snprintf(features + n, sizeof(features) - n, "}'");
	snprintf(schema, sizeof(schema), "'%s'",
		 uuid_format(feature_schema(), id));
	decision(db, schema, features, 0);
	told(db, true, &c);
	json_doc_init(&doc, 10000);
	ASSERT_OK(json_parse(&doc, (struct str){c.out.p, c.out.len}, &e), &e);
	assert_true(json_str_is(json_get(doc.nodes, "decision"), ID));
	assert_true(json_str_is(json_get(doc.nodes, "policy"), "learned"));
	assert_int_equal(json_path(doc.nodes, "reasons.arms")->count, 2);
	assert_int_equal(json_path(doc.nodes, "anew.arms")->count, 2);
	json_doc_release(&doc);
	buf_release(&c.out);
	c.operand = "019abb22-5c00-7000-8000-000000000002";
	buf_init(&c.out, 1000);
	assert_int_equal(router_explain_verb(&c, &e), RC_BAD);
	c.operand = "x";
	assert_int_equal(router_explain_verb(&c, &e), RC_BAD);
	buf_release(&c.out);
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_decision_is_told),
	};

	return harness_main("decided", tests, sizeof(tests) / sizeof(tests[0]));
}
