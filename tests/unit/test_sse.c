#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "ingest/sse.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void see(struct sse *s, struct buf *seen, struct buf *raw)
{
	struct sse_event ev;

	while (sse_next(s, &ev)) {
		buf_add(raw, ev.raw.p, ev.raw.len);
		if (!ev.whole)
			buf_adds(seen, "!");
		else if (ev.data.p)
			buf_addf(seen, "%.*s=%.*s;", STR_ARG(ev.name),
				 STR_ARG(ev.data));
		else
			buf_addf(seen, "-");
	}
}

/* The stream in pieces of a..b, b..c, c..end, each in memory of its own. */
static void read_cut(const char *text, size_t n, size_t b, size_t c, size_t max,
		     struct buf *seen)
{
	const size_t cuts[] = {0, b, c, n};
	struct buf raw;
	struct sse s;

	buf_clear(seen);
	buf_init(&raw, 1 << 20);
	sse_init(&s, max);
	for (size_t i = 0; i + 1 < N(cuts); i++) {
		size_t len = cuts[i + 1] - cuts[i];
		char *copy = malloc(len + 1);

		assert_non_null(copy);
		memcpy(copy, text + cuts[i], len);
		sse_give(&s, copy, len);
		see(&s, seen, &raw);
		free(copy);
	}
	sse_end(&s);
	see(&s, seen, &raw);
	if (sse_rest(&s).len)
		buf_addf(seen, "rest=%.*s", STR_ARG(sse_rest(&s)));
	buf_add(&raw, sse_rest(&s).p, sse_rest(&s).len);
	assert_int_equal(raw.len, n);
	assert_memory_equal(buf_str(&raw), text, n);
	sse_release(&s);
	buf_release(&raw);
}

static const struct {
	const char *text, *seen;
} cases[] = {
	{"data: a\n\n", "message=a;"},
	{"data: a\n\ndata: b\n\n", "message=a;message=b;"},
	{"event: x\ndata: {\"a\":1}\n\n", "x={\"a\":1};"},
	{"data: a\r\n\r\ndata: b\r\n\r\n", "message=a;message=b;"},
	{"data: a\r\rdata: b\r\r", "message=a;message=b;"},
	{"data: a\r\n\ndata: b\n\r\n", "message=a;message=b;"},
	{"data: a\n\rdata: b\r\n\r", "message=a;message=b;"},
	/* Several lines, with and without the blank, none at all. */
	{"data:a\ndata:  b\ndata\n\n", "message=a\n b\n;"},
	{"data\n\n", "message=;"},
	{"data:\n\n", "message=;"},
	{"event:\ndata: a\n\n", "message=a;"},
	/* Comments, unknown fields, names that only begin alike. */
	{": ping\n\n", "-"},
	{": ping\n\ndata: a\n\n", "-message=a;"},
	{"id: 7\nretry: 10\nother\ndata: a\ndatas: b\n\n", "message=a;"},
	{"event: x\n\ndata: a\n\n", "-message=a;"},
	{"event: x\nevent: y\ndata: a\n\n", "y=a;"},
	{"\n\n\ndata: a\n\n", "---message=a;"},
	{"\xef\xbb\xbf"
	 "data: a\n\n\xef\xbb\xbf"
	 "data: b\n\n",
	 "message=a;-"},
	/* The end without an empty line is no event. */
	{"data: a", "rest=data: a"},
	{"data: a\n", "rest=data: a\n"},
	{"data: a\n\ndata: b\n", "message=a;rest=data: b\n"},
	{"data: a\n\n\r", "message=a;-"},
	{"", ""},
};

static void test_every_cut(void **state)
{
	struct buf seen;

	(void)state;
	buf_init(&seen, 1 << 16);
	for (size_t i = 0; i < N(cases); i++) {
		size_t n = strlen(cases[i].text);

		for (size_t b = 0; b <= n; b++) {
			for (size_t c = b; c <= n; c++) {
				read_cut(cases[i].text, n, b, c, 100, &seen);
				assert_string_equal(buf_str(&seen),
						    cases[i].seen);
			}
		}
	}
	buf_release(&seen);
}

/* One byte too many for the maximum: pieces, then the next event is read. */
static void test_too_long(void **state)
{
	static const char fits[] = "data: 12\n\ndata: b\n\n";
	static const char not [] = "data: 123\n\ndata: b\n\n";
	struct buf seen;

	(void)state;
	buf_init(&seen, 1 << 16);
	for (size_t b = 0; b < sizeof(not ); b++) {
		const char *pieces = buf_str(&seen);

		if (b < sizeof(fits)) {
			read_cut(fits, sizeof(fits) - 1, b, sizeof(fits) - 1,
				 10, &seen);
			assert_string_equal(buf_str(&seen),
					    "message=12;message=b;");
		}
		read_cut(not, sizeof(not ) - 1, b, sizeof(not ) - 1, 10, &seen);
		pieces = buf_str(&seen);
		assert_int_equal(*pieces, '!');
		pieces += strspn(pieces, "!");
		assert_string_equal(pieces, "message=b;");
	}
	buf_release(&seen);
}

static void test_bounded(void **state)
{
	static char piece[1 << 16];
	struct sse_event ev;
	size_t passed = 0;
	struct sse s;

	(void)state;
	memset(piece, 'x', sizeof(piece));
	sse_init(&s, 100000);
	for (int i = 0; i < 200; i++) {
		sse_give(&s, piece, sizeof(piece));
		while (sse_next(&s, &ev)) {
			assert_false(ev.whole);
			passed += ev.raw.len;
		}
		assert_true(s.held.cap <= 200000);
	}
	assert_true(s.bad);
	assert_int_equal(passed, 200 * sizeof(piece));
	sse_release(&s);
}

/* An event in the middle of what came is not copied. */
static void test_no_copy(void **state)
{
	static const char text[] = "data: a\n\ndata: b\n\n";
	struct sse_event ev;
	struct sse s;

	(void)state;
	sse_init(&s, 100);
	sse_give(&s, text, sizeof(text) - 1);
	assert_true(sse_next(&s, &ev));
	assert_ptr_equal(ev.raw.p, text);
	assert_ptr_equal(ev.data.p, text + 6);
	assert_true(sse_next(&s, &ev));
	assert_ptr_equal(ev.raw.p, text + 9);
	assert_false(sse_next(&s, &ev));
	sse_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_no_copy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
