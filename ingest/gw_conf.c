/* Lists in the configuration's texts: items stand between '|' or ',', and are
 * NAME=VALUE, or NAME: KEY=VALUE, KEY=VALUE. */
#include "ingest/gw_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/alloc.h"

#define KEY_MAX_BYTES 4096

/* ---- pieces of text ---- */

/* The next piece of *rest before `sep`, trimmed; false: nothing is left. */
static bool cut(struct str *rest, char sep, struct str *out)
{
	const char *end;

	if (!rest->len)
		return false;
	end = memchr(rest->p, sep, rest->len);
	if (!end)
		end = rest->p + rest->len;
	*out = str_trim((struct str){rest->p, (size_t)(end - rest->p)});
	if (end < rest->p + rest->len)
		end++;
	*rest = (struct str){end, (size_t)(rest->p + rest->len - end)};
	return true;
}

/* "NAME sep VALUE". */
static bool pair(struct str item, char sep, struct str *name, struct str *value)
{
	const char *at = item.len ? memchr(item.p, sep, item.len) : NULL;

	if (!at)
		return false;
	*name = str_trim((struct str){item.p, (size_t)(at - item.p)});
	*value = str_trim(
		(struct str){at + 1, (size_t)(item.p + item.len - at - 1)});
	return name->len && value->len;
}

static bool same_word(struct str a, struct str b)
{
	return a.len == b.len && !strncasecmp(a.p, b.p, a.len);
}

/* ---- keys ---- */

static enum rc key_of_file(char **out, const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char text[KEY_MAX_BYTES];
	struct stat st;
	struct str key;
	ssize_t n;

	if (fd < 0)
		return err_set(e, RC_BAD, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || (st.st_mode & 077)) {
		close(fd);
		err_set(e, RC_BAD, "%s: others can read it, or it is no file",
			path);
		err_hint(e, "chmod 600 %s", path);
		return RC_BAD;
	}
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n < 0)
		return err_set(e, RC_BAD, "%s: %s", path, strerror(errno));
	key = str_trim((struct str){text, (size_t)n});
	if (!key.len || (size_t)n == sizeof(text))
		return err_set(e, RC_BAD, "%s: holds no key", path);
	*out = xstrndup(key.p, key.len);
	explicit_bzero(text, sizeof(text));
	return RC_OK;
}

static char *key_of_env(const char *name)
{
	const char *key = getenv(name);

	return key && *key ? xstrdup(key) : NULL;
}

static void forget(char **key)
{
	if (*key)
		explicit_bzero(*key, strlen(*key));
	free(*key);
	*key = NULL;
}

/* A key goes into a header as it is. */
static enum rc check_key(const struct gw_provider *p, struct err *e)
{
	for (const char *s = p->key; s && *s; s++) {
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f)
			return err_set(e, RC_BAD,
				       "the key of provider %s has characters "
				       "that no key has",
				       p->name);
	}
	return RC_OK;
}

/* ---- providers ---- */

/* Paths of Anthropic's protocol begin with /v1, which a base may end with. */
static enum rc set_origin(struct gw_provider *p, struct str url, struct err *e)
{
	enum rc rc = up_origin_parse(&p->origin, url, e);
	size_t n;

	if (rc) {
		err_prefix(e, "provider %s", p->name);
		return rc;
	}
	n = strlen(p->origin.base);
	if (p->protocol == GW_ANTHROPIC && n >= 3 &&
	    !strcmp(p->origin.base + n - 3, "/v1"))
		p->origin.base[n - 3] = 0;
	return RC_OK;
}

static enum rc add_provider(struct gw_conf *c, struct str name,
			    enum gw_protocol protocol, struct gw_provider **out,
			    struct err *e)
{
	struct gw_provider *p = NULL;

	for (int i = 0; i < c->n_providers; i++) {
		if (same_word(str_from(c->providers[i].name), name))
			p = &c->providers[i];
	}
	if (!p && c->n_providers == GW_PROVIDERS_MAX)
		return err_set(e, RC_BAD, "providers: more than %d",
			       GW_PROVIDERS_MAX);
	if (!p) {
		p = &c->providers[c->n_providers++];
		p->name = xstrndup(name.p, name.len);
	}
	p->calls = -1;
	p->protocol = protocol;
	forget(&p->key);
	*out = p;
	return RC_OK;
}

