/* aco key: who may call the daemon. */
#include <stdio.h>

#include "gen/sql.h"
#include "ingest/auth_key.h"
#include "ledger/base/clock.h"
#include "ledger/base/cmd.h"
#include "ledger/base/json.h"
#include "ledger/connect.h"
#include "ledger/db.h"
#include "ledger/grid.h"
#include "ledger/names.h"

#define OUT_MAX        ((size_t)64 << 20)
#define NAME_MAX_BYTES 256

enum {
	OPT_ROLE,
	OPT_TEAM,
	OPT_CLASS,
	OPT_EXPIRES,
	OPT_JSON,
};
static const struct cmd_opt opts[] = {
	[OPT_ROLE] = {"role", 0, "ROLE",
		      "ingest (default), gateway, read or admin (add)"},
	[OPT_TEAM] = {"team", 0, "TEAM", "team of what comes with it (add)"},
	[OPT_CLASS] = {"class", 0, "CLASS",
		       "class of tasks that name none (add)"},
	[OPT_EXPIRES] = {"expires", 0, "TIME",
			 "a time, or 90d, 12h from now (add)"},
	[OPT_JSON] = {"json", 0, NULL, "one JSON object"},
	{NULL, 0, NULL, NULL},
};

struct key_cmd {
	const struct command *self;
	const struct conf *conf;
	const char *verb, *name;
	struct str team, class_name;
	enum http_need role;
	int64_t expires_us; /* or TIME_NONE */
	bool json, for_add; /* an option of add was given */
	struct db *db;
	struct buf out;
};

/* ---- add ---- */

/* The dictionary's id of a name; 0 without one. */
static enum rc name_id(struct key_cmd *c, enum dict_kind kind, struct str name,
		       int32_t *id, struct err *e)
{
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc;

	*id = 0;
	if (!name.len)
		return RC_OK;
	db_args_init(&a, 65536);
	db_arr_begin(&a, DB_TEXT);
	db_field_text(&a.data, str_from(dict_kind_names[kind]));
	db_arr_count(&a);
	db_arr_end(&a);
	db_arr_begin(&a, DB_TEXT);
	db_field_text(&a.data, name);
	db_arr_count(&a);
	db_arr_end(&a);
	/* Added by someone else at the same moment, it is seen the second
	 * time. */
	for (int i = 0; i < 2 && !*id; i++) {
		rc = db_run(c->db, &sql_append_names, &a, &r, NULL, e);
		if (!rc && db_rows(r) > 0)
			*id = (int32_t)db_i64(r, 0, 0);
		db_result_free(r);
		if (rc)
			break;
	}
	db_args_release(&a);
	if (!rc && !*id)
		rc = err_set(e, RC_BUG, "no id for %.*s", STR_ARG(name));
	return rc;
}

static void arg_id(struct db_args *a, int32_t id)
{
	if (id)
		db_arg_i32(a, id);
	else
		db_arg_null(a);
}

static enum rc insert_key(struct key_cmd *c, const char *key,
			  int64_t *created_us, struct err *e)
{
	uint8_t hash[AUTH_HASH_LEN];
	struct db_result *r = NULL;
	int32_t team, class_id;
	struct db_args a;
	enum rc rc = name_id(c, DICT_TEAM, c->team, &team, e);

	if (!rc)
		rc = name_id(c, DICT_CLASS, c->class_name, &class_id, e);
	if (rc)
		return rc;
	auth_key_hash(str_from(key), hash);
	db_args_init(&a, 65536);
	db_arg_uuid(&a, uuid_v7());
	db_arg_text(&a, str_from(c->name));
	db_arg_bytea(&a, hash, sizeof(hash));
	db_arg_text(&a, str_from(key + strlen(key) - AUTH_LAST));
	db_arg_text(&a, str_from(auth_role_name(c->role)));
	arg_id(&a, team);
	arg_id(&a, class_id);
	db_arg_time(&a, c->expires_us);
	rc = db_run(c->db, &sql_key_add, &a, &r, NULL, e);
	if (!rc && db_rows(r) == 0) {
		rc = err_set(e, RC_BAD, "there is a key named '%s'", c->name);
		err_hint(e, "names are used once, also those of revoked keys");
	} else if (!rc) {
		*created_us = db_time(r, 0, 0);
	}
	db_result_free(r);
	db_args_release(&a);
	return rc;
}

