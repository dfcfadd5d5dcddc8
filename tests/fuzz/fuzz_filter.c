/* What a person types into a filter, and names as terminals get to see them:
 * the input is the filter, and the text of the one row it is held against. */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "tui/filter.h"
#include "tui/text.h"

enum {
	NAME,
	COST,
	RATIO,
	WHEN,
	SPAN,
	FLAG,
	COLS
};

static const struct column cols[COLS] = {
	[NAME] = {.name = "name", .title = "NAME"},
	[COST] = {.name = "cost_usd", .title = "COST", .kind = CELL_MONEY},
	[RATIO] = {.name = "success", .title = "OK", .kind = CELL_RATIO},
	[WHEN] = {.name = "started_at", .title = "AT", .kind = CELL_TIME},
	[SPAN] = {.name = "time_us", .title = "TIME", .kind = CELL_SPAN},
	[FLAG] = {.name = "flag", .title = "FLAG", .kind = CELL_FLAG},
};

static void check_text(struct str s)
{
	char once[512], twice[512];
	size_t n = text_clean(s, once, sizeof(once));

	if (n != strlen(once) || !str_utf8_ok((struct str){once, n}))
		BUG("clean text is not text");
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)once[i] < ' ' || once[i] == 127)
			BUG("clean text holds a control character");
	text_clean(str_from(once), twice, sizeof(twice));
	if (strcmp(once, twice) != 0)
		BUG("cleaning is not final");
	for (int w = 0; w < 20; w++) {
		struct buf b;

		buf_init(&b, 4096);
		text_pad(&b, once, w, TEXT_RIGHT);
		if (text_width(buf_str(&b)) != w)
			BUG("padded text is not as wide as it should be");
		buf_release(&b);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = {(const char *)data, size};
	char *text = xstrndup(s.p, size);
	struct filter f;
	struct table t;
	struct err e;
	int r;

	setlocale(LC_ALL, "C.UTF-8");
	text_set_unicode(true);
	check_text(s);
	table_init(&t, cols, COLS);
	r = table_add(&t, "x", 1, -1);
	table_text(&t, r, NAME, str_from(text));
	table_money(&t, r, COST, (__int128)size * 1000000000);
	table_ratio(&t, r, RATIO, 500000);
	table_time(&t, r, WHEN, 1);
	if (filter_parse(&f, text, cols, COLS, &e) == RC_OK) {
		if (f.n < 0 || f.n > FILTER_TERMS)
			BUG("a filter of impossible size");
		filter_match(&f, &t, r);
	}
	table_release(&t);
	free(text);
	return 0;
}
