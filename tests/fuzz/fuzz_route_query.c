/* Questions of any bytes: refused, or answered with a JSON object whose arm is
 * one of those asked about and at or above the floor. */
#include <stdlib.h>

#include "ledger/base/json.h"
#include "router/route_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct route_query q;
	struct json_doc doc;
	struct decision d;
	struct buf out;
	struct err e;

	if (!route_query_read(&q, (struct str){(const char *)data, size},
			      bundle_shipped(), NULL, NULL, &e)) {
		buf_init(&out, 64 << 20);
		json_doc_init(&doc, 100000);
		route_query_answer(&q, bundle_shipped(), true, &out);
		if (json_parse(&doc, (struct str){buf_str(&out), out.len}, &e))
			abort();
		router_decide(bundle_shipped(), &q.ask, &d);
		if (d.arm >= q.ask.n_arms ||
		    (d.arm >= 0 && q.arms[d.arm].tier < d.floor))
			abort();
		json_doc_release(&doc);
		buf_release(&out);
	}
	route_query_release(&q);
	return 0;
}
