/* Text for a terminal: what hostile names become, widths, cutting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <string.h>

#include "tui/text.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void cleaned(void **state)
{
	static const struct {
		struct str in;
		const char *want;
	} cases[] = {
		{STR("plain"), "plain"},
		{STR(""), ""},
		{STR("a\tb\nc\rd"), "a b c d"},
		{STR("\033[2J\033]0;x\007"), "?[2J?]0;x?"},
		{STR("nul\0in it"), "nul?in it"},
		{STR("del\177"), "del?"},
		{STR("c1 \xc2\x9b csi"), "c1 ? csi"},
		{STR("bad \xff\xc0\x80 utf8"), "bad ??? utf8"},
		{STR("cut \xe2\x82"), "cut ??"},
		{STR("surrogate \xed\xa0\x80"), "surrogate ???"},
		{STR("caf\xc3\xa9"), "café"},
		{STR("\xe6\xbc\xa2\xe5\xad\x97"), "漢字"},
		/* Directions: the override and its end vanish. */
		{STR("a\xe2\x80\xae"
		     "b\xe2\x80\xac"
		     "c"),
		 "abc"},
		{STR("a\xe2\x81\xa6"
		     "b\xe2\x81\xa9"
		     "c"),
		 "abc"},
		/* Zero width space and joiner, byte order mark, tags. */
		{STR("a\xe2\x80\x8b"
		     "b\xe2\x80\x8d"
		     "c\xef\xbb\xbf"),
		 "abc"},
		{STR("a\xf3\xa0\x81\x81"
		     "b"),
		 "ab"},
		/* Line and paragraph separators, exotic blanks. */
		{STR("a\xe2\x80\xa8"
		     "b\xc2\xa0"
		     "c\xe3\x80\x80"
		     "d"),
		 "a b c d"},
		/* Two marks stay, a pile does not; none stands on nothing. */
		{STR("e\xcc\x81"), "e\xcc\x81"},
		{STR("e\xcc\x81\xcc\x82\xcc\x83\xcc\x84"), "e\xcc\x81\xcc\x82"},
		{STR("\xcc\x81"
		     "e"),
		 "e"},
		/* A flag. */
		{STR("\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"), "??"},
	};
	char out[64];

	(void)state;
	text_set_unicode(true);
	for (size_t i = 0; i < N(cases); i++) {
		size_t n = text_clean(cases[i].in, out, sizeof(out));

		assert_string_equal(out, cases[i].want);
		assert_int_equal(n, strlen(out));
	}
	text_clean(STR_NONE, out, sizeof(out));
	assert_string_equal(out, "");
}

static void cleaned_ascii(void **state)
{
	char out[64];

	(void)state;
	text_set_unicode(false);
	text_clean(STR("caf\xc3\xa9 \xe6\xbc\xa2!"), out, sizeof(out));
	assert_string_equal(out, "caf? ?!");
	text_set_unicode(true);
}

static void cleaning_is_bounded(void **state)
{
	char out[4];

	(void)state;
	assert_int_equal(text_clean(STR("abcdef"), out, sizeof(out)), 3);
	assert_string_equal(out, "abc");
	/* No half of a character. */
	text_clean(STR("ab\xe6\xbc\xa2"), out, sizeof(out));
	assert_string_equal(out, "ab");
	text_clean(STR("abc"), out, 1);
	assert_string_equal(out, "");
}

/* Whatever bytes come in, what comes out holds no control character and is
 * stable: cleaning it again changes nothing. */
static void cleaning_is_final(void **state)
{
	uint32_t seed = 12345;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char in[24], once[128], twice[128];

		for (size_t i = 0; i < sizeof(in); i++) {
			seed = seed * 1664525 + 1013904223;
			in[i] = (char)(seed >> 24);
		}
		text_clean((struct str){in, sizeof(in)}, once, sizeof(once));
		for (const char *p = once; *p; p++)
			assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
		text_clean(str_from(once), twice, sizeof(twice));
		assert_string_equal(once, twice);
	}
}

static void widths(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("café"), 4);
	assert_int_equal(text_width("e\xcc\x81"), 1);
	assert_int_equal(text_width("漢字"), 4);
}

static void cutting(void **state)
{
	static const struct {
		const char *in;
		int cols;
		const char *want;
		int used;
	} cases[] = {
		{"abc", 3, "abc", 3},   {"abcd", 3, "ab…", 3},
		{"abc", 0, "", 0},      {"abc", 1, "…", 1},
		{"漢字", 4, "漢字", 4}, {"漢字", 3, "漢…", 3},
		{"漢字", 2, "…", 1},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct buf b;

		buf_init(&b, 256);
		assert_int_equal(text_cut(&b, cases[i].in, cases[i].cols),
				 cases[i].used);
		assert_string_equal(buf_str(&b), cases[i].want);
		buf_release(&b);
	}
}

/* Both ends of a name can be read. */
static void cutting_the_middle(void **state)
{
	static const struct {
		const char *in;
		int cols;
		const char *want;
		int used;
	} cases[] = {
		{"claude-sonnet-4-5", 17, "claude-sonnet-4-5", 17},
		{"claude-sonnet-4-5", 16, "claude-s…net-4-5", 16},
		{"claude-sonnet-4-5", 9, "clau…-4-5", 9},
		{"claude-sonnet-4-5", 6, "cla…-5", 6},
		{"claude-sonnet-4-5", 5, "clau…", 5},
		{"claude-sonnet-4-5", 0, "", 0},
		/* Wide characters are not halved. */
		{"漢字漢字漢字", 9, "漢字…漢字", 9},
		{"漢字漢字漢字", 8, "漢字…字", 7},
		/* A mark stays with its letter, not with the ellipsis. */
		{"abcdefge\xcc\x81xyz", 8, "abcd…xyz", 8},
		{"abcdefghe\xcc\x81yz", 8, "abcd…e\xcc\x81yz", 8},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct buf b;

		buf_init(&b, 256);
		assert_int_equal(
			text_cut_middle(&b, cases[i].in, cases[i].cols),
			cases[i].used);
		assert_string_equal(buf_str(&b), cases[i].want);
		buf_release(&b);
	}
}

static void padding(void **state)
{
	static const char *const words[] = {"",         "a",      "abcdefgh",
					    "漢字漢字", "a漢字b", "e\xcc\x81"};

	(void)state;
	for (size_t i = 0; i < N(words); i++) {
		for (int cols = 0; cols < 12; cols++) {
			for (int side = TEXT_LEFT; side <= TEXT_NAME; side++) {
				struct buf b;

				buf_init(&b, 256);
				text_pad(&b, words[i], cols,
					 (enum text_align)side);
				assert_int_equal(text_width(buf_str(&b)), cols);
				buf_release(&b);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cleaned),
		cmocka_unit_test(cleaned_ascii),
		cmocka_unit_test(cleaning_is_bounded),
		cmocka_unit_test(cleaning_is_final),
		cmocka_unit_test(widths),
		cmocka_unit_test(cutting),
		cmocka_unit_test(cutting_the_middle),
		cmocka_unit_test(padding),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
