/* aco price: what people and scripts see. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/arena.h"
#include "ledger/base/json.h"
#include "tests/int/harness.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static char env_url[512];
static const char *const env[] = {env_url, "ACO_NOW=2026-11-24T05:20:00Z",
				  NULL};
static const struct harness_run with_db = {.env = env};
static const char *const env_none[] = {"ACO_NOW=2026-11-24T05:20:00Z", NULL};
static const struct harness_run without_db = {.env = env_none};

static struct db *use_db(const char *name)
{
	const char *url = harness_db(name);

	snprintf(env_url, sizeof(env_url), "ACO_DATABASE_URL=%s", url);
	return harness_open(url);
}

/* Run and compare exit code and standard output; what must be in standard
 * error, if it is not NULL. */
static void check(const struct harness_run *how, const char *const args[],
		  int code, const char *out, const char *err)
{
	struct harness_end end = harness_aco(how, args);

	if (end.code != code)
		fail_msg("exit code %d: %s", end.code, end.err);
	if (out)
		assert_string_equal(end.out, out);
	if (err)
		ASSERT_CONTAINS(end.err, err);
	harness_end_free(&end);
}
#define CHECK(how, code, out, err, ...)                                        \
	check((how), (const char *const[]){"price", __VA_ARGS__, NULL},        \
	      (code), (out), (err))

struct answer {
	struct harness_end end;
	struct json_doc doc;
	struct arena arena;
};

static void ask(struct answer *a, const struct harness_run *how,
		const char *const args[])
{
	struct err e;

	a->end = harness_aco(how, args);
	json_doc_init(&a->doc, 1000000);
	arena_init(&a->arena, 1 << 20);
	if (a->end.code != 0)
		fail_msg("exit code %d: %s", a->end.code, a->end.err);
	assert_string_equal(a->end.err, "");
	ASSERT_OK(json_parse(&a->doc, str_from(a->end.out), &e), &e);
}
#define ASK(a, how, ...)                                                       \
	ask((a), (how), (const char *const[]){"price", __VA_ARGS__, NULL})

static const char *text(struct answer *a, const char *path)
{
	struct str s = json_str(json_path(a->doc.nodes, path), &a->arena);

	return s.p ? arena_str(&a->arena, s).p : "(none)";
}

static void done(struct answer *a)
{
	json_doc_release(&a->doc);
	arena_release(&a->arena);
	harness_end_free(&a->end);
}

static const char *file(const char *content)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/prices.csv", harness_dir());
	harness_write(path, content);
	return path;
}

#define HEAD                                                                   \
	"source,provider,model,valid_from,input_per_mtok,output_per_mtok,"     \
	"cache_read_per_mtok\n"

/* ---- tests ---- */

static void cost_without_a_ledger(void **state)
{
	struct answer a;

	(void)state;
	CHECK(&without_db, 0,
	      "anthropic/claude-sonnet-4-5, price 21 valid from ever "
	      "(genai-prices@0.1.8, 2026-09-23)\n"
	      "  uncached_in              350 x $3 /Mtok             = "
	      "$0.00105\n"
	      "  cache_read             10000 x $0.3 /Mtok           = "
	      "$0.003\n"
	      "  cache_write_5m          1500 x $3.75 /Mtok          = "
	      "$0.005625\n"
	      "  cache_write_1h           500 x $6 /Mtok             = "
	      "$0.003\n"
	      "  output                   512 x $15 /Mtok            = "
	      "$0.00768\n"
	      "  web_search                 1 x $0.01                = $0.01\n"
	      "  total                                               = "
	      "$0.030355\n",
	      "shipped prices, there is no ledger to ask", "cost",
	      "anthropic/claude-sonnet-4-5-20250929", "uncached_in=350",
	      "cache_read=10000", "cache_write_5m=1500", "cache_write_1h=500",
	      "output=512", "web_search=1", "--at", "2026-06-01");
	ASK(&a, &without_db, "cost", "gpt-5.6-sol", "--json", "--at",
	    "2026-08-20", "uncached_in=200", "cache_read=2000",
	    "cache_write_5m=400", "output=120");
	assert_string_equal(text(&a, "usd"), "0.0081");
	assert_string_equal(text(&a, "book"), "shipped");
	assert_string_equal(text(&a, "price.model"), "gpt-5.6-sol");
	assert_string_equal(text(&a, "price.input_per_mtok"), "5");
	assert_int_equal(json_get(a.doc.nodes, "terms")->count, 4);
	done(&a);
	ASK(&a, &without_db, "cost", "openai/gpt-77", "--json", "output=1");
	assert_true(json_is(json_get(a.doc.nodes, "usd"), JSON_NULL));
	assert_true(json_is(json_get(a.doc.nodes, "price"), JSON_NULL));
	assert_string_equal(text(&a, "state"), "no_model");
	assert_string_equal(text(&a, "reason"),
			    "the model is not in the price table");
	done(&a);
	CHECK(&without_db, 0, "",
	      "openai/gpt-77 has no cost: the model is not in the price table",
	      "cost", "openai/gpt-77", "output=1");
	CHECK(&without_db, 0, "", "unknown service tier", "cost",
	      "openai/gpt-5", "output=1", "--service-tier", "scale");
}