struct wanted { /* what a provider's text says */
	struct str url, protocol, key_env, key_file, calls;
	int64_t n_calls; /* -1: not said */
};

static enum rc read_wanted(struct wanted *w, struct str name, struct str text,
			   struct err *e)
{
	struct str item, key, value;

	*w = (struct wanted){.n_calls = -1};
	while (cut(&text, ',', &item)) {
		struct str *to;

		if (!pair(item, '=', &key, &value))
			return err_set(e, RC_BAD,
				       "providers: %.*s: '%.*s' is not "
				       "key=value",
				       STR_ARG(name), STR_ARG(item));
		to = str_is(key, "url")        ? &w->url
		     : str_is(key, "protocol") ? &w->protocol
		     : str_is(key, "key_env")  ? &w->key_env
		     : str_is(key, "key_file") ? &w->key_file
		     : str_is(key, "calls")    ? &w->calls
					       : NULL;
		if (!to)
			return err_set(e, RC_BAD,
				       "providers: %.*s: '%.*s' is not url, "
				       "protocol, key_env, key_file or calls",
				       STR_ARG(name), STR_ARG(key));
		*to = value;
	}
	if (!w->url.len)
		return err_set(e, RC_BAD, "providers: %.*s has no url",
			       STR_ARG(name));
	if (w->protocol.len && !str_is(w->protocol, "openai") &&
	    !str_is(w->protocol, "anthropic"))
		return err_set(e, RC_BAD,
			       "providers: %.*s: protocol is openai or "
			       "anthropic",
			       STR_ARG(name));
	if (w->calls.len && (!str_i64(w->calls, &w->n_calls) ||
			     w->n_calls < 0 || w->n_calls > GW_CALLS_MAX))
		return err_set(e, RC_BAD,
			       "providers: %.*s: calls is a number from 0 to "
			       "%d",
			       STR_ARG(name), GW_CALLS_MAX);
	return RC_OK;
}

static enum rc read_provider(struct gw_conf *c, struct str item, struct err *e)
{
	struct gw_provider *p;
	struct str name, text;
	struct wanted w;
	char *at;
	enum rc rc;

	if (!pair(item, ':', &name, &text))
		return err_set(e, RC_BAD, "providers: '%.*s' is not NAME: ...",
			       STR_ARG(item));
	rc = read_wanted(&w, name, text, e);
	if (!rc)
		rc = add_provider(c, name,
				  str_is(w.protocol, "anthropic") ? GW_ANTHROPIC
								  : GW_OPENAI,
				  &p, e);
	if (!rc)
		rc = set_origin(p, w.url, e);
	if (!rc && p->said)
		rc = err_set(e, RC_BAD, "providers: %s is there twice",
			     p->name);
	if (rc)
		return rc;
	p->said = true;
	p->calls = (int)w.n_calls;
	if (w.key_file.len) {
		at = xstrndup(w.key_file.p, w.key_file.len);
		rc = key_of_file(&p->key, at, e);
		free(at);
		if (rc)
			err_prefix(e, "providers: %s: key_file", p->name);
	} else if (w.key_env.len) {
		at = xstrndup(w.key_env.p, w.key_env.len);
		p->key = key_of_env(at);
		free(at);
	}
	return rc;
}

static enum rc shipped(struct gw_conf *c, const struct conf *conf,
		       enum gw_protocol pr, struct err *e)
{
	bool openai = pr == GW_OPENAI;
	const char *name = gw_protocol_names[pr];
	const char *url =
		openai ? conf->openai_base_url : conf->anthropic_base_url;
	const char *env = openai ? "OPENAI_API_KEY" : "ANTHROPIC_API_KEY";
	const char *key = openai ? "openai_base_url" : "anthropic_base_url";
	struct gw_provider *p;
	enum rc rc = add_provider(c, str_from(name), pr, &p, e);

	if (!rc) {
		rc = set_origin(p, str_from(url), e);
		if (rc)
			conf_blame(conf, key, e);
	}
	if (!rc)
		p->key = key_of_env(env);
	return rc;
}

static enum rc read_providers(struct gw_conf *c, const struct conf *conf,
			      struct err *e)
{
	struct str rest = str_from(conf->providers), item;
	bool seen[GW_PROTOCOL_N] = {false};
	enum rc rc = shipped(c, conf, GW_OPENAI, e);

