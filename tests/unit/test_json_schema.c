#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/json_schema.h"
#include "ledger/base/buf.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

#define CITY                                                                   \
	"{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}," \
	"\"n\":{\"type\":[\"integer\",\"null\"]}},\"required\":[\"city\"],"    \
	"\"additionalProperties\":false}"
#define TREE                                                                   \
	"{\"$ref\":\"#/$defs/node\",\"$defs\":{\"node\":{\"type\":\"object\"," \
	"\"properties\":{\"kids\":{\"type\":\"array\",\"maxItems\":2,"         \
	"\"items\":{\"$ref\":\"#/$defs/node\"}}},"                             \
	"\"additionalProperties\":false}}}"

static const struct {
	const char *schema, *text;
	enum json_fit fit;
} cases[] = {
	{CITY, "{\"city\":\"Bonn\"}", JSON_FITS},
	{CITY, "{\"city\":\"Bonn\",\"n\":null}", JSON_FITS},
	{CITY, "{\"city\":\"Bonn\",\"n\":3}", JSON_FITS},
	{CITY, "{\"city\":\"Bonn\",\"n\":3.5}", JSON_FITS_NOT},
	{CITY, "{\"city\":7}", JSON_FITS_NOT},
	{CITY, "{}", JSON_FITS_NOT},
	{CITY, "{\"city\":\"Bonn\",\"x\":1}", JSON_FITS_NOT},
	{CITY, "[]", JSON_FITS_NOT},
	{CITY, "{\"city\":", JSON_FITS_NOT},
	{CITY, "", JSON_FITS_NOT},
	{TREE, "{\"kids\":[{\"kids\":[]},{}]}", JSON_FITS},
	{TREE, "{\"kids\":[{\"kids\":[1]}]}", JSON_FITS_NOT},
	{TREE, "{\"kids\":[{},{},{}]}", JSON_FITS_NOT},
	{"{\"enum\":[\"a\",1,null]}", "\"\\u0061\"", JSON_FITS},
	{"{\"enum\":[\"a\",1,null]}", "1.0", JSON_FITS},
	{"{\"enum\":[\"a\",1,null]}", "\"b\"", JSON_FITS_NOT},
	{"{\"const\":true}", "false", JSON_FITS_NOT},
	{"{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "null",
	 JSON_FITS},
	{"{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "1",
	 JSON_FITS_NOT},
	{"{\"allOf\":[{\"type\":\"array\"},{\"minItems\":1}]}", "[]",
	 JSON_FITS_NOT},
	{"{\"items\":false}", "[1]", JSON_FITS_NOT},
	{"{\"unknown\":1}", "[1]", JSON_FITS},
	{"true", "{}", JSON_FITS},
	{"{", "{}", JSON_FIT_UNKNOWN},
	/* Round and round. */
	{"{\"$ref\":\"#\"}", "{}", JSON_FIT_UNKNOWN},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		if (json_schema_fit(str_from(cases[i].schema),
				    str_from(cases[i].text)) != cases[i].fit)
			fail_msg("%s, %s", cases[i].schema, cases[i].text);
}

/* Alternatives of alternatives: given up, not worked through. */
static void test_bounded(void **state)
{
	struct buf s;

	(void)state;
	buf_init(&s, 1 << 16);
	buf_adds(&s, "{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"},"
		     "{\"$ref\":\"#\"}],\"type\":\"string\"}");
	assert_int_equal(
		json_schema_fit((struct str){buf_str(&s), s.len}, STR("\"x\"")),
		JSON_FIT_UNKNOWN);
	buf_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