static void mistakes_in_words(void **state)
{
	(void)state;
	CHECK(&without_db, 2, "", "say what: list, show", "--json");
	CHECK(&without_db, 2, "", "did you mean 'list'?", "lits");
	CHECK(&without_db, 2, "", "price list takes no option '--source'",
	      "list", "--source", "x");
	CHECK(&without_db, 2, "", "price cost wants more operands", "cost",
	      "gpt-5");
	CHECK(&without_db, 2, "", "price list: 'b' is too many", "list", "a",
	      "b");
	CHECK(&without_db, 2, "", "did you mean 'uncached_in'?", "cost",
	      "gpt-5", "uncachedin=1");
	CHECK(&without_db, 2, "", "output: '-1' is not a number of tokens",
	      "cost", "gpt-5", "output=-1");
	CHECK(&without_db, 2, "", "output is there twice", "cost", "gpt-5",
	      "output=1", "output=1");
	CHECK(&without_db, 2, "", "reasoning is a part of output", "cost",
	      "gpt-5", "output=1", "reasoning=2");
	CHECK(&without_db, 2, "", "--at: 'soon' is not a time", "list", "--at",
	      "soon");
	CHECK(&without_db, 2, "", "--json and --csv exclude each other", "list",
	      "--json", "--csv");
	CHECK(&without_db, 1, "", "'gpt-77' is not in the price table", "show",
	      "gpt-77");
}

static void list_and_show(void **state)
{
	struct db *db = use_db("list");
	struct answer a;

	(void)state;
	CHECK(&with_db, 0,
	      "MODEL                    TIER  INPUT  OUTPUT  CACHE READ  "
	      "WRITE 5M  WRITE 1H  LONG ABOVE  VALID FROM  UTC WINDOW  PR"
	      "ICE\n"
	      "azure/o3-2025-04-16         4      2       8         0.5  "
	      "       -         -           -  -           -             "
	      "130\n"
	      "azure/o3-mini               4    1.1     4.4        0.55  "
	      "       -         -           -  -           -             "
	      "131\n"
	      "openai/o3-deep-research     5     10      40         2.5  "
	      "       -         -           -  -           -             "
	      "432\n"
	      "openai/o3-mini              4    1.1     4.4        0.55  "
	      "       -         -           -  -           -             "
	      "433\n"
	      "openai/o3-pro               5     20      80           -  "
	      "       -         -           -  -           -             "
	      "434\n",
	      "prices of the ledger", "list", "/o3-");
	ASK(&a, &with_db, "list", "--json", "--at", "2025-06-09T23:59:59Z",
	    "openai/o3-");
	assert_string_equal(text(&a, "book"), "ledger");
	assert_string_equal(text(&a, "at"), "2025-06-09T23:59:59.000000Z");
	done(&a);
	ASK(&a, &with_db, "list", "--json", "--all");
	assert_int_equal(json_get(a.doc.nodes, "prices")->count, 543);
	done(&a);
	ASK(&a, &with_db, "show", "--json", "openai/o3-2025-04-16");
	assert_string_equal(text(&a, "model"), "o3");
	assert_string_equal(text(&a, "found"), "stripped");
	assert_string_equal(text(&a, "table_date"), "2026-09-23");
	assert_string_equal(text(&a, "table_age_days"), "62");
	assert_string_equal(text(&a, "in_force"), "431");
	assert_int_equal(json_get(a.doc.nodes, "versions")->count, 2);
	done(&a);
	db_close(db);
}

