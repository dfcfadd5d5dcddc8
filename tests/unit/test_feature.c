/* The features of a text: what each one counts, that a vector is the same
 * when computed again, and that no change goes without a new schema. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "router/feature.h"
#include "router/feature_text.h"

static const char sample[] =
	"# Fix the race in `pool.c`\n"
	"\n"
	"How does src/pool/pool.c:12 deadlock? See https://example.org/a?b=1.\n"
	"It must never hang, and You ONLY edit /etc/pool.d/x here.\n"
	"\n"
	"- first item\n"
	"2. second item\n"
	"A. choice\n"
	"> quoted\n"
	"```c\n"
	"int pool_get(struct pool *p)\n"
	"{\n"
	"\treturn lockPool(p) + 42;\n"
	"}\n"
	"```\n"
	"@@ -1,2 +1,2 @@\n"
	"Traceback (most recent call last):\n"
	"  File \"a.py\", line 3, in f\n"
	"TypeError: $x \\ is na\xc3\xafve\n";

static double value(const float *v, const char *name)
{
	char buf[FEATURE_NAME];

	for (int i = 0; i < feature_count(); i++)
		if (!strcmp(feature_name(i, buf), name))
			return (double)v[i];
	fail_msg("no feature is named %s", name);
	return 0;
}

static void test_counts(void **state)
{
	static const struct {
		const char *name;
		double want;
	} cases[] = {
		{"bytes", sizeof(sample) - 1},
		{"lines", 17},
		{"headings", 1},
		{"code_fences", 2},
		{"list_items", 2},
		{"choices", 1},
		{"diff_lines", 1},
		{"trace_lines", 2},
		{"errors", 1},
		{"questions", 2},
		{"urls", 1},
		{"paths", 2},
		{"math_marks", 2},
		{"identifiers", 3},
		{"hard_words", 2},  /* race deadlock */
		{"limit_words", 4}, /* must never ONLY most */
	};
	float v[FEATURE_MAX];

	(void)state;
	feature_text(STR(sample), v);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (fabs(value(v, cases[i].name) - cases[i].want) > 0)
			fail_msg("%s is %g, not %g", cases[i].name,
				 value(v, cases[i].name), cases[i].want);
}

static void test_shares(void **state)
{
	float v[FEATURE_MAX];

	(void)state;
	feature_text(STR("AB cd 12\n\n  (x)\xc3\xa9\n"), v);
	assert_true(fabs(value(v, "digit_share") * 18 - 2) < 1e-5);
	assert_true(fabs(value(v, "upper_share") * 5 - 2) < 1e-5);
	assert_true(fabs(value(v, "non_ascii_share") * 18 - 2) < 1e-5);
	assert_true(fabs(value(v, "bracket_share") * 18 - 2) < 1e-5);
	assert_true(fabs(value(v, "indent_share") * 2 - 1) < 1e-5);
	assert_true(fabs(value(v, "blank_share") * 2 - 1) < 1e-5);
	assert_true(fabs(value(v, "word_mean") * 5 - 9) < 1e-5);
	assert_true(fabs(value(v, "shout_share") * 5 - 1) < 1e-5);
}

/* Whatever the bytes are, a vector is finite, not negative, and the same
 * again; a byte after the text's end changes nothing. */
static void test_any_bytes(void **state)
{
	static char text[4096];
	float a[FEATURE_MAX], b[FEATURE_MAX];
	uint32_t x = 1;

	(void)state;
	for (int round = 0; round < 200; round++) {
		size_t len = (size_t)round * 20;
		int n;

		for (size_t i = 0; i < sizeof(text); i++) {
			x = x * 1664525 + 1013904223;
			text[i] = (char)(x >> (round % 2 ? 24 : 27));
		}
		n = feature_text((struct str){text, len}, a);
		text[len] = 'x';
		assert_int_equal(feature_text((struct str){text, len}, b), n);
		assert_memory_equal(a, b, sizeof(*a) * (size_t)n);
		for (int i = 0; i < n; i++)
			assert_true(isfinite(a[i]) && a[i] >= -1);
	}
}

static void test_empty(void **state)
{
	float v[FEATURE_MAX];
	int n = feature_text(STR_NONE, v);

	(void)state;
	for (int i = 0; i < n; i++)
		assert_true((v[i] >= 0 && v[i] <= 0) ||
			    (v[i] >= -1 && v[i] <= -1));
	assert_int_equal(feature_text(STR(""), v), n);
	assert_int_equal(feature_text(STR("\n \n"), v), n);
	assert_true(value(v, "lines") <= 0);
}

/* Only the first TEXT_READ_MAX bytes are read; the length counts whole. */
static void test_bound(void **state)
{
	size_t len = TEXT_READ_MAX + 6;
	char *text = test_malloc(len);
	float v[FEATURE_MAX];

	(void)state;
	memset(text, ' ', len);
	text[0] = 'a';
	text[len - 2] = 'b';
	feature_text((struct str){text, len}, v);
	assert_true(fabs(value(v, "bytes") - (double)len) < 1);
	assert_true(fabs(value(v, "words") - 1) < 1e-6);
	test_free(text);
}

