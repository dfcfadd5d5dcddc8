#include "ledger/price_match.h"

#include <regex.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/arena.h"
#include "ledger/base/json.h"

#define RULES_MAX_NODES 100000
#define RULES_MAX_BYTES ((size_t)8 << 20)
#define PATTERN_MAX     512

enum op {
	OP_EQUALS,
	OP_STARTS,
	OP_ENDS,
	OP_CONTAINS,
	OP_REGEX,
	OP_AND,
	OP_OR,
};

/* A POSIX regular expression does not know (?!...), which the rules use at
 * their beginning only: `deny` is what stood in there. */
struct pattern {
	regex_t re, deny;
	bool has_re, has_deny;
};

struct rule {
	enum op op;
	struct str text;
	struct pattern *pattern;
	int child, next; /* indices, -1 = none */
};

struct model_rule {
	struct str id;
	int rule;
};

struct provider_rules {
	struct str id;
	int model_match; /* -1 = none */
	size_t first, n; /* of models */
};

struct price_rules {
	struct arena arena; /* holds all texts and patterns */
	struct rule *rules;
	size_t n_rules, cap_rules;
	struct model_rule *models;
	size_t n_models, cap_models;
	struct provider_rules *providers;
	size_t n_providers, cap_providers;
};

/* ---- regular expressions ---- */

/* Where the group that opens at s[i] ends: index of its ')', or s.len. */
static size_t group_end(struct str s, size_t i)
{
	int depth = 0;
	bool set = false;

	for (; i < s.len; i++) {
		char c = s.p[i];

		if (c == '\\') {
			i++;
		} else if (set) {
			set = c != ']';
		} else if (c == '[') {
			set = true;
		} else if (c == '(') {
			depth++;
		} else if (c == ')' && --depth == 0) {
			return i;
		}
	}
	return s.len;
}

/* Compiles "^" + s, with \d and (?: in POSIX's words. */
static bool compile(regex_t *re, bool anchored, struct str s)
{
	struct buf b;
	bool ok = true;

	buf_init(&b, PATTERN_MAX);
	if (anchored)
		buf_addc(&b, '^');
	for (size_t i = 0; ok && i < s.len; i++) {
		struct str rest = {s.p + i, s.len - i};

		if (str_starts(rest, "\\d")) {
			buf_adds(&b, "[0-9]");
			i++;
		} else if (str_starts(rest, "(?:")) {
			buf_addc(&b, '(');
			i += 2;
		} else if (str_starts(rest, "(?")) {
			ok = false;
		} else if (s.p[i] == '\\' && rest.len > 1) {
			/* A word class would mean itself in POSIX. */
			ok = !strchr("wWsSbBD", s.p[i + 1]);
			buf_add(&b, s.p + i, 2);
			i++;
		} else {
			buf_addc(&b, s.p[i]);
		}
	}
	ok = ok && buf_ok(&b) &&
	     !regcomp(re, buf_str(&b), REG_EXTENDED | REG_NOSUB);
	buf_release(&b);
	return ok;
}

static bool pattern_compile(struct pattern *p, struct str s)
{
	bool anchored = str_starts(s, "^");
	size_t end;

	if (anchored)
		s = (struct str){s.p + 1, s.len - 1};
	if (anchored && str_starts(s, "(?!")) {
		end = group_end(s, 0);
		if (end == s.len)
			return false;
		if (!compile(&p->deny, true, (struct str){s.p + 3, end - 3}))
			return false;
		p->has_deny = true;
		s = (struct str){s.p + end + 1, s.len - end - 1};
	}
	if (!s.len)
		return p->has_deny;
	p->has_re = compile(&p->re, anchored, s);
	return p->has_re;
}

static void pattern_release(struct pattern *p)
{
	if (p->has_re)
		regfree(&p->re);
	if (p->has_deny)
		regfree(&p->deny);
}

static bool re_hits(const regex_t *re, struct str name)
{
	char text[PATTERN_MAX + 1];

	if (name.len > PATTERN_MAX || memchr(name.p, '\0', name.len))
		return false;
	memcpy(text, name.p, name.len);
	text[name.len] = '\0';
	return !regexec(re, text, 0, NULL, 0);
}

static bool pattern_hits(const struct pattern *p, struct str name)
{
	if (p->has_deny && re_hits(&p->deny, name))
		return false;
	return !p->has_re || re_hits(&p->re, name);
}

/* ---- reading ---- */

static int read_rule(struct price_rules *r, const struct json *j,
		     struct err *e);

static int add_rule(struct price_rules *r, enum op op)
{
	xgrow(&r->rules, &r->cap_rules, r->n_rules + 1, sizeof(*r->rules));
	r->rules[r->n_rules] = (struct rule){.op = op, .child = -1, .next = -1};
	return (int)r->n_rules++;
}

