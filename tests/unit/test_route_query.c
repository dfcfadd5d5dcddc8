/* A routing question as JSON: the shapes of texts, who may serve, what holds;
 * what is no question is refused in words, and whatever the text is, an answer
 * is one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/base/json.h"
#include "router/route_query.h"

static struct price_book *book;
static struct route_query q;
static struct err e;

static int set_up(void **state)
{
	(void)state;
	return price_book_builtin(&book, &e) != RC_OK;
}

static int tear_down(void **state)
{
	(void)state;
	price_book_free(book);
	return 0;
}

static struct str legal(struct str text)
{
	return str_contains(text, "plaintiff") ? STR("legal") : STR_NONE;
}

static enum rc ask(const char *json)
{
	route_query_release(&q);
	return route_query_read(&q, str_from(json), bundle_shipped(), book,
				legal, &e);
}

static void test_texts(void **state)
{
	static const struct {
		const char *json, *want;
	} cases[] = {
		{"\"text\":\"a b\"", "a b"},
		{"\"prompt\":\"a b\"", "a b"},
		{"\"input\":\"a b\"", "a b"},
		{"\"input\":[{\"role\":\"user\",\"content\":\"a b\"}]", "a b"},
		{"\"messages\":[{\"role\":\"system\",\"content\":\"no\"},"
		 "{\"role\":\"user\",\"content\":\"a b\"},"
		 "{\"role\":\"assistant\",\"content\":\"no\"},"
		 "{\"role\":\"user\",\"content\":\"later\"}]",
		 "a b"},
		{"\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
		 "\"text\",\"text\":\"a\"},{\"type\":\"image\"},{\"text\":"
		 "\"b\\u0041\"}]}]",
		 "a\nbA"},
		{"\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
		 "\"input_text\",\"text\":\"a\"}]}]",
		 "a"},
		{"\"messages\":7", NULL},
		{"\"messages\":[7,[],{},null]", NULL},
		{"\"text\":\"\"", NULL},
		{"\"x\":1", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char json[1024];
		float want[FEATURE_MAX];

		snprintf(json, sizeof(json), "{%s,\"models\":[\"m\"]}",
			 cases[i].json);
		if (ask(json))
			fail_msg("%s: %s", json, e.msg);
		if (!cases[i].want) {
			assert_int_equal(q.text.len, 0);
			assert_null(q.ask.x);
			continue;
		}
		assert_true(str_is(q.text, cases[i].want));
		assert_int_equal(q.ask.n_x, feature_count());
		feature_text(q.text, want); /* bytes is the first */
		assert_memory_equal(q.ask.x, want, sizeof(float));
	}
}

static void test_arms(void **state)
{
	(void)state;
	assert_int_equal(
		ask("{\"models\":[\"claude-opus-4-5\",{\"model\":\"mine\","
		    "\"tier\":3,\"input_usd_per_mtok\":2,"
		    "\"output_usd_per_mtok\":8.5,\"cached_usd_per_mtok\":0.2,"
		    "\"switch_usd\":0.01,\"allowed\":false},{\"name\":"
		    "\"nobody-knows\"}],\"pinned\":\"mine\"}"),
		RC_OK);
	assert_int_equal(q.ask.n_arms, 3);
	assert_int_equal(q.arms[0].tier, 5);
	assert_true(q.arms[0].in_fusd > 0 && q.arms[0].out_fusd > 0);
	assert_int_equal(q.arms[1].in_fusd, 2000000000);
	assert_int_equal(q.arms[1].out_fusd, 8500000000);
	assert_int_equal(q.arms[1].cached_fusd, 200000000);
	assert_int_equal(q.arms[1].switch_pusd, 10000000000);
	assert_false(q.arms[1].allowed);
	assert_int_equal(q.arms[2].tier, 1);
	assert_int_equal(q.arms[2].in_fusd, -1);
	assert_int_equal(q.ask.pinned, 1);
	assert_true(str_is(q.ask.class_name, "unattributed"));
}