static float one(const struct feature_in *in, int i)
{
	(void)i;
	return (float)in->text->lines;
}

static void test_schema(void **state)
{
	struct feature t[2] = {
		{"a", "x", 1, one, 1},
		{"b", "y", 1, one, 1},
	};
	const struct feature swapped[2] = {t[1], t[0]};
	struct uuid base = feature_schema_of(t, 2);
	int n;
	const struct feature *shipped = feature_table(&n);

	(void)state;
	assert_true(uuid_eq(base, feature_schema_of(t, 2)));
	assert_false(uuid_eq(base, feature_schema_of(t, 1)));
	assert_false(uuid_eq(base, feature_schema_of(swapped, 2)));
	t[1].version = 2;
	assert_false(uuid_eq(base, feature_schema_of(t, 2)));
	t[1].version = 1;
	t[1].name = "c";
	assert_false(uuid_eq(base, feature_schema_of(t, 2)));
	assert_true(uuid_eq(feature_schema(), feature_schema_of(shipped, n)));
}

static void test_table(void **state)
{
	int n;
	const struct feature *t = feature_table(&n);
	char name[FEATURE_NAME];
	int values = 0;

	(void)state;
	assert_in_range(n, 1, FEATURE_MAX);
	for (int i = 0; i < n; i++)
		values += t[i].width;
	assert_int_equal(values, feature_count());
	assert_in_range(values, 1, FEATURE_MAX);
	assert_string_equal(feature_name(0, name), t[0].name);
	assert_string_equal(feature_name(values - 1, name), "char_gram.31");
	assert_string_equal(feature_name(values, name), "class_t1");
	for (int i = 0; i < n; i++) {
		assert_true(t[i].version >= 1);
		assert_non_null(t[i].help);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(t[i].name, t[k].name);
	}
}

/* Every word of the lists is found again by the reader: none is hidden by
 * another's hash. */
static void test_lists(void **state)
{
	(void)state;
	for (int i = 0; text_word_list(i); i++) {
		struct str list = str_from(text_word_list(i));
		struct text_stats s;
		uint64_t words = 1;

		for (size_t k = 0; k < list.len; k++)
			words += list.p[k] == ' ';
		text_stats_read(&s, list);
		assert_in_range(i, 0, TEXT_LISTS - 1);
		assert_int_equal(s.words, words);
		assert_int_equal(s.list_words[i], words);
	}
}

static void test_languages(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{"def f(self): yield None", "language.0"},
		{"const x = typeof y; export function z() {}", "language.1"},
		{"static unsigned int f(struct s *p)", "language.2"},
		{"SELECT a FROM t WHERE b ORDER BY c", "language.3"},
		{"sudo apt; grep x /etc/y | awk z", "language.4"},
		{"<div class=\"x\"><span>", "language.5"},
		{"what is the name of that", "language.6"},
		{"der Mann und die Frau sind nicht da", "language.7"},
		{"il est dans la rue avec les enfants", "language.8"},
		{"el perro y los gatos en las casas", "language.9"},
		{"\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2", "cyrillic_share"},
		{"\xe4\xbd\xa0\xe5\xa5\xbd", "east_asian_share"},
		{"\xd9\x85\xd8\xb1\xd8\xad", "arabic_share"},
		{"\xe0\xa4\xa8", "indic_share"},
		{"\xf0\x9f\x98\x80", "symbol_share"},
		{"\xc3\xa9t\xc3\xa9", "latin_share"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		float v[FEATURE_MAX];

		feature_text(str_from(cases[i].text), v);
		for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
			if (value(v, cases[i].name) < value(v, cases[k].name))
				fail_msg("%s is taken for %s", cases[i].text,
					 cases[k].name);
		assert_true(value(v, cases[i].name) > 0.2);
	}
}

/* Every word and every pair counts once, every three bytes of a word too. */
static void test_grams(void **state)
{
	struct text_stats s;
	uint64_t words = 0, chars = 0;
	float v[FEATURE_MAX];

	(void)state;
	text_stats_read(&s, STR("abcd Efg, ab abcd"));
	for (int i = 0; i < TEXT_GRAMS; i++) {
		words += s.word_grams[i];
		chars += s.char_grams[i];
	}
	assert_int_equal(words, 4 + 3);
	assert_int_equal(chars, 2 + 1 + 0 + 2);
	/* a case of letters and blanks between words change none */
	feature_text(STR("abcd"), v);
	assert_true(value(v, "language.6") <= 0);
	for (int i = 0; i < 2; i++) {
		struct text_stats t;

		text_stats_read(&t, i ? STR("ABCD\n\tefg ab\nAbcd")
				      : STR("abcd efg ab abcd"));
		assert_memory_equal(t.word_grams, s.word_grams,
				    sizeof(s.word_grams));
		assert_memory_equal(t.char_grams, s.char_grams,
				    sizeof(s.char_grams));
	}
}