static enum rc add(struct key_cmd *c, struct err *e)
{
	char key[AUTH_KEY_MAX];
	int64_t created_us = TIME_NONE;
	enum rc rc = auth_key_make(c->role, key, e);
	struct json_out o;

	if (!rc)
		rc = insert_key(c, key, &created_us, e);
	if (!rc && !c->json) {
		fprintf(stderr, "aco: this is the only time that the key is "
				"shown\n");
		buf_addf(&c->out, "%s\n", key);
	} else if (!rc) {
		json_out_init(&o, &c->out);
		json_out_obj(&o, NULL);
		json_out_str(&o, "name", str_from(c->name));
		json_out_str(&o, "role", str_from(auth_role_name(c->role)));
		json_out_str(&o, "team", c->team);
		json_out_str(&o, "class", c->class_name);
		json_out_time(&o, "created", created_us);
		json_out_time(&o, "expires", c->expires_us);
		json_out_str(&o, "key", str_from(key));
		json_out_end(&o, '}');
		buf_addc(&c->out, '\n');
	}
	explicit_bzero(key, sizeof(key));
	return rc;
}

/* ---- list ---- */

static void list_json(struct key_cmd *c, const struct db_result *r)
{
	struct json_out o;

	json_out_init(&o, &c->out);
	json_out_obj(&o, NULL);
	json_out_arr(&o, "keys");
	for (int i = 0; i < db_rows(r); i++) {
		json_out_obj(&o, NULL);
		json_out_str(&o, "name", db_text(r, i, 0));
		json_out_str(&o, "role", db_text(r, i, 1));
		json_out_str(&o, "team", db_text(r, i, 2));
		json_out_str(&o, "class", db_text(r, i, 3));
		json_out_str(&o, "last4", db_text(r, i, 4));
		json_out_time(&o, "created", db_time(r, i, 5));
		json_out_time(&o, "expires", db_time(r, i, 6));
		json_out_time(&o, "revoked", db_time(r, i, 7));
		json_out_end(&o, '}');
	}
	json_out_end(&o, ']');
	json_out_end(&o, '}');
	buf_addc(&c->out, '\n');
}

static const struct grid_col list_cols[] = {
	{"NAME", false},    {"ROLE", false},    {"TEAM", false},
	{"CLASS", false},   {"LAST 4", false},  {"CREATED", false},
	{"EXPIRES", false}, {"REVOKED", false}, {NULL, false},
};

static void cell_time(struct grid *g, int64_t us)
{
	char text[40];

	clock_format_sec(us, text, sizeof(text));
	grid_cells(g, us == TIME_NONE ? "-" : text);
}

static void list_plain(struct key_cmd *c, const struct db_result *r)
{
	struct grid g;

	grid_init(&g, list_cols);
	for (int i = 0; i < db_rows(r); i++) {
		for (int col = 0; col < 5; col++) {
			struct str s = db_text(r, i, col);

			grid_cell(&g, s.len ? s : STR("-"));
		}
		for (int col = 5; col < 8; col++)
			cell_time(&g, db_time(r, i, col));
	}
	grid_print(&g, &c->out);
	grid_release(&g);
	if (!db_rows(r))
		fputs("aco: there are no keys\n", stderr);
}

static enum rc look(struct key_cmd *c, struct db_result **r, struct err *e)
{
	struct db_args a;
	enum rc rc;

	db_args_init(&a, 65536);
	db_arg_text(&a, str_from(c->name));
	rc = db_run(c->db, &sql_key_list, &a, r, NULL, e);
	db_args_release(&a);
	return rc;
}

static enum rc list(struct key_cmd *c, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = look(c, &r, e);

	if (!rc && c->json)
		list_json(c, r);
	else if (!rc)
		list_plain(c, r);
	db_result_free(r);
	return rc;
}