/* What list --csv writes, import reads, and there is nothing new in it. */
static void csv_there_and_back(void **state)
{
	struct db *db = use_db("back");
	struct harness_end end =
		HARNESS_ACO(&with_db, "price", "list", "--all", "--csv");
	char *shipped =
		harness_read("ledger/prices/prices_core_vendorable.csv");
	char *p = end.out, *q = shipped;

	(void)state;
	assert_int_equal(end.code, 0);
	for (; *p && *q; p++, q++) { /* but for the ends of lines */
		if (*p == '\r')
			p++;
		assert_int_equal(*p, *q);
	}
	assert_int_equal(*p, *q);
	CHECK(&with_db, 0, NULL, NULL, "import", file(end.out));
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM price"),
			 543);
	/* The same into an empty table gives the same table. */
	harness_sql(db, "TRUNCATE price RESTART IDENTITY");
	CHECK(&with_db, 0, NULL, NULL, "import", file(shipped));
	harness_end_free(&end);
	end = HARNESS_ACO(&with_db, "price", "list", "--all", "--json");
	assert_int_equal(harness_sql_i64(db, "SELECT max(id) FROM price"), 543);
	assert_int_equal(harness_sql_i64(db,
					 "SELECT count(*) FROM price WHERE "
					 "source = 'genai-prices@0.1.8' AND "
					 "source_date = '2026-09-23'"),
			 543);
	free(shipped);
	harness_end_free(&end);
	db_close(db);
}

static void import_is_all_or_nothing(void **state)
{
	struct db *db = use_db("import");
	const char *path = file(HEAD "s,openai,gpt-5,,1,2,3\n"
				     "s,openai,gpt-77,,1,cheap,3\n");
	char want[600];

	(void)state;
	snprintf(want, sizeof(want),
		 "aco: %s:3: output_per_mtok 'cheap' is not a price "
		 "(dollars, at most 9 decimals)",
		 path);
	CHECK(&with_db, 1, "", want, "import", path);
	CHECK(&with_db, 1, "", want, "diff", path);
	path = file(HEAD "s,openai,gpt-77,,1,2,3\ns,openai,openai/gpt-77,,1,2,"
			 "4\n");
	snprintf(want, sizeof(want),
		 "%s:3: another price for the same model, valid_from and "
		 "utc_window as line 2",
		 path);
	CHECK(&with_db, 1, "", want, "import", path);
	path = file("provider,model,input_per_mtok\nopenai,gpt-77,1\n");
	CHECK(&with_db, 1, "", "hint: say who says so: --source NAME", "import",
	      path);
	CHECK(&with_db, 1, "", "No such file", "import", "/nonexistent");
	CHECK(&without_db, 1, "", "cannot connect", "import",
	      file(HEAD "s,openai,gpt-77,,1,2,3\n"));
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM price"),
			 543);
	db_close(db);
}

static void import_adds_and_never_edits(void **state)
{
	struct db *db = use_db("adds");
	const char *path = file(HEAD "s,openai,gpt-77,,1,2,\n"
				     "s,openai,gpt-5,,1.5,10,0.125\n"
				     "s,openai,o3-mini,,1.1,4.4,0.55\n"
				     "s,openai,openai/gpt-77,,1,2,\n");
	char want[900];
	struct answer a;

	(void)state;
	harness_sql(db, "UPDATE price SET imported_at = '2026-01-01Z'");
	ASK(&a, &with_db, "import", "--dry-run", "--json", path);
	assert_string_equal(text(&a, "new"), "1");
	assert_string_equal(text(&a, "changed"), "2");
	assert_string_equal(text(&a, "without_valid_from"), "3");
	done(&a);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM price"),
			 543);
	snprintf(want, sizeof(want),
		 "MODEL           VALID FROM  UTC WINDOW  WHAT              "
		 "          NOW     FILE   CHANGE\n"
		 "openai/gpt-77   -           -           input_per_mtok    "
		 "     (no row)        1        -\n"
		 "openai/gpt-77   -           -           output_per_mtok   "
		 "     (no row)        2        -\n"
		 "openai/gpt-5    -           -           input_per_mtok    "
		 "         1.25      1.5  +20.0 %%\n"
		 "openai/gpt-5    -           -           web_search_per_1k_"
		 "usd        10  unknown        -\n"
		 "openai/gpt-5    -           -           context_window    "
		 "       400000  unknown        -\n"
		 "openai/o3-mini  -           -           context_window    "
		 "       200000  unknown        -\n"
		 "%s: 1 new, 2 changed, 1 same\n",
		 path);
	CHECK(&with_db, 0, want, "3 rows without valid_from apply to the past",
	      "diff", path);
	snprintf(want, sizeof(want), "%s: 1 new, 2 changed, 1 same\n", path);
	CHECK(&with_db, 0, want, NULL, "import", path);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM price WHERE "
					     "imported_at = '2026-01-01Z'"),
			 543);
	assert_string_equal(
		harness_sql_text(db, "SELECT string_agg(concat_ws(' ', id, "
				     "source, provider, model, input_fusd), "
				     "', ' ORDER BY id) FROM price "
				     "WHERE id > 543"),
		"544 s openai gpt-77 1000000000, 545 s openai gpt-5 "
		"1500000000, 546 s openai o3-mini 1100000000");
	/* Again: all of it is known. */
	snprintf(want, sizeof(want), "%s: 0 new, 0 changed, 4 same\n", path);
	CHECK(&with_db, 0, want, NULL, "import", path);
	assert_int_equal(harness_sql_i64(db, "SELECT max(id) FROM price"), 546);
	ASK(&a, &with_db, "cost", "gpt-77", "--json", "output=1000000");
	assert_string_equal(text(&a, "usd"), "2");
	assert_string_equal(text(&a, "book"), "ledger");
	done(&a);
	ASK(&a, &with_db, "cost", "gpt-77", "--json", "--shipped", "output=1");
	assert_string_equal(text(&a, "state"), "no_model");
	done(&a);
	db_close(db);
}