	if (!rc)
		rc = shipped(c, conf, GW_ANTHROPIC, e);
	if (rc)
		return rc;
	while (!rc && cut(&rest, '|', &item)) {
		if (item.len)
			rc = read_provider(c, item, e);
	}
	for (int i = 0; i < c->n_providers && !rc; i++) {
		struct gw_provider *p = &c->providers[i];

		p->first = !seen[p->protocol];
		seen[p->protocol] = true;
		if (p->calls < 0)
			p->calls = (int)conf->provider_calls;
		rc = check_key(p, e);
	}
	/* `openai` may have been given anew with the other protocol. */
	for (int i = 0; i < GW_PROTOCOL_N && !rc; i++) {
		if (!seen[i])
			rc = err_set(e, RC_BAD,
				     "providers: none speaks protocol %s",
				     gw_protocol_names[i]);
	}
	if (rc)
		conf_blame(conf, "providers", e);
	return rc;
}

/* ---- lists ---- */

static const struct gw_alias *alias_of(const struct gw_conf *c, struct str name)
{
	for (size_t i = 0; i < c->n_aliases; i++) {
		if (str_eq(c->aliases[i].name, name))
			return &c->aliases[i];
	}
	return NULL;
}

static enum rc read_aliases(struct gw_conf *c, struct str text, struct err *e)
{
	size_t cap = 0;
	struct str item;

	while (cut(&text, ',', &item)) {
		struct gw_alias a;

		if (!item.len)
			continue;
		if (!pair(item, '=', &a.name, &a.target))
			return err_set(e, RC_BAD,
				       "aliases: '%.*s' is not NAME=MODEL",
				       STR_ARG(item));
		if (str_is(a.name, "auto") || str_starts(a.name, "auto:"))
			return err_set(e, RC_BAD,
				       "aliases: '%.*s' is the router's name",
				       STR_ARG(a.name));
		if (alias_of(c, a.name))
			return err_set(e, RC_BAD,
				       "aliases: '%.*s' is there twice",
				       STR_ARG(a.name));
		xgrow(&c->aliases, &cap, c->n_aliases + 1, sizeof(a));
		c->aliases[c->n_aliases++] = a;
	}
	for (size_t i = 0; i < c->n_aliases; i++) {
		if (alias_of(c, c->aliases[i].target))
			return err_set(e, RC_BAD,
				       "aliases: '%.*s' stands for another "
				       "alias",
				       STR_ARG(c->aliases[i].name));
	}
	return RC_OK;
}

static enum rc read_floors(struct gw_conf *c, struct str text, struct err *e)
{
	size_t cap = 0;
	struct str item, value;

	while (cut(&text, ',', &item)) {
		struct gw_floor f;
		int64_t tier;

		if (!item.len)
			continue;
		if (!pair(item, '=', &f.class_name, &value) ||
		    !str_i64(value, &tier) || tier < 1 || tier > 5)
			return err_set(e, RC_BAD,
				       "route_floors: '%.*s' is not "
				       "CLASS=TIER, 1 to 5",
				       STR_ARG(item));
		f.tier = (int)tier;
		if (gw_conf_floor(c, f.class_name))
			return err_set(e, RC_BAD,
				       "route_floors: '%.*s' is there twice",
				       STR_ARG(f.class_name));
		xgrow(&c->floors, &cap, c->n_floors + 1, sizeof(f));
		c->floors[c->n_floors++] = f;
	}
	return RC_OK;
}

static void read_defaults(struct gw_conf *c, struct str text)
{
	size_t cap = 0;
	struct str item;

	while (cut(&text, ',', &item)) {
		if (!item.len)
			continue;
		xgrow(&c->defaults, &cap, c->n_defaults + 1, sizeof(item));
		c->defaults[c->n_defaults++] = item;
	}
}

static enum rc read_goal(struct gw_conf *c, const char *text, struct err *e)
{
	static const char *const names[] = {
		[ROUTE_QUALITY] = "quality:",
		[ROUTE_BUDGET] = "budget:",
		[ROUTE_FAILURE] = "failure:",
	};