static void test_limits(void **state)
{
	(void)state;
	assert_int_equal(
		ask("{\"models\":[\"a\",\"b\"],\"floor\":3,\"budget_usd\":0.5,"
		    "\"goal\":\"failure:0.25\",\"explore\":0.02,\"seed\":7,"
		    "\"tools\":[{},{}],\"step\":4,\"step_kind\":\"edit\","
		    "\"cost_usd\":0.001,\"class\":\"c\",\"text\":\"plaintiff\","
		    "\"tried\":[{\"model\":\"b\",\"cost_usd\":0.1,\"evidence\":"
		    "{\"schema\":1,\"entropy_mean\":0.5,\"nonsense\":3}}]}"),
		RC_OK);
	assert_int_equal(q.ask.floor, 3);
	assert_int_equal(q.ask.budget_left_pusd, 500000000000);
	assert_int_equal(q.ask.goal, ROUTE_FAILURE);
	assert_true(fabs(q.ask.target - 0.25) < 1e-9);
	assert_int_equal(q.ask.seed, 7);
	assert_true(str_is(q.ask.class_name, "c")); /* told, not guessed */
	assert_int_equal(q.ask.n_tried, 1);
	assert_int_equal(q.tried[0].arm, 1);
	assert_int_equal(q.tried[0].cost_pusd, 100000000000);
	assert_true(fabs((double)q.evidence[0][EVIDENCE_SCHEMA] - 1) < 1e-6);
	assert_true(isnan(q.evidence[0][EVIDENCE_FINISH]));
	assert_int_equal(ask("{\"models\":[\"a\"],\"text\":\"plaintiff\"}"),
			 RC_OK);
	assert_true(str_is(q.ask.class_name, "legal"));
	assert_null(route_query_evidence(&q));
	assert_false(q.task.len || q.sender.len);
	/* Of a run. */
	assert_int_equal(
		ask("{\"models\":[\"a\"],\"task\":\"t1\",\"sender\":\"codex\","
		    "\"tried\":[{\"model\":\"a\",\"evidence\":{\"run_steps\":12,"
		    "\"run_verified_last\":0}},{\"model\":\"a\"}]}"),
		RC_OK);
	assert_true(str_is(q.task, "t1") && str_is(q.sender, "codex"));
	assert_true(fabs((double)q.evidence[0][EVIDENCE_RUN_STEPS] - 12) <
		    1e-6);
	assert_true(fabs((double)q.evidence[0][EVIDENCE_RUN_VERIFIED_LAST]) <
		    1e-6);
	assert_null(q.tried[1].evidence);
	assert_ptr_equal(route_query_evidence(&q), q.evidence[1]);
	assert_ptr_equal(q.tried[1].evidence, q.evidence[1]);
	assert_true(isnan(q.evidence[1][EVIDENCE_RUN_STEPS]));
}

static void test_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"{",
		"[]",
		"7",
		"null",
		"\xff\xfe",
		"{\"models\":[\"\x80\"]}",
		"{}",
		"{\"models\":[]}",
		"{\"models\":7}",
		"{\"models\":[7]}",
		"{\"models\":[\"\"]}",
		"{\"models\":[{}]}",
		"{\"models\":[{\"name\":\"a\",\"tier\":9}]}",
		"{\"models\":[{\"name\":\"a\",\"input_usd_per_mtok\":-1}]}",
		"{\"models\":[{\"name\":\"a\",\"input_usd_per_mtok\":\"x\"}]}",
		"{\"models\":[{\"name\":\"a\",\"switch_usd\":1e99}]}",
		"{\"models\":[\"a\"],\"floor\":6}",
		"{\"models\":[\"a\"],\"floor\":4.5}",
		"{\"models\":[\"a\"],\"floor\":true}",
		"{\"models\":[\"a\"],\"floor\":\"high\"}",
		"{\"models\":[\"a\"],\"floor\":2000000}",
		"{\"models\":[\"a\"],\"floor\":99999999999999999999}",
		"{\"models\":[{\"name\":\"a\",\"tier\":4294967301}]}",
		"{\"models\":[{\"name\":\"a\",\"tier\":2.5}]}",
		"{\"models\":[\"a\"],\"floor\":-1}",
		"{\"models\":[\"a\"],\"pinned\":\"b\"}",
		"{\"models\":[\"a\"],\"pinned\":3}",
		"{\"models\":[\"a\"],\"budget_usd\":-1}",
		"{\"models\":[\"a\"],\"budget_usd\":\"1\"}",
		"{\"models\":[\"a\"],\"goal\":7}",
		"{\"models\":[\"a\"],\"goal\":\"quality:\"}",
		"{\"models\":[\"a\"],\"goal\":\"quality:x\"}",
		"{\"models\":[\"a\"],\"goal\":\"budget:-1\"}",
		"{\"models\":[\"a\"],\"goal\":\"budget:nan\"}",
		"{\"models\":[\"a\"],\"goal\":\"best\"}",
		"{\"models\":[\"a\"],\"cost_usd\":-1}",
		"{\"models\":[\"a\"],\"tried\":7}",
		"{\"models\":[\"a\"],\"tried\":[{\"model\":\"b\"}]}",
		"{\"models\":[\"a\"],\"tried\":[7]}",
		"{\"models\":[\"a\"]} x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		*e.msg = 0;
		if (ask(cases[i]) != RC_BAD)
			fail_msg("%s is taken", cases[i]);
		assert_true(*e.msg != 0);
	}
}

