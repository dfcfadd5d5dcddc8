/* Settling: first all claims go within whose time calls are known, in one
 * statement. Of the rest the shortest of each task is billed, and what that
 * told the ledger decides about the others in the next turn. A claim leaves
 * its table only after its attempt is committed; billed twice, it is one row
 * by its names. */
#include "ledger/claim.h"

#include "gen/sql.h"
#include "ledger/base/json.h"
#include "ledger/db.h"
#include "ledger/event_json.h"

#define TURN_MAX    500
#define BATCH_BYTES ((size_t)64 << 20)
#define NODES_MAX   10000

struct settling {
	struct ledger *l;
	struct claim_counts *counts;
	struct batch *batch;
	struct arena arena;
	struct json_doc doc;
	struct db_args args;
};

static enum rc drop_known(struct settling *s, int64_t now_us, struct err *e)
{
	struct db_status st;
	enum rc rc;

	db_args_clear(&s->args);
	db_arg_time(&s->args, now_us);
	rc = db_run(ledger_db(s->l), &sql_claim_drop, &s->args, NULL, &st, e);
	if (rc == RC_OK)
		s->counts->dropped += st.rows;
	return rc;
}

static enum rc bury(struct settling *s, struct str line, const struct err *why,
		    struct err *e)
{
	const struct ev_dead d = {.source = STR("claim"),
				  .origin = STR("claim"),
				  .reason = str_from(why->msg),
				  .body = line,
				  .event = true};

	s->counts->bad++;
	return batch_dead(s->batch, &d, e);
}

static enum rc add_claim(struct settling *s, struct str line, struct err *e)
{
	struct err why;
	enum rc rc = json_parse(&s->doc, line, &why);

	if (rc == RC_OK)
		rc = event_json_bill(s->batch, s->doc.nodes, &s->arena, &why);
	if (rc == RC_BAD)
		return bury(s, line, &why, e);
	if (rc == RC_OK)
		s->counts->billed++;
	else
		*e = why;
	return rc;
}

/* Those of `r` that are in the ledger now leave the table. */
static enum rc remove_claims(struct settling *s, const struct db_result *r,
			     struct err *e)
{
	db_args_clear(&s->args);
	db_arr_begin(&s->args, DB_UUID);
	for (int i = 0; i < db_rows(r); i++) {
		db_field_uuid(&s->args.data, db_uuid(r, i, 0));
		db_arr_count(&s->args);
	}
	db_arr_end(&s->args);
	db_arr_begin(&s->args, DB_TEXT);
	for (int i = 0; i < db_rows(r); i++) {
		db_field_text(&s->args.data, db_text(r, i, 1));
		db_arr_count(&s->args);
	}
	db_arr_end(&s->args);
	return db_run(ledger_db(s->l), &sql_claim_done, &s->args, NULL, NULL,
		      e);
}

/* One turn; *n is how many claims it took. */
static enum rc turn(struct settling *s, int64_t now_us, int limit, int *n,
		    struct err *e)
{
	struct db_result *r = NULL;
	struct ledger_counts counts;
	enum rc rc = drop_known(s, now_us, e);

	*n = 0;
	if (rc)
		return rc;
	db_args_clear(&s->args);
	db_arg_time(&s->args, now_us);
	db_arg_i32(&s->args, limit);
	rc = db_run(ledger_db(s->l), &sql_claim_next, &s->args, &r, NULL, e);
	if (rc)
		return rc;
	*n = db_rows(r);
	batch_clear(s->batch);
	arena_clear(&s->arena);
	for (int i = 0; i < *n && !rc; i++)
		rc = add_claim(s, db_text(r, i, 1), e);
	if (rc == RC_OK && *n)
		rc = ledger_append_wait(s->l, s->batch, &counts, e);
	if (rc == RC_OK && *n)
		rc = remove_claims(s, r, e);
	db_result_free(r);
	return rc;
}

enum rc claim_settle(struct ledger *l, int64_t now_us, int limit,
		     struct claim_counts *counts, struct err *e)
{
	struct settling s = {.l = l, .counts = counts};
	enum rc rc = RC_OK;
	int left = limit > 0 ? limit : INT32_MAX, n = 1;

	*counts = (struct claim_counts){0};
	if (!ledger_db(l))
		return err_set(e, RC_DOWN, "the database is not connected");
	s.batch = batch_new(BATCH_BYTES);
	arena_init(&s.arena, BATCH_BYTES);
	json_doc_init(&s.doc, NODES_MAX);
	db_args_init(&s.args, BATCH_BYTES);
	while (rc == RC_OK && n > 0 && left > 0) {
		rc = turn(&s, now_us, left < TURN_MAX ? left : TURN_MAX, &n, e);
		left -= n;
	}
	batch_free(s.batch);
	arena_release(&s.arena);
	json_doc_release(&s.doc);
	db_args_release(&s.args);
	return rc;
}