	for (int i = 0; i < 3; i++) {
		size_t n = strlen(names[i]);
		char *end;

		if (strncmp(text, names[i], n) != 0)
			continue;
		c->goal = (enum route_goal)i;
		c->target = strtod(text + n, &end);
		if (end == text + n || *end || !(c->target >= 0) ||
		    c->target > 1e6 || (i == ROUTE_QUALITY && c->target > 1))
			break;
		return RC_OK;
	}
	return err_set(e, RC_BAD,
		       "route_goal: '%s' is not quality:0..1, budget:DOLLARS "
		       "or failure:DOLLARS",
		       text);
}

/* ---- all of it ---- */

static void read_numbers(struct gw_conf *c, const struct conf *f)
{
	const int64_t s = INT64_C(1000000);

	c->mode = !strcmp(f->route_mode, "live")  ? GW_LIVE
		  : !strcmp(f->route_mode, "off") ? GW_OFF
						  : GW_SHADOW;
	c->explore = (double)f->route_explore_permille / 1000;
	c->hold_streams = !strcmp(f->route_streams, "held");
	c->refuse_unpriced = !strcmp(f->unpriced, "refuse");
	c->retries = (int)f->gateway_retries;
	c->queue = (int)f->provider_queue;
	c->queue_us = f->provider_wait_seconds * s;
	c->connect_us = f->connect_seconds * s;
	c->first_byte_us = f->first_byte_seconds * s;
	c->silence_us = f->silence_seconds * s;
	c->call_us = f->call_seconds * s;
	c->read_on_us = f->read_on_seconds * s;
}

static enum rc blame(const struct conf *f, const char *key, enum rc rc,
		     struct err *e)
{
	if (rc)
		conf_blame(f, key, e);
	return rc;
}

enum rc gw_conf_new(struct gw_conf **out, const struct conf *f, struct err *e)
{
	struct gw_conf *c = xcalloc(1, sizeof(*c));
	size_t n_aliases = strlen(f->aliases), n_floors;
	enum rc rc;

	c->refs = 1;
	n_floors = strlen(f->route_floors);
	c->text = xasprintf("%s%s%s", f->aliases, f->route_floors,
			    f->route_default);
	read_numbers(c, f);
	rc = read_providers(c, f, e);
	if (!rc)
		rc = blame(f, "aliases",
			   read_aliases(c, (struct str){c->text, n_aliases}, e),
			   e);
	if (!rc)
		rc = blame(
			f, "route_floors",
			read_floors(c,
				    (struct str){c->text + n_aliases, n_floors},
				    e),
			e);
	if (!rc)
		rc = blame(f, "route_goal", read_goal(c, f->route_goal, e), e);
	if (rc) {
		gw_conf_drop(c);
		return rc;
	}
	read_defaults(c, str_from(c->text + n_aliases + n_floors));
	*out = c;
	return RC_OK;
}

struct gw_conf *gw_conf_keep(struct gw_conf *c)
{
	c->refs++;
	return c;
}

void gw_conf_drop(struct gw_conf *c)
{
	if (!c || --c->refs)
		return;
	for (int i = 0; i < c->n_providers; i++) {
		forget(&c->providers[i].key);
		free(c->providers[i].name);
	}
	free(c->aliases);
	free(c->floors);
	free(c->defaults);
	free(c->text);
	free(c);
}

/* ---- look-ups ---- */

const struct gw_provider *gw_conf_provider(const struct gw_conf *c,
					   struct str name)
{
	for (int i = 0; i < c->n_providers; i++) {
		if (same_word(str_from(c->providers[i].name), name))
			return &c->providers[i];
	}
	return NULL;
}

const struct gw_provider *gw_conf_first(const struct gw_conf *c,
					enum gw_protocol p)
{
	for (int i = 0; i < c->n_providers; i++) {
		if (c->providers[i].protocol == p)
			return &c->providers[i];
	}
	BUG("a protocol without a provider");
}

struct str gw_conf_alias(const struct gw_conf *c, struct str name)
{
	const struct gw_alias *a = alias_of(c, name);

	return a ? a->target : name;
}

int gw_conf_floor(const struct gw_conf *c, struct str class_name)
{
	for (size_t i = 0; i < c->n_floors; i++) {
		if (str_eq(c->floors[i].class_name, class_name))
			return c->floors[i].tier;
	}
	return 0;
}