static void answered(struct buf *out, struct json_doc *doc)
{
	buf_clear(out);
	route_query_answer(&q, bundle_shipped(), true, out);
	assert_int_equal(json_parse(doc, (struct str){out->p, out->len}, &e),
			 RC_OK);
}

static void test_stands(void **state)
{
	(void)state;
	assert_int_equal(ask("{\"models\":[\"a\"],\"stands\":true}"), RC_OK);
	assert_true(q.ask.stands);
	assert_int_equal(ask("{\"models\":[\"a\"],\"stands\":1}"), RC_OK);
	assert_false(q.ask.stands);
	assert_int_equal(ask("{\"models\":[\"a\"]}"), RC_OK);
	assert_false(q.ask.stands);
}

static void test_answer(void **state)
{
	struct json_doc doc;
	struct buf out;
	int64_t n;

	(void)state;
	buf_init(&out, 1 << 20);
	json_doc_init(&doc, 10000);
	assert_int_equal(ask("{\"models\":[{\"name\":\"a\",\"tier\":2},{"
			     "\"name\":\"b\",\"tier\":3}],\"text\":"
			     "\"plaintiff\"}"),
			 RC_OK);
	answered(&out, &doc); /* a guessed class raises the floor */
	assert_true(json_is(json_get(doc.nodes, "model"), JSON_NULL));
	assert_true(json_i64(json_get(doc.nodes, "floor"), &n) && n == 4);
	assert_int_equal(ask("{\"models\":[{\"name\":\"a\",\"tier\":2},{"
			     "\"name\":\"b\",\"tier\":5}],\"text\":\"x\","
			     "\"class\":\"medical\"}"),
			 RC_OK);
	answered(&out, &doc);
	assert_true(json_str_is(json_get(doc.nodes, "model"), "b"));
	assert_int_equal(json_get(doc.nodes, "arms")->count, 2);
	assert_non_null(json_path(doc.nodes, "reasons.rule"));
	assert_null(json_get(doc.nodes, "accept"));
	assert_true(json_is(json_get(doc.nodes, "judge_gain"), JSON_NUMBER));
	assert_int_equal(ask("{\"models\":[{\"name\":\"a\",\"tier\":2},{"
			     "\"name\":\"b\",\"tier\":5}],\"tried\":[{"
			     "\"model\":\"a\",\"evidence\":{\"refusal\":1}}]}"),
			 RC_OK);
	answered(&out, &doc);
	assert_true(json_is(json_get(doc.nodes, "accept"), JSON_FALSE));
	assert_true(json_str_is(json_get(doc.nodes, "model"), "b"));
	json_doc_release(&doc);
	buf_release(&out);
}

/* Empty, huge, binary, deep: a decision all the same, or a clear refusal. */
static void test_any_text(void **state)
{
	static const size_t sizes[] = {0, 1, 100, 70000, 4 << 20, 9 << 20};
	struct json_doc doc;
	struct buf json, out;

	(void)state;
	buf_init(&out, 1 << 20);
	json_doc_init(&doc, 10000);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		buf_init(&json, 64 << 20);
		buf_adds(&json, "{\"models\":[{\"name\":\"a\",\"tier\":5}],"
				"\"text\":\"");
		for (size_t k = 0; k < sizes[i]; k++)
			buf_addc(&json, (char)('#' + (k * 7 + k / 91) % 55));
		buf_adds(&json, "\"}");
		for (size_t k = 0; k < json.len; k++) {
			if (json.p[k] == '\\')
				json.p[k] = '/';
		}
		if (ask(buf_str(&json))) {
			assert_true(sizes[i] > ROUTE_QUERY_BYTES);
			assert_non_null(strstr(e.msg, "too large"));
		} else {
			answered(&out, &doc);
			assert_true(
				json_str_is(json_get(doc.nodes, "model"), "a"));
		}
		buf_release(&json);
	}
	assert_int_equal(ask("{\"models\":[\"a\"],\"text\":\"\\u0000\\ud800 "
			     "\\uffff\"}"),
			 RC_OK);
	answered(&out, &doc);
	route_query_release(&q);
	json_doc_release(&doc);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),    cmocka_unit_test(test_arms),
		cmocka_unit_test(test_limits),   cmocka_unit_test(test_refused),
		cmocka_unit_test(test_stands),   cmocka_unit_test(test_answer),
		cmocka_unit_test(test_any_text),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