/* A row that is added goes behind its model's others; those behind it in the
 * file go behind it again, and who is hidden by it is told. */
static void order_is_kept(void **state)
{
	struct db *db = use_db("order");
	const char *path;
	char want[600];
	struct answer a;

	(void)state;
	path = file(HEAD "s,openai,gpt-77,,1,1,\n"
			 "s,openai,gpt-77,2026-10-01,2,2,\n");
	CHECK(&with_db, 0, NULL, NULL, "import", path);
	path = file(HEAD "s,openai,gpt-77,,1.5,1.5,\n"
			 "s,openai,gpt-77,2026-10-01,2,2,\n");
	snprintf(want, sizeof(want),
		 "%s: 0 new, 1 changed, 1 same (1 of them added again to stay "
		 "last)\n",
		 path);
	CHECK(&with_db, 0, want, NULL, "import", path);
	ASK(&a, &with_db, "cost", "gpt-77", "--json", "output=1000000");
	assert_string_equal(text(&a, "usd"), "2");
	done(&a);
	ASK(&a, &with_db, "cost", "gpt-77", "--json", "output=1000000", "--at",
	    "2026-09-30");
	assert_string_equal(text(&a, "usd"), "1.5");
	done(&a);
	path = file(HEAD ",openai,gpt-77,,3,3,\n");
	CHECK(&with_db, 0, NULL,
	      "line 2 (openai/gpt-77 from ever) hides price 547, which is "
	      "valid from 2026-10-01",
	      "import", "--dry-run", "--source", "x", path);
	CHECK(&with_db, 0, NULL, NULL, "import", "--source", "x",
	      "--valid-from", "2026-11-01", path);
	ASK(&a, &with_db, "cost", "gpt-77", "--json", "output=1000000", "--at",
	    "2026-10-30");
	assert_string_equal(text(&a, "usd"), "2");
	done(&a);
	ASK(&a, &with_db, "cost", "gpt-77", "--json", "output=1000000");
	assert_string_equal(text(&a, "usd"), "3");
	assert_string_equal(text(&a, "price.source"), "x");
	assert_string_equal(text(&a, "price.valid_from"), "2026-11-01");
	done(&a);
	db_close(db);
}

static void recalc_says_what_it_did(void **state)
{
	struct db *db = use_db("recalc");
	struct answer a;

	(void)state;
	CHECK(&with_db, 0, "0 calls checked, 0 corrected\n", NULL, "recalc");
	ASK(&a, &with_db, "recalc", "--json", "--dry-run");
	assert_string_equal(text(&a, "checked"), "0");
	assert_string_equal(text(&a, "change_usd"), "0");
	done(&a);
	CHECK(&without_db, 1, "", "cannot connect", "recalc");
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cost_without_a_ledger),
		cmocka_unit_test(mistakes_in_words),
		cmocka_unit_test(list_and_show),
		cmocka_unit_test(csv_there_and_back),
		cmocka_unit_test(import_is_all_or_nothing),
		cmocka_unit_test(import_adds_and_never_edits),
		cmocka_unit_test(order_is_kept),
		cmocka_unit_test(recalc_says_what_it_did),
	};

	return harness_main("price_cmd", tests, N(tests));
}
