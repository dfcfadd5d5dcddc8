#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "ingest/otlp.h"

static void is(const struct buf *b, const char *want, size_t n)
{
	assert_int_equal(b->len, n);
	assert_memory_equal(buf_str(b), want, n);
}

static void test_success(void **state)
{
	static const struct {
		enum otlp_signal signal;
		int64_t rejected;
		const char *why, *json, *pb;
		size_t pb_len;
	} cases[] = {
		{OTLP_TRACES, 0, NULL, "{}", "", 0},
		{OTLP_LOGS, 0, "", "{}", "", 0},
		{OTLP_TRACES, 3, "no",
		 "{\"partialSuccess\":{\"rejectedSpans\":\"3\","
		 "\"errorMessage\":\"no\"}}",
		 "\x0a\x06\x08\x03\x12\x02no", 8},
		{OTLP_LOGS, 300, NULL,
		 "{\"partialSuccess\":{\"rejectedLogRecords\":\"300\"}}",
		 "\x0a\x03\x08\xac\x02", 5},
		{OTLP_METRICS, 1, "a\"b",
		 "{\"partialSuccess\":{\"rejectedDataPoints\":\"1\","
		 "\"errorMessage\":\"a\\\"b\"}}",
		 "\x0a\x07\x08\x01\x12\x03"
		 "a\"b",
		 9},
		{OTLP_TRACES, 0, "old",
		 "{\"partialSuccess\":{\"errorMessage\":\"old\"}}",
		 "\x0a\x05\x12\x03old", 7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf b;

		buf_init(&b, 4096);
		otlp_success(&b, cases[i].signal, OTLP_JSON, cases[i].rejected,
			     cases[i].why);
		assert_string_equal(buf_str(&b), cases[i].json);
		buf_clear(&b);
		otlp_success(&b, cases[i].signal, OTLP_PROTOBUF,
			     cases[i].rejected, cases[i].why);
		is(&b, cases[i].pb, cases[i].pb_len);
		buf_release(&b);
	}
}

static void test_status(void **state)
{
	static const struct {
		int status, code;
	} cases[] = {{400, 3},  {401, 16}, {403, 7}, {404, 5}, {405, 12},
		     {408, 4},  {413, 8},  {415, 3}, {429, 8}, {500, 13},
		     {502, 14}, {503, 14}, {504, 14}};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char want[64];

		buf_clear(&b);
		otlp_status(&b, OTLP_JSON, cases[i].status, "m");
		snprintf(want, sizeof(want), "{\"code\":%d,\"message\":\"m\"}",
			 cases[i].code);
		assert_string_equal(buf_str(&b), want);
	}
	buf_clear(&b);
	otlp_status(&b, OTLP_PROTOBUF, 503, "full");
	is(&b,
	   "\x08\x0e\x12\x04"
	   "full",
	   8);
	buf_release(&b);
	assert_string_equal(otlp_content_type(OTLP_JSON), "application/json");
	assert_string_equal(otlp_content_type(OTLP_PROTOBUF),
			    "application/x-protobuf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_success),
		cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
