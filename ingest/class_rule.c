/* RULE { '|' RULE }, RULE = CLASS ':' CONDITION { ',' CONDITION },
 * CONDITION = FIELD '=' PATTERN. Rules point into one copy of the text. */
#include "ingest/class_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/cmd.h"

#define NAME_MAX_BYTES 256 /* of a class, as the ledger has it */
#define TEXT_MAX       65536

struct condition {
	struct str field;   /* backslashes removed */
	struct str pattern; /* as written */
};

struct rule {
	struct str class_name;
	size_t first, n; /* of its conditions */
};

struct class_rules {
	char *text;
	struct rule *rules;
	struct condition *conditions;
	size_t n, cap, n_conditions, cap_conditions;
};

static const char *const fields[] = {"agent", "team", "service", "sender",
				     "model", "tool", "user",    "text"};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/* ---- patterns ---- */

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* Greedy with one way back: linear but for the last '*'. */
bool class_pattern_match(struct str pattern, struct str s)
{
	size_t p = 0, i = 0, star = SIZE_MAX, from = 0;

	while (i < s.len) {
		if (p < pattern.len && pattern.p[p] == '*') {
			star = ++p;
			from = i;
			continue;
		}
		if (p < pattern.len) {
			size_t q = p;

			if (pattern.p[q] == '\\' && q + 1 < pattern.len)
				q++;
			if (lower(pattern.p[q]) == lower(s.p[i])) {
				p = q + 1;
				i++;
				continue;
			}
		}
		if (star == SIZE_MAX)
			return false;
		p = star;
		i = ++from;
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}

/* ---- reading ---- */

struct parse {
	struct class_rules *r;
	const char *at; /* where we are in r->text */
	struct err *e;
};

/* "class_rules: rule 2 at byte 17 ('agnet=x'): ..." */
static enum rc bad(const struct parse *p, struct str here, const char *what)
{
	size_t n = here.len < 40 ? here.len : 40;

	return err_set(p->e, RC_BAD,
		       "class_rules: rule %zu, byte %zu%s%.*s%s: %s",
		       p->r->n + 1, (size_t)(here.p - p->r->text) + 1,
		       n ? " ('" : "", (int)n, here.p, n ? "')" : "", what);
}

/* Up to one of `stops` that no backslash precedes; leaves p->at there. */
static struct str upto(struct parse *p, const char *stops)
{
	const char *start = p->at;

	while (*p->at && !strchr(stops, *p->at)) {
		if (*p->at == '\\' && p->at[1])
			p->at++;
		p->at++;
	}
	return (struct str){start, (size_t)(p->at - start)};
}

/* White space at both ends goes; what a backslash keeps stays. */
static struct str trimmed(struct str s)
{
	struct str t = str_trim(s);
	const char *end = t.p ? t.p + t.len : NULL;

	if (t.len && t.p[t.len - 1] == '\\' && end < s.p + s.len)
		t.len++;
	return t.p ? t : (struct str){s.p, 0};
}

/* Removes backslashes in place: the name only gets shorter. */
static struct str plain(struct class_rules *r, struct str s)
{
	char *w = r->text + (s.p - r->text);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\\' && i + 1 < s.len)
			i++;
		w[n++] = s.p[i];
	}
	return (struct str){s.p, n};
}

/* A name near one of ours is a slip, unless it is an attribute's: those have
 * dots, or are written with a backslash. */
static enum rc check_field(const struct parse *p, struct str s)
{
	char name[32], text[96];
	const char *near;
	enum rc rc;

	if (!s.len)
		return bad(p, s, "a field is missing before '='");
	if (s.len > NAME_MAX_BYTES)
		return bad(p, s, "the field's name is too long");
	if (s.len >= sizeof(name) || memchr(s.p, '.', s.len) ||
	    memchr(s.p, '\\', s.len))
		return RC_OK;
	memcpy(name, s.p, s.len);
	name[s.len] = 0;
	near = cmd_nearest(name, fields, FIELDS);
	if (!near || !strcmp(near, name))
		return RC_OK;
	snprintf(text, sizeof(text), "unknown field, did you mean '%s'?", near);
	rc = bad(p, s, text);
	err_hint(p->e, "for an attribute of that name write \\%s", name);
	return rc;
}