/* ---- revoke ---- */

/* That it was revoked before is no failure: it is what was asked for. */
static enum rc revoked_before(struct key_cmd *c, int64_t *at_us, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = look(c, &r, e);

	if (!rc && db_rows(r) == 0) {
		rc = err_set(e, RC_BAD, "there is no key named '%s'", c->name);
		err_hint(e, "'aco key list' shows them");
	} else if (!rc) {
		*at_us = db_time(r, 0, 7);
	}
	db_result_free(r);
	return rc;
}

static enum rc revoke(struct key_cmd *c, struct err *e)
{
	int64_t at_us = TIME_NONE;
	struct db_result *r = NULL;
	struct json_out o;
	struct db_args a;
	char text[40];
	bool now;
	enum rc rc;

	db_args_init(&a, 65536);
	db_arg_text(&a, str_from(c->name));
	rc = db_run(c->db, &sql_key_revoke, &a, &r, NULL, e);
	db_args_release(&a);
	now = !rc && db_rows(r) > 0;
	if (now)
		at_us = db_time(r, 0, 0);
	db_result_free(r);
	if (!rc && !now)
		rc = revoked_before(c, &at_us, e);
	if (rc)
		return rc;
	if (!c->json) {
		buf_addf(&c->out, "%s %s %s\n", c->name,
			 now ? "revoked" : "was revoked before, at",
			 clock_format(at_us, text, sizeof(text)));
		return RC_OK;
	}
	json_out_init(&o, &c->out);
	json_out_obj(&o, NULL);
	json_out_str(&o, "name", str_from(c->name));
	json_out_time(&o, "revoked", at_us);
	json_out_end(&o, '}');
	buf_addc(&c->out, '\n');
	return RC_OK;
}

/* ---- options ---- */

static const struct verb {
	const char *name;
	enum rc (*run)(struct key_cmd *c, struct err *e);
	bool named;
} verbs[] = {
	{"add", add, true},
	{"list", list, false},
	{"revoke", revoke, true},
};
#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* "90d", "12h", or a time. */
static bool read_expiry(struct str s, int64_t *us)
{
	int64_t n, unit = 0;

	if (clock_parse(s, us))
		return true;
	if (s.len < 2)
		return false;
	if (s.p[s.len - 1] == 'd')
		unit = US_PER_DAY;
	else if (s.p[s.len - 1] == 'h')
		unit = 3600 * US_PER_SEC;
	s.len--;
	if (!unit || !str_i64(s, &n) || n < 1 || n > 1000000)
		return false;
	*us = clock_now_us() + n * unit;
	return true;
}

static int check_name(const struct key_cmd *c, const char *what, struct str s)
{
	if (s.len && s.len <= NAME_MAX_BYTES && str_utf8_ok(s))
		return 0;
	return cmd_usage(c->self, "%s: text of 1 to %d bytes", what,
			 NAME_MAX_BYTES);
}

static int read_option(struct key_cmd *c, int opt, const char *value)
{
	struct str s = str_from(value);

	if (opt == OPT_JSON) {
		c->json = true;
		return 0;
	}
	c->for_add = true;
	switch (opt) {
	case OPT_ROLE:
		c->role = auth_role(s);
		if (c->role == HTTP_OPEN)
			return cmd_usage(c->self,
					 "--role: '%s' is not ingest, "
					 "gateway, read or admin",
					 value);
		return 0;
	case OPT_TEAM:
		c->team = s;
		return check_name(c, "--team", s);
	case OPT_CLASS:
		c->class_name = s;
		return check_name(c, "--class", s);
	default:
		break;
	}
	if (!read_expiry(s, &c->expires_us))
		return cmd_usage(c->self,
				 "--expires: '%s' is not a time; write "
				 "2026-11-24, 90d or 12h",
				 value);
	if (c->expires_us <= clock_now_us())
		return cmd_usage(c->self, "--expires: %s is in the past",
				 value);
	return 0;
}

