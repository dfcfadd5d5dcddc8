#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "ingest/pb.h"

/* All fields as text, and the reason they end, from a block of exactly the
 * size. */
static void show(char *out, size_t size, const char *bytes, size_t n)
{
	char *copy = malloc(n ? n : 1);
	struct pb_field f;
	size_t at = 0;
	struct pb c;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	c = pb_of((struct str){copy, n});
	out[0] = 0;
	while (pb_next(&c, &f)) {
		at += (size_t)snprintf(out + at, size - at, "%u/%d:", f.no,
				       f.wire);
		if (f.wire == PB_BYTES)
			at += (size_t)snprintf(out + at, size - at, "%.*s ",
					       STR_ARG(f.s));
		else
			at += (size_t)snprintf(out + at, size - at, "%llu ",
					       (unsigned long long)f.n);
	}
	if (c.why)
		snprintf(out + at, size - at, "%s", c.why);
	free(copy);
}

#define CASE(bytes, text)                                                      \
	{                                                                      \
		bytes, sizeof(bytes) - 1, text                                 \
	}

static void test_fields(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *text;
	} cases[] = {
		CASE("", ""),
		CASE("\x08\x00", "1/0:0 "),
		CASE("\x08\x80\x00", "1/0:0 "), /* longer than needed */
		CASE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		     "1/0:18446744073709551615 "),
		CASE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
		     "a number of more than 64 bits"),
		CASE("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00",
		     "a number of more than 64 bits"),
		CASE("\x08", "a number beyond the end"),
		CASE("\x08\x80", "a number beyond the end"),
		CASE("\x80", "a number beyond the end"),
		CASE("\x09\x01\x02\x03\x04\x05\x06\x07\x08",
		     "1/1:578437695752307201 "),
		CASE("\x09\x01\x02\x03\x04\x05\x06\x07",
		     "a number beyond the end"),
		CASE("\x0d\x01\x02\x03\x04", "1/5:67305985 "),
		CASE("\x0d\x01\x02\x03", "a number beyond the end"),
		CASE("\x12\x02hi\x12\x00", "2/2:hi 2/2: "),
		CASE("\x12\x03hi", "a length beyond the end"),
		CASE("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		     "a length beyond the end"),
		CASE("\x00\x01", "a field number out of range"),
		CASE("\x02\x00", "a field number out of range"),
		CASE("\xfa\xff\xff\xff\x0f\x00", "536870911/2: "),
		CASE("\x82\x80\x80\x80\x10\x00", "a field number out of range"),
		CASE("\x0b", "an unknown wire type"),
		CASE("\x0c", "an unknown wire type"),
		CASE("\x0e", "an unknown wire type"),
		CASE("\x0f", "an unknown wire type"),
		CASE("\x08\x01\x0b", "1/0:1 an unknown wire type"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[256];

		show(text, sizeof(text), cases[i].bytes, cases[i].n);
		if (strcmp(text, cases[i].text) != 0)
			fail_msg("case %zu: %s, not %s", i, text,
				 cases[i].text);
	}
}

static void test_absent_is_empty(void **state)
{
	struct pb c = pb_of(STR_NONE);
	struct pb_field f;

	(void)state;
	assert_false(pb_next(&c, &f));
	assert_null(c.why);
}

static void test_double(void **state)
{
	struct pb c = pb_of((struct str){"\x09\0\0\0\0\0\0\xf8\x3f", 9});
	struct pb_field f;

	(void)state;
	assert_true(pb_next(&c, &f));
	assert_true(pb_is(&f, 1, PB_FIXED64));
	assert_false(pb_is(&f, 1, PB_VARINT) || pb_is(&f, 2, PB_FIXED64));
	assert_true(pb_double(&f) > 1.49 && pb_double(&f) < 1.51);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_absent_is_empty),
		cmocka_unit_test(test_double),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