static enum rc read_condition(struct parse *p)
{
	struct class_rules *r = p->r;
	struct str whole, field, pattern;
	enum rc rc;

	field = upto(p, "=,|");
	whole = trimmed(field);
	if (*p->at != '=')
		return bad(p, whole,
			   whole.len ? "a condition is FIELD=PATTERN"
				     : "a condition is missing");
	p->at++;
	pattern = trimmed(upto(p, ",|"));
	field = whole;
	if ((rc = check_field(p, field)))
		return rc;
	if (!pattern.len)
		return bad(p, pattern, "a pattern is missing after '='");
	xgrow(&r->conditions, &r->cap_conditions, r->n_conditions + 1,
	      sizeof(*r->conditions));
	r->conditions[r->n_conditions++] =
		(struct condition){plain(r, field), pattern};
	r->rules[r->n].n++;
	return RC_OK;
}

static enum rc read_rule(struct parse *p)
{
	struct class_rules *r = p->r;
	struct str name = trimmed(upto(p, ":,|="));
	enum rc rc;

	if (*p->at != ':')
		return bad(p, name,
			   name.len ? "a rule is CLASS: FIELD=PATTERN, ..."
				    : "a rule is missing");
	if (!name.len)
		return bad(p, name, "a class is missing before ':'");
	if (name.len > NAME_MAX_BYTES)
		return bad(p, name, "the class has more than 256 bytes");
	xgrow(&r->rules, &r->cap, r->n + 1, sizeof(*r->rules));
	r->rules[r->n] = (struct rule){plain(r, name), r->n_conditions, 0};
	do {
		p->at++; /* past ':' or ',' */
		if ((rc = read_condition(p)))
			return rc;
	} while (*p->at == ',');
	r->n++;
	return RC_OK;
}

enum rc class_rules_parse(struct class_rules **out, const char *text,
			  struct err *e)
{
	struct class_rules *r;
	struct parse p = {.e = e};
	enum rc rc = RC_OK;

	*out = NULL;
	if (strlen(text) > TEXT_MAX)
		return err_set(e, RC_BAD, "class_rules: more than %d bytes",
			       TEXT_MAX);
	if (!str_utf8_ok(str_from(text)))
		return err_set(e, RC_BAD, "class_rules: not UTF-8");
	r = xcalloc(1, sizeof(*r));
	r->text = xstrdup(text);
	p.r = r;
	p.at = r->text;
	if (!str_trim(str_from(text)).len) {
		*out = r;
		return RC_OK;
	}
	while (!(rc = read_rule(&p)) && *p.at == '|')
		p.at++;
	if (rc) {
		class_rules_free(r);
		return rc;
	}
	*out = r;
	return RC_OK;
}

void class_rules_free(struct class_rules *r)
{
	if (!r)
		return;
	free(r->text);
	free(r->rules);
	free(r->conditions);
	free(r);
}

/* ---- matching ---- */

static bool holds(const struct class_rules *r, const struct rule *rule,
		  class_fact_fn *fact, const void *arg)
{
	for (size_t i = 0; i < rule->n; i++) {
		const struct condition *c = &r->conditions[rule->first + i];
		struct str s = fact(arg, c->field);

		if (!s.len || !class_pattern_match(c->pattern, s))
			return false;
	}
	return true;
}

struct str class_rules_match(const struct class_rules *r, class_fact_fn *fact,
			     const void *arg, enum class_rank *rank)
{
	struct str guess;

	for (size_t i = 0; r && i < r->n; i++) {
		if (!holds(r, &r->rules[i], fact, arg))
			continue;
		*rank = CLASS_RULE;
		return r->rules[i].class_name;
	}
	guess = class_guess(fact, arg);
	*rank = guess.len ? CLASS_GUESSED : CLASS_NOBODY;
	return guess;
}

struct str class_rules_name(const struct class_rules *r, size_t i)
{
	return r && i < r->n ? r->rules[i].class_name : STR_NONE;
}
