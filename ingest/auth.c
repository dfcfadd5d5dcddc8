/* The keys as a table that is copied, and the look-up: a request copies what it
 * needs of its key. */
#include "ingest/auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/sql.h"
#include "ingest/auth_decide.h"
#include "ingest/table_copy.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/conf.h"
#include "ledger/base/log.h"

struct auth {
	enum auth_mode mode;
	struct table_copy *copy; /* NULL: nobody is asked */
};

/* ---- reading, on the thread ---- */

static enum rc read_row(struct auth_set *s, const struct db_result *r, int row,
			struct err *e)
{
	struct auth_entry k = {
		.name = db_text(r, row, 0),
		.role = auth_role(db_text(r, row, 2)),
		.team = db_text(r, row, 3),
		.class_name = db_text(r, row, 4),
		.expires_us = db_time(r, row, 5),
	};
	struct str hash = db_text(r, row, 1);

	if (hash.len != AUTH_HASH_LEN)
		return err_set(e, RC_BAD, "hash of %zu bytes", hash.len);
	memcpy(k.hash, hash.p, AUTH_HASH_LEN);
	return auth_set_add(s, &k, e);
}

static void on_rows(void *arg, const struct db_status *st,
		    const struct db_result *res)
{
	char name[64];
	struct err e;

	for (int i = 0; !st->rc && res && i < db_rows(res); i++) {
		if (!read_row(arg, res, i, &e))
			continue;
		/* One that cannot be used does not lock out the others. */
		snprintf(name, sizeof(name), "%.*s",
			 STR_ARG(db_text(res, i, 0)));
		log_line(LOG_ERROR, "auth", "a key cannot be used",
			 "key=%s detail=%s", log_quote(name), log_quote(e.msg));
	}
}

static enum rc read_keys(struct table_copy *t, void *arg, void **out,
			 struct err *e)
{
	struct auth_set *set = auth_set_new();
	enum rc rc = table_ask(t, &sql_auth_keys, on_rows, set, e);

	(void)arg;
	if (rc || table_same(t, set))
		auth_set_free(set);
	else
		*out = set;
	return rc;
}

static void print_keys(const void *state, struct buf *out)
{
	auth_set_print(state, out);
}

static enum rc parse_keys(void **out, struct str text, struct err *e)
{
	struct auth_set *set;
	enum rc rc = auth_set_parse(&set, text, e);

	if (!rc)
		*out = set;
	return rc;
}

static void drop_keys(void *state)
{
	auth_set_free(state);
}

static const struct table_kind keys = {
	.name = "keys",
	.file_max = (size_t)128 << 20,
	.read = read_keys,
	.print = print_keys,
	.parse = parse_keys,
	.drop = drop_keys,
};

/* ---- opening and closing ---- */

enum rc auth_open(struct auth **out, const struct conf *conf, const char *url,
		  struct err *e)
{
	struct auth *a = xcalloc(1, sizeof(*a));
	enum rc rc = RC_OK;

	a->mode = !strcmp(conf->keys, "off")        ? AUTH_OFF
		  : !strcmp(conf->keys, "required") ? AUTH_REQUIRED
						    : AUTH_AUTO;
	if (a->mode != AUTH_OFF)
		rc = table_copy_open(&a->copy, &keys, NULL, conf, url, e);
	*out = rc ? NULL : a;
	if (rc)
		free(a);
	return rc;
}

void auth_close(struct auth *a)
{
	if (!a)
		return;
	(void)table_copy_close(a->copy);
	free(a);
}

/* Where nobody is asked there is nothing to look for. */
void auth_reload(struct auth *a)
{
	if (a->copy)
		table_copy_hurry(a->copy);
}

/* ---- looking up ---- */

static char *put(char *to, struct str *out, struct str s)
{
	*out = STR_NONE;
	if (!s.len)
		return to;
	memcpy(to, s.p, s.len);
	*out = (struct str){to, s.len};
	return to + s.len;
}

static struct auth_key *copy_key(const struct auth_entry *k)
{
	size_t n = k->name.len + k->team.len + k->class_name.len;
	struct auth_key *c = xcalloc(1, sizeof(*c) + n + 1);
	char *at = (char *)(c + 1);

	at = put(at, &c->name, k->name);
	at = put(at, &c->team, k->team);
	put(at, &c->class_name, k->class_name);
	c->role = k->role;
	return c;
}

int auth_check(struct auth *a, const struct auth_ask *ask,
	       struct auth_key **key, struct err *e)
{
	const struct auth_set *set = a->copy ? table_copy_now(a->copy) : NULL;
	const struct auth_entry *k;
	int status;

	*key = NULL;
	status = auth_decide(a->mode, set, ask, clock_now_us(), &k, e);
	if (k)
		*key = copy_key(k);
	if (a->copy && (status == 401 || status == 503))
		table_copy_hurry(a->copy); /* perhaps it is brand-new */
	return status;
}

void auth_release(struct auth_key *key)
{
	free(key);
}
