/* Texts from elsewhere that the dashboard takes apart: what it remembered, the
 * certificate of a router's version, the reasons of a decision, and a page of
 * metrics. The first byte says which. */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "tui/certificate.h"
#include "tui/chart.h"
#include "tui/reasons.h"
#include "tui/state.h"
#include "tui/text.h"

static const struct column cols[] = {{.name = "a", .title = "A"}};

static void remembered(struct str s)
{
	struct range range = {.preset = RANGE_24H};
	struct top *t = xcalloc(1, sizeof(*t));
	const struct view *v;
	struct buf once, again;

	top_init(t, NULL, &range);
	t->interactive = true;
	v = state_parse(t, s);
	if (v && v->needs != NEEDS_NOTHING)
		BUG("a view that cannot be opened is remembered");
	buf_init(&once, 1 << 16);
	buf_init(&again, 1 << 16);
	state_write(t, &once);
	state_parse(t, (struct str){buf_str(&once), once.len});
	state_write(t, &again);
	if (strcmp(buf_str(&once), buf_str(&again)) != 0)
		BUG("what was written is read as something else");
	buf_release(&once);
	buf_release(&again);
	top_release(t);
	free(t);
}

static void certificate(struct str s)
{
	struct json_doc doc;
	struct table t;
	struct err e;

	table_init(&t, cols, 1);
	json_doc_init(&doc, 4096);
	if (json_parse(&doc, s, &e) == RC_OK) {
		certificate_notes(&t, doc.nodes);
		certificate_pictures(&t, doc.nodes);
	}
	for (int i = 0; i < t.n_pictures; i++) {
		struct canvas c;

		canvas_init(&c, 64, 12);
		picture_draw(t.pictures[i], &c);
		canvas_release(&c);
	}
	json_doc_release(&doc);
	table_release(&t);
}

static void reasons(struct str s)
{
	struct query_decision d = {
		.reasons = s, .plan = s, .p_success = s, .expected_pusd = s};
	struct buf b;

	buf_init(&b, 1 << 20);
	reasons_tell(&d, &b);
	reasons_evidence(s, &b);
	buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	char *text;
	double v;

	if (!ready) {
		setlocale(LC_ALL, "C.UTF-8");
		text_set_unicode(true);
		ready = true;
	}
	if (size < 1)
		return 0;
	text = xcalloc(1, size);
	memcpy(text, data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		remembered((struct str){text, size - 1});
		break;
	case 1:
		certificate((struct str){text, size - 1});
		break;
	case 2:
		reasons((struct str){text, size - 1});
		break;
	default:
		health_gauge(text, "aco_lag_seconds_max", &v);
	}
	free(text);
	return 0;
}