static int bad_rule(struct err *e, const char *what)
{
	err_set(e, RC_BAD, "match rules: %s", what);
	return -1;
}

static int read_list(struct price_rules *r, enum op op, const struct json *j,
		     struct err *e)
{
	int self = add_rule(r, op), last = -1;

	for (const struct json *c = json_first(j); c; c = json_next(j, c)) {
		int child = read_rule(r, c, e);

		if (child < 0)
			return -1;
		if (last < 0)
			r->rules[self].child = child;
		else
			r->rules[last].next = child;
		last = child;
	}
	return last < 0 ? bad_rule(e, "an empty list") : self;
}

static int read_rule(struct price_rules *r, const struct json *j, struct err *e)
{
	static const char *const ops[] = {
		[OP_EQUALS] = "equals",  [OP_STARTS] = "starts_with",
		[OP_ENDS] = "ends_with", [OP_CONTAINS] = "contains",
		[OP_REGEX] = "regex",    [OP_AND] = "and",
		[OP_OR] = "or",
	};
	const struct json *v = json_first(j);
	struct rule *rule;
	int i, self;

	if (!json_is(j, JSON_OBJECT) || !v || json_next(j, v))
		return bad_rule(e, "a rule is an object with one member");
	for (i = OP_EQUALS; i <= OP_OR && !str_is(v->key, ops[i]); i++)
		;
	if (i == OP_AND || i == OP_OR)
		return read_list(r, (enum op)i, v, e);
	if (i > OP_OR || !json_is(v, JSON_STRING))
		return bad_rule(e, "an unknown operator");
	self = add_rule(r, (enum op)i);
	rule = &r->rules[self];
	rule->text = arena_str(&r->arena, json_str(v, &r->arena));
	if (!rule->text.len || rule->text.len > PATTERN_MAX)
		return bad_rule(e, "an empty or overlong text");
	if (i != OP_REGEX)
		return self;
	rule->pattern = arena_alloc(&r->arena, sizeof(*rule->pattern));
	if (!rule->pattern || !pattern_compile(rule->pattern, rule->text))
		return bad_rule(e, "a regular expression is not understood");
	return self;
}

static enum rc read_provider(struct price_rules *r, const struct json *j,
			     struct err *e)
{
	const struct json *models = json_get(j, "models");
	const struct json *match = json_get(j, "model_match");
	struct provider_rules p = {.model_match = -1, .first = r->n_models};

	p.id = arena_str(&r->arena, json_str(json_get(j, "id"), &r->arena));
	if (!p.id.len || !json_is(models, JSON_ARRAY))
		return err_set(e, RC_BAD, "match rules: no id or no models");
	if (json_present(match)) {
		p.model_match = read_rule(r, match, e);
		if (p.model_match < 0)
			return RC_BAD;
	}
	for (const struct json *m = json_first(models); m;
	     m = json_next(models, m)) {
		struct model_rule mr = {
			.id = arena_str(&r->arena,
					json_str(json_get(m, "id"), &r->arena)),
			.rule = read_rule(r, json_get(m, "match"), e),
		};

		if (mr.rule < 0 || !mr.id.len)
			return RC_BAD;
		xgrow(&r->models, &r->cap_models, r->n_models + 1,
		      sizeof(*r->models));
		r->models[r->n_models++] = mr;
		p.n++;
	}
	xgrow(&r->providers, &r->cap_providers, r->n_providers + 1,
	      sizeof(*r->providers));
	r->providers[r->n_providers++] = p;
	return RC_OK;
}

enum rc price_rules_new(struct price_rules **out, struct str json,
			struct err *e)
{
	struct price_rules *r = xcalloc(1, sizeof(*r));
	struct json_doc doc;
	enum rc rc;

	arena_init(&r->arena, RULES_MAX_BYTES);
	json_doc_init(&doc, RULES_MAX_NODES);
	rc = json_parse(&doc, json, e);
	if (rc == RC_OK && !json_is(doc.nodes, JSON_ARRAY))
		rc = err_set(e, RC_BAD, "match rules: not an array");
	for (const struct json *p = rc == RC_OK ? json_first(doc.nodes) : NULL;
	     p && rc == RC_OK; p = json_next(doc.nodes, p))
		rc = read_provider(r, p, e);
	if (rc == RC_OK && !arena_ok(&r->arena))
		rc = err_set(e, RC_BAD, "match rules: too large");
	json_doc_release(&doc);
	if (rc == RC_OK)
		*out = r;
	else
		price_rules_free(r);
	return rc;
}

void price_rules_free(struct price_rules *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_rules; i++) {
		if (r->rules[i].pattern)
			pattern_release(r->rules[i].pattern);
	}
	free(r->rules);
	free(r->models);
	free(r->providers);
	arena_release(&r->arena);
	free(r);
}