static void test_context(void **state)
{
	struct feature_ctx c;
	float a[FEATURE_MAX], b[FEATURE_MAX];

	(void)state;
	feature_ctx_init(&c);
	assert_int_equal(feature_vector(STR("x"), NULL, a), feature_count());
	feature_vector(STR("x"), &c, b);
	assert_memory_equal(a, b, sizeof(float) * (size_t)feature_count());
	assert_true(value(a, "step") < -0.5 && value(a, "attempts") <= 0);
	c = (struct feature_ctx){true, 3, 7, 12, 5,    9000,
				 8000, 2, 1, 2,  0x14, 12345678};
	feature_vector(STR("x"), &c, b);
	assert_true(fabs(value(b, "class_guessed") - 1) < 1e-6);
	assert_true(fabs(value(b, "step_kind") - 3) < 1e-6);
	assert_true(fabs(value(b, "step") - 7) < 1e-6);
	assert_true(fabs(value(b, "tools_offered") - 12) < 1e-6);
	assert_true(fabs(value(b, "tools_used") - 5) < 1e-6);
	assert_true(fabs(value(b, "context_growth") - 1000) < 1e-6);
	assert_true(fabs(value(b, "step_errors") - 2) < 1e-6);
	assert_true(fabs(value(b, "step_repeats") - 1) < 1e-6);
	assert_true(fabs(value(b, "attempts") - 2) < 1e-6);
	assert_true(fabs(value(b, "tiers_tried") - 2) < 1e-6);
	assert_true(fabs(value(b, "tier_low") - 2) < 1e-6);
	assert_true(fabs(value(b, "tier_high") - 4) < 1e-6);
	assert_true(fabs(value(b, "cost_so_far") - 12) < 1e-6);
	/* nonsense is what is not known */
	c = (struct feature_ctx){true,      -9, -9, -9, -9,  INT64_MIN,
				 INT64_MAX, -9, -9, -9, ~0U, INT64_MIN};
	feature_vector(STR("x"), &c, b);
	for (int i = 0; i < feature_count(); i++)
		assert_true(isfinite(b[i]) && b[i] >= -1);
	assert_true(fabs(value(b, "tiers_tried") - 5) < 1e-6);
}

/* If this fails, what the features see has changed: raise the version of each
 * feature that changed, then write the new pair here. */
static void test_version_was_raised(void **state)
{
	static const char schema[] = "e05cff12-3567-2612-17dc-0901c53dd5af";
	static const char vector[] =
		"376 17 72 3.41667 14.4706 68 14.4 5 0.0292553 0.0646552 "
		"0.164894 0.183511 0.00531915 0.0212766 0.0132979 0.0265957 "
		"0.117647 0.117647 0.0588235 2 1 2 1 2 2 1 1 9 3 1 2 2 0 "
		"0.0138889 55 0.763889 0.0416667 2 1 2 4 2 0 0.00265957 0 0 "
		"0 0 0 0.0138889 0 0.0277778 0 0.0138889 0 0.0972222 0 0 0 "
		"0 -1 -1 -1 -1 -1 -1 0 0 0 0 0 0 0 5 13 1 5 14 7 1 5 9 12 "
		"10 11 5 7 7 0 10 11 11 10 10 11 9 12 11 14 5 7 10 7 11 10 "
		"7 1 7 7 5 7 7 5 10 0 5 10 9 11 10 10 9 11 15 7 0 1 10 9 9 "
		"10 7 7 7 13 9 10 ";
	char got[2048] = "", text[UUID_TEXT];
	float v[FEATURE_MAX];
	int n = feature_text(STR(sample), v);
	size_t len = 0;

	(void)state;
	for (int i = 0; i < n; i++)
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%.6g ",
					(double)v[i]);
	if (!strcmp(uuid_format(feature_schema(), text), schema))
		assert_string_equal(got, vector);
	else
		fail_msg("schema %s, vector %s", text, got);
}

/* Kept counts give the same vector, whatever was asked in between. */
static void test_memo(void **state)
{
	struct feature_memo *m = feature_memo_new();
	float a[FEATURE_MAX], b[FEATURE_MAX];
	size_t bytes = (size_t)feature_count() * sizeof(float);

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t n = 0; n < sizeof(sample); n++) {
			struct str text = {sample, n};
			struct feature_ctx c;

			feature_ctx_init(&c);
			c.step = round + (int)n;
			feature_vector(text, &c, a);
			for (int i = 0; i < 2; i++) {
				assert_int_equal(
					feature_vector_memo(m, text, &c, b),
					feature_count());
				assert_memory_equal(a, b, bytes);
			}
		}
	}
	feature_memo_free(m);
	feature_memo_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_grams),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_memo),
		cmocka_unit_test(test_version_was_raised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
