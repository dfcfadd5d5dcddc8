/* Any bytes as lines of outcomes for the router: a line is taken or refused
 * with a reason, and what was taken becomes a matrix or a reason why not. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "ledger/outcome_line.h"
#include "router/matrix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void line(struct mx_build *b, struct outcome_reader *rd,
		 struct json_doc *doc, struct str text)
{
	struct ev_trial t;
	struct err e;

	arena_clear(rd->a);
	if (json_parse(doc, text, &e) != RC_OK ||
	    outcome_read(rd, doc->nodes, &t))
		return;
	if (mx_build_add(b, &t, rd->prompt, text.len & 1, &e) != RC_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mx_opts o = {.tiers = (int)(size % 4),
				  .by_tier = size % 3 == 1,
				  .coverage = size % 2 ? 0.9 : 0};
	const char *p = (const char *)data, *end = p + size;
	struct outcome_reader rd;
	struct mx_build *b;
	struct json_doc doc;
	struct arena scratch;
	struct matrix m;
	struct err e;

	arena_init(&scratch, 1 << 22);
	json_doc_init(&doc, 10000);
	outcome_reader_init(&rd, &scratch);
	matrix_init(&m);
	b = mx_build_new(&m, &o);
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *to = nl ? nl : end;

		line(b, &rd, &doc, (struct str){p, (size_t)(to - p)});
		p = nl ? nl + 1 : end;
	}
	if (mx_build_end(b, &e) == RC_OK && (m.n_tasks < 1 || m.n_arms < 1))
		abort();
	matrix_release(&m);
	outcome_reader_release(&rd);
	json_doc_release(&doc);
	arena_release(&scratch);
	return 0;
}