/* ---- matching ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "-05-20" or "-09-2025" at the start of s: a date, not a version. */
static bool month_and(struct str s)
{
	return s.len >= 6 && s.p[0] == '-' && s.p[1] <= '1' &&
	       is_digit(s.p[1]) && is_digit(s.p[2]) && s.p[3] == '-' &&
	       is_digit(s.p[4]) && is_digit(s.p[5]);
}

/* ".1" or "-5" at the start of s, but not "-0613" or "-8b". */
static bool further_version(struct str s)
{
	size_t n = 1;

	if (s.len < 2 || (s.p[0] != '-' && s.p[0] != '.') || !is_digit(s.p[1]))
		return false;
	while (n < s.len && is_digit(s.p[n]))
		n++;
	return n <= 3 && (n == s.len || !is_alnum(s.p[n])) && !month_and(s);
}

static const char *const sizes[] = {
	"mini", "nano",    "lite",   "micro",    "tiny",      "pro",   "max",
	"fast", "distill", "search", "research", "highspeed", "ultra", NULL,
};
static const char *const modalities[] = {
	"image",      "tts",       "live",  "audio",  "realtime",
	"transcribe", "embedding", "embed", "speech", "voice",
	"video",      "vision",    "ocr",   NULL,
};

static bool is_word(struct str word, const char *const *list)
{
	for (; *list; list++) {
		size_t n = strlen(*list);

		if (word.len == n && !strncasecmp(word.p, *list, n))
			return true;
	}
	return false;
}

/* Whether one of the words of s is in the list. */
static bool has_word(struct str s, const char *const *list)
{
	size_t i = 0;

	while (i < s.len) {
		size_t start;

		while (i < s.len && !is_alnum(s.p[i]))
			i++;
		start = i;
		while (i < s.len && is_alnum(s.p[i]))
			i++;
		if (is_word((struct str){s.p + start, i - start}, list))
			return true;
	}
	return false;
}

/* `part` was found and `rest` follows it: is that another model? */
static bool another_model(struct str part, struct str rest)
{
	return further_version(rest) || has_word(rest, sizes) ||
	       (has_word(rest, modalities) && !has_word(part, modalities));
}

/* `part` stands at name[at]. What follows a ':' is a revision, or what a
 * customer calls his fine-tuned model: it says nothing. */
static bool part_fits(struct str part, struct str name, size_t at, bool whole)
{
	struct str rest = {name.p + at + part.len, 0};

	if (memcmp(name.p + at, part.p, part.len))
		return false;
	while (rest.p + rest.len < name.p + name.len && rest.p[rest.len] != ':')
		rest.len++;
	return !whole || !another_model(part, rest);
}

static bool contains(struct str part, struct str name, bool whole)
{
	for (size_t at = 0; at + part.len <= name.len; at++) {
		if (part_fits(part, name, at, whole))
			return true;
	}
	return false;
}

/* `whole`: the rule is to name a model, not just its family. */
static bool hits(const struct price_rules *r, int i, struct str name,
		 bool whole)
{
	const struct rule *rule = &r->rules[i];
	struct str t = rule->text;

	switch (rule->op) {
	case OP_EQUALS:
		return str_eq(name, t);
	case OP_STARTS:
		return t.len <= name.len && part_fits(t, name, 0, whole);
	case OP_ENDS:
		return name.len >= t.len &&
		       !memcmp(name.p + name.len - t.len, t.p, t.len);
	case OP_CONTAINS:
		return contains(t, name, whole);
	case OP_REGEX:
		return pattern_hits(rule->pattern, name);
	case OP_AND:
	case OP_OR:
		break;
	}
	for (int c = rule->child; c >= 0; c = r->rules[c].next) {
		if (hits(r, c, name, whole) == (rule->op == OP_OR))
			return rule->op == OP_OR;
	}
	return rule->op == OP_AND;
}

struct str price_rules_model(const struct price_rules *r, struct str provider,
			     struct str name)
{
	for (size_t i = 0; name.p && i < r->n_providers; i++) {
		const struct provider_rules *p = &r->providers[i];

		if (!str_eq(p->id, provider))
			continue;
		for (size_t k = p->first; k < p->first + p->n; k++) {
			if (hits(r, r->models[k].rule, name, true))
				return r->models[k].id;
		}
	}
	return STR_NONE;
}

struct str price_rules_provider(const struct price_rules *r, struct str name)
{
	for (size_t i = 0; name.p && i < r->n_providers; i++) {
		const struct provider_rules *p = &r->providers[i];

		if (p->model_match >= 0 && hits(r, p->model_match, name, false))
			return p->id;
	}
	return STR_NONE;
}
