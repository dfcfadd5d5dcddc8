/* What the parts of `aco price` share: its options, the book that it looks
 * into, and how a row is written. */
#ifndef ACO_CMD_PRICE_H
#define ACO_CMD_PRICE_H

#include "ledger/base/cmd.h"
#include "ledger/base/json.h"
#include "ledger/price.h"

struct db;

enum price_format {
	PRICE_PLAIN,
	PRICE_JSON,
	PRICE_CSV
};

struct price_cmd {
	const struct command *self;
	const struct conf *conf;
	enum price_format format;
	int64_t at_us, since_us, until_us; /* or TIME_NONE */
	int32_t valid_from;                /* or PRICE_NO_DATE */
	struct str source, model, service_tier;
	bool dry_run, all, shipped;
	const char *words[64]; /* operands behind the verb */
	int n_words;
};

/* Each returns an exit code. */
int price_cmd_list(const struct price_cmd *c);
int price_cmd_show(const struct price_cmd *c);
int price_cmd_cost(const struct price_cmd *c);
int price_cmd_import(const struct price_cmd *c);
int price_cmd_diff(const struct price_cmd *c);
int price_cmd_recalc(const struct price_cmd *c);

/* Connect to the ledger. */
enum rc price_cmd_open(const struct price_cmd *c, struct db **db,
		       struct err *e) MUST_CHECK;
/* The ledger's book, or the shipped one where there is no ledger or --shipped
 * asks for it; *origin is "ledger" or "shipped". Unless the output is JSON,
 * says on standard error which. */
enum rc price_cmd_book(const struct price_cmd *c, struct price_book **book,
		       const char **origin, struct err *e) MUST_CHECK;

/* "anthropic/claude-opus-5" to provider and model; without a provider that
 * anyone knows, all of it is the model. */
void price_cmd_split(const struct price_book *b, const char *word,
		     struct str *provider, struct str *model);

/* A row as a member of an object (key) or array (NULL). */
void price_row_json(struct json_out *o, const char *key,
		    const struct price_row *r);
/* "2026-08-21" or, for none, `none`; buf has 16 bytes. */
const char *price_day(int32_t day, const char *none, char *buf);
/* Write out and empty the buffer; an exit code. */
int price_cmd_flush(struct buf *out);
/* Print the message; an exit code. */
int price_cmd_fail(enum rc rc, const struct err *e);

#endif
