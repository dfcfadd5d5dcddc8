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
	int n;
	const struct feature *t = feature_table(&n);

	for (int i = 0; i < n; i++)
		if (!strcmp(t[i].name, name))
			return v[i];
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
			assert_true(isfinite(a[i]) && a[i] >= 0);
	}
}

static void test_empty(void **state)
{
	float v[FEATURE_MAX];
	int n = feature_text(STR_NONE, v);

	(void)state;
	for (int i = 0; i < n; i++)
		assert_true(v[i] >= 0 && v[i] <= 0);
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

	(void)state;
	assert_in_range(n, 1, FEATURE_MAX);
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
		uint64_t found[5], words = 1;

		for (size_t k = 0; k < list.len; k++)
			words += list.p[k] == ' ';
		text_stats_read(&s, list);
		found[0] = s.hard_words;
		found[1] = s.easy_words;
		found[2] = s.code_words;
		found[3] = s.ask_words;
		found[4] = s.limit_words;
		assert_in_range(i, 0, 4);
		assert_int_equal(s.words, words);
		assert_int_equal(found[i], words);
	}
}

/* If this fails, what the features see has changed: raise the version of each
 * feature that changed, then write the new pair here. */
static void test_version_was_raised(void **state)
{
	static const char schema[] = "2b60ddb9-b7dc-5cd5-d22e-af7e6994754b";
	static const char vector[] =
		"376 17 72 3.41667 14.4706 68 14.4 5 0.0292553 0.0646552 "
		"0.164894 0.183511 0.00531915 0.0212766 0.0132979 0.0265957 "
		"0.117647 0.117647 0.0588235 2 1 2 1 2 2 1 1 9 3 1 2 2 0 "
		"0.0138889 55 0.763889 0.0416667 2 1 2 4 ";
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
		cmocka_unit_test(test_version_was_raised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
