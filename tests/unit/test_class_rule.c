/* Rules that give tasks their classes: reading, matching, the shipped ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ingest/class_rule.h"

/* "field=value;field=value" */
static struct str fact(const void *arg, struct str field)
{
	const char *p = arg;

	while (*p) {
		size_t n = strcspn(p, ";");
		const char *eq = memchr(p, '=', n);

		if (eq && str_eq(field, (struct str){p, (size_t)(eq - p)}))
			return (struct str){eq + 1, n - (size_t)(eq + 1 - p)};
		p += n + (p[n] == ';');
	}
	return STR_NONE;
}

static struct class_rules *rules(const char *text)
{
	struct class_rules *r;
	struct err e;

	if (class_rules_parse(&r, text, &e))
		fail_msg("%s: %s", text, e.msg);
	return r;
}

static void expect(const char *text, const char *facts, const char *want,
		   enum class_rank want_rank)
{
	struct class_rules *r = rules(text);
	enum class_rank rank = CLASS_EXPLICIT;
	struct str got = class_rules_match(r, fact, facts, &rank);

	if (!str_eq(got, str_from(want)) || rank != want_rank)
		fail_msg("%s / %s gave '%.*s' rank %d, not '%s' rank %d", text,
			 facts, STR_ARG(got), (int)rank, want ? want : "(none)",
			 (int)want_rank);
	class_rules_free(r);
}

static void test_match(void **state)
{
	static const struct {
		const char *rules, *facts, *want;
	} cases[] = {
		{"coding: service=claude-code", "service=claude-code",
		 "coding"},
		{"a: agent=x | b: agent=y", "agent=y", "b"},
		{"a: agent=* | b: agent=y", "agent=y", "a"}, /* the first */
		{"a: agent=help*, team=cs", "agent=helper;team=cs", "a"},
		{"a: agent=help*, team=cs", "agent=helper;team=x", NULL},
		{"a: agent=help*, team=cs", "agent=helper", NULL},
		{"a: agent=*", "team=x", NULL}, /* has none */
		{"a: agent=*", "agent=", NULL},
		{"a: agent=HELP*", "agent=helpdesk", "a"}, /* any case */
		{"a: deployment.environment=prod",
		 "deployment.environment=prod", "a"},
		{"a: department=legal", "department=legal", "a"},
		{"a:agent=x|b:agent=y", "agent=y", "b"},
		{" a b : agent = x y ", "agent=x y", "a b"},
		{"a: agent=x\\,y", "agent=x,y", "a"},
		{"a: agent=x\\|y", "agent=x|y", "a"},
		{"a: agent=x\\*y", "agent=x*y", "a"},
		{"a: agent=x\\*y", "agent=xzy", NULL},
		{"a: agent=x\\\\", "agent=x\\", "a"},
		{"a: model=claude-*-4*", "model=claude-opus-4-1", "a"},
		{"a: tool=*", "tool=zzz", "a"},
		{"a: user=bob@x.org", "user=bob@x.org", "a"},
		{"a: \\agents=x", "agents=x", "a"}, /* an attribute */
		{"a\\:b: agent=x", "agent=x", "a:b"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(cases[i].rules, cases[i].facts, cases[i].want,
		       cases[i].want ? CLASS_RULE : CLASS_NOBODY);
	expect("", "agent=x", NULL, CLASS_NOBODY);
	expect("  ", "agent=x", NULL, CLASS_NOBODY);
}

static void test_pattern(void **state)
{
	static const struct {
		const char *pattern, *s;
		bool want;
	} cases[] = {
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "abc", true},
		{"a*", "a", true},
		{"*a", "ba", true},
		{"*a", "bab", false},
		{"a*b*c", "aXbYbZc", true},
		{"a*b*c", "aXbYbZ", false},
		{"**", "x", true},
		{"a", "A", true},
		{"\\*", "*", true},
		{"\\", "\\", true},
		{"*ab", "aab", true},
		{"abc", "ab", false},
	};
	char many[4001], text[4001];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (class_pattern_match(str_from(cases[i].pattern),
					str_from(cases[i].s)) != cases[i].want)
			fail_msg("%s on '%s'", cases[i].pattern, cases[i].s);
	/* No pattern makes it slow: this would be exponential with recursion.
	 */
	for (size_t i = 0; i < 4000; i++) {
		many[i] = i % 2 ? 'a' : '*';
		text[i] = 'a';
	}
	many[3999] = 'b';
	assert_false(class_pattern_match((struct str){many, 4000},
					 (struct str){text, 4000}));
}

/* Each mistake is named with its place. */
static void test_mistakes(void **state)
{
	static const struct {
		const char *rules, *say;
	} cases[] = {
		{"coding", "rule 1, byte 1 ('coding'): a rule is CLASS:"},
		{"a: agent=x | ", "rule 2, byte 14: a rule is missing"},
		{"| a: agent=x", "rule 1, byte 1: a rule is missing"},
		{": agent=x", "byte 1: a class is missing"},
		{"a:", "byte 3: a condition is missing"},
		{"a: agent", "byte 4 ('agent'): a condition is FIELD=PATTERN"},
		{"a: agent=x,", "byte 12: a condition is missing"},
		{"a: agent=", "byte 10: a pattern is missing"},
		{"a: =x", "byte 4: a field is missing"},
		{"a: agent=x | b: agnet=y",
		 "rule 2, byte 17 ('agnet'): unknown field, did you mean "
		 "'agent'?"},
		{"a=b: c=d", "byte 1 ('a'): a rule is CLASS:"},
		{"a\xff: agent=x", "not UTF-8"},
	};
	struct class_rules *r;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(class_rules_parse(&r, cases[i].rules, &e),
				 RC_BAD);
		assert_null(r);
		if (!strstr(e.msg, cases[i].say))
			fail_msg("'%s' said '%s'", cases[i].rules, e.msg);
	}
}

static void test_guess(void **state)
{
	static const struct {
		const char *facts, *want;
	} cases[] = {
		{"sender=claude-code", "coding"},
		{"tool=Edit", "coding"},
		{"tool=mcp__shop__cancel_pending_order", "customer_service"},
		{"tool=functions.apply_patch", "coding"},
		{"tool=Bash", NULL},
		{"agent=claude-code", NULL}, /* names are for people's rules */
		{"text=Does the plaintiff have a claim under this statute?",
		 "legal"},
		{"text=adjust the dosage of the medication", "medical"},
		/* regulated before all */
		{"sender=claude-code;text=the plaintiff and the defendant",
		 "legal"},
		{"tool=Edit;text=Plaintiffs' attorneys asked the court",
		 "legal"},
		/* one word, however often, is not enough */
		{"text=please be patient patient patient", NULL},
		{"text=plaintiff plaintiff", NULL},
		{"text=is it legal?", NULL},
		{"text=refactor the codebase", "coding"},
		{"text=translate this into German", "translation"},
		{"text=hello there", NULL},
		{"text=untranslated", NULL}, /* whole words */
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect("z: user=nobody-at-all", cases[i].facts, cases[i].want,
		       cases[i].want ? CLASS_GUESSED : CLASS_NOBODY);
	expect("chores: sender=claude-code", "sender=claude-code", "chores",
	       CLASS_RULE); /* people's rules come first */
	assert_true(str_is(class_guess(fact, "tool=Edit"), "coding"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_pattern),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
