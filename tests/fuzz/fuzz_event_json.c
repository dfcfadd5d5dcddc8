/* Any bytes as lines of events, read with both trusts: a line is taken, or
 * refused with words; what a batch took is written and taken again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/event_fields.h"
#include "ledger/event_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct json_doc doc;
static struct arena arena;

static void take(struct batch *b, struct str line, bool must)
{
	struct event_fields f;
	struct err e = {0};
	enum rc rc = json_parse(&doc, line, &e);

	if (rc) {
		if (must)
			BUG("a line of ours is no JSON");
		return;
	}
	rc = event_fields_read(&f, doc.nodes, EVENT_FOREIGN, &arena, &e);
	if (rc && (rc != RC_BAD || !e.msg[0]))
		BUG("a foreign line is refused without a word");
	rc = event_json_add(b, doc.nodes, &arena, &e);
	if (rc && (must || (rc != RC_BAD && rc != RC_BUSY) || !e.msg[0]))
		BUG("a line of ours is refused");
}

static void take_all(struct batch *b, struct str text, bool must)
{
	while (text.len) {
		const char *nl = memchr(text.p, '\n', text.len);
		size_t n = nl ? (size_t)(nl - text.p) : text.len;

		take(b, (struct str){text.p, n}, must);
		n += nl != NULL;
		text = (struct str){text.p + n, text.len - n};
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct batch *one = batch_new(8 << 20), *two = batch_new(16 << 20);
	struct buf out;

	clock_fix(INT64_C(1800000000000000));
	json_doc_init(&doc, 2000);
	arena_init(&arena, 8 << 20);
	buf_init(&out, 64 << 20);
	take_all(one, (struct str){(const char *)data, size}, false);
	event_json_batch(&out, one);
	if (!buf_ok(&out))
		BUG("a batch is not written");
	arena_clear(&arena);
	take_all(two, (struct str){out.p, out.len}, true);
	if (batch_rows(one) != batch_rows(two) || one->n_tasks != two->n_tasks)
		BUG("a batch does not come back whole");
	batch_free(one);
	batch_free(two);
	json_doc_release(&doc);
	arena_release(&arena);
	buf_release(&out);
	return 0;
}