static const struct verb *find_verb(const struct key_cmd *c)
{
	const char *names[N_VERBS], *near;

	for (size_t i = 0; i < N_VERBS; i++) {
		if (c->verb && !strcmp(c->verb, verbs[i].name))
			return &verbs[i];
		names[i] = verbs[i].name;
	}
	near = c->verb ? cmd_nearest(c->verb, names, N_VERBS) : NULL;
	if (!c->verb)
		cmd_usage(c->self, "say what: add, list or revoke");
	else if (near)
		cmd_usage(c->self, "key cannot '%s', did you mean '%s'?",
			  c->verb, near);
	else
		cmd_usage(c->self, "key cannot '%s'", c->verb);
	return NULL;
}

/* -1: go on; else the exit code. */
static int read_args(struct key_cmd *c, int argc, char **argv,
		     const struct verb **verb)
{
	struct cmd_args a;
	int got, code = 0;

	cmd_args_init(&a, c->self, argc, argv);
	while (!code && (got = cmd_next(&a)) != CMD_END) {
		if (got == CMD_HELP)
			return 0;
		if (got == CMD_USAGE)
			return 2;
		if (got >= 0)
			code = read_option(c, got, a.value);
		else if (!c->verb)
			c->verb = a.value;
		else if (!c->name)
			c->name = a.value;
		else
			code = cmd_usage(c->self, "'%s' is too many", a.value);
	}
	if (code)
		return code;
	*verb = find_verb(c);
	if (!*verb)
		return 2;
	if ((*verb)->named && !c->name)
		return cmd_usage(c->self, "key %s wants a name", c->verb);
	if (!(*verb)->named && c->name)
		return cmd_usage(c->self, "key %s takes no name", c->verb);
	if (c->for_add && (*verb)->run != add)
		return cmd_usage(c->self, "key %s takes --json only", c->verb);
	if (c->name && check_name(c, "NAME", str_from(c->name)))
		return 2;
	return -1;
}

static int run(const struct command *self, const struct conf *conf, int argc,
	       char **argv)
{
	struct key_cmd c = {.self = self,
			    .conf = conf,
			    .role = HTTP_NEED_INGEST,
			    .expires_us = TIME_NONE};
	const struct verb *verb = NULL;
	struct err e = {"", ""};
	int code = read_args(&c, argc, argv, &verb);
	enum rc rc;

	if (code >= 0)
		return code;
	buf_init(&c.out, OUT_MAX);
	rc = connect_ledger(&c.db, conf, "key", &e);
	if (!rc)
		rc = verb->run(&c, &e);
	if (rc)
		err_print(&e);
	else
		fwrite(buf_str(&c.out), 1, c.out.len, stdout);
	if (c.out.p)
		explicit_bzero(c.out.p, c.out.len);
	buf_release(&c.out);
	db_close(c.db);
	return rc_exit(rc);
}

const struct command command_key = {
	.name = "key",
	.args = "add NAME | list | revoke NAME",
	.summary = "who may call the daemon",
	.help = "add: make a key and print it. It is shown this once; the "
		"ledger keeps a hash of it, and its last four characters. A "
		"name is used once. The role says what the key opens: ingest "
		"is for telemetry, events and outcomes; gateway for model "
		"calls and outcomes; read for metrics and what only reads; "
		"admin for everything. TEAM and CLASS are given to work that "
		"names none.\n\n"
		"list: all keys, also those that expired or were revoked.\n\n"
		"revoke: the key opens nothing from now on. A daemon that "
		"runs, and reaches the database, knows within seconds.\n\n"
		"A key is sent as 'Authorization: Bearer KEY', 'x-api-key: "
		"KEY', 'x-aco-key: KEY', or as the password of Basic. With "
		"keys = auto, calls that come straight from this machine need "
		"none: from a loopback address, with a Host that names this "
		"machine, and without a header that tells of a proxy or of "
		"another site's page. Behind a proxy on the same machine that "
		"hides all this, set keys = required.",
	.opts = opts,
	.run = run,
};
