/* Answers' heads: found and read without going beyond them, framed in exactly
 * one way. The first byte says whether it answers a HEAD. */
#include <stdlib.h>

#include "ingest/http_answer.h"
#include "ingest/http_parse.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_scan scan = {0};
	struct http_answer a;
	struct err e;
	size_t len;
	char *p;

	if (size < 1)
		return 0;
	p = fuzz_copy(data + 1, size - 1);
	if (http_head_scan(&scan, p, size - 1, 16384, &len) == 200 &&
	    http_answer_parse(&a, (struct str){p, len}, data[0] & 1, &e) ==
		    RC_OK) {
		if (a.status < 100 || a.status > 599 || a.length < 0)
			BUG("no status, or no length");
		if (a.keep && a.body == ANSWER_CLOSE)
			BUG("kept although its end is the answer's");
		for (int i = 0; i < a.n; i++)
			if (a.field[i].name.p < p ||
			    a.field[i].value.p + a.field[i].value.len > p + len)
				BUG("a field from elsewhere");
	}
	free(p);
	return 0;
}
