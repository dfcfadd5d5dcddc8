/* Requests of all protocols: never beyond the body, spans inside of it, and an
 * edited body is JSON that says the same with the new model. The first byte
 * chooses the protocol. */
#include <stdlib.h>

#include "ingest/meter.h"
#include "tests/fuzz/fuzz.h"

static void edit(struct model_request *r, struct str body)
{
	struct model_request again;
	struct model_edit ed;
	struct arena a;
	struct buf b;
	struct err e;

	model_request_edit(r, body, STR("new\"name"), &ed);
	buf_init(&b, body.len + 1024);
	for (int i = 0; i < ed.n; i++)
		buf_add(&b, ed.part[i].p, ed.part[i].len);
	check(b.len == ed.bytes, "parts of another length");
	arena_init(&a, MODEL_ARENA);
	check(model_request_read(&again, r->wire,
				 (struct str){buf_str(&b), b.len}, &a,
				 &e) == RC_OK,
	      "an edited body that is none");
	check(str_is(again.model, "new\"name"), "another model");
	check(again.include_usage || !r->usage_injected, "usage not asked for");
	check(again.messages == r->messages && again.tools == r->tools &&
		      again.stream == r->stream &&
		      uuid_eq(again.head_hash, r->head_hash),
	      "another request");
	arena_release(&a);
	buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model_request r;
	struct arena a;
	struct str body;
	struct err e;
	char *copy;

	if (size < 1)
		return 0;
	copy = fuzz_copy(data + 1, size - 1);
	body = (struct str){copy, size - 1};
	arena_init(&a, data[0] & 8 ? 2048 : MODEL_ARENA);
	if (model_request_read(&r, (enum wire)(data[0] % 5), body, &a, &e) ==
	    RC_OK) {
		check(r.model_at + r.model_len <= body.len, "no span");
		check(r.stream_options.at + r.stream_options.len <= body.len,
		      "no span");
		check(str_utf8_ok(r.text) && str_utf8_ok(r.task_text) &&
			      str_utf8_ok(r.system) &&
			      str_utf8_ok(r.last_tool) &&
			      str_utf8_ok(r.session),
		      "text that cannot be stored");
		if (r.wire != WIRE_OTHER && !(data[0] & 8))
			edit(&r, body);
	} else {
		check(e.msg[0] != 0, "refused without a reason");
	}
	arena_release(&a);
	free(copy);
	return 0;
}
