/* Bodies through decoder and meaning into a batch, and the calls that the
 * ledger would make of it: rows that share a name are one. */
#ifndef ACO_TEST_MEANING_CASE_H
#define ACO_TEST_MEANING_CASE_H

#include "ingest/meaning.h"
#include "ledger/base/conf.h"
#include "ledger/batch.h"

struct merged {
	struct ev_attempt a; /* of each group the better rank's */
	struct uuid task;
	int reports;
	enum source_rank usage_rank, model_rank, cost_rank, result_rank;
};

struct mcase {
	struct conf conf;
	struct meaning *m;
	struct batch *b;
	struct arena scratch;
	struct sink sink;
	struct meaning_counts counts; /* of all bodies */
	enum rc sink_rc; /* what the sink answers, RC_OK: it takes */
	struct merged *calls;
	size_t n_calls;
};

void mcase_init(struct mcase *c, const char *class_rules);
void mcase_release(struct mcase *c);
/* A new meaning with an empty memory, as another worker has; what was handed
 * over stays. */
void mcase_forget(struct mcase *c);

/* A file under tests/data, as it is; JSON also written anew as protobuf. */
void mcase_file(struct mcase *c, const char *path, bool as_pb);
void mcase_body(struct mcase *c, enum otlp_signal signal,
		enum otlp_encoding enc, struct str body, const char *path);
/* One span or record of JSON, within resource and scope. */
void mcase_span(struct mcase *c, const char *scope, const char *json);
void mcase_log(struct mcase *c, const char *scope, const char *json);

/* Make calls of what was handed over: calls[], in order of the first report. */
void mcase_merge(struct mcase *c);
const struct bt_task *mcase_task(const struct mcase *c, struct uuid id);
/* The rows as sorted lines, for comparison; free with buf_release. */
void mcase_text(struct mcase *c, struct buf *out);

#endif
