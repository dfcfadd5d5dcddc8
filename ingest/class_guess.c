/* The shipped guesses. What is regulated is asked first: taken for legal or
 * medical by mistake, a task is served too well; the other way round it is
 * served too badly. So are programs that only ever do one thing, then tools,
 * then other texts. A text counts when it holds words of a subject worth
 * TEXT_ENOUGH together, each word counted once. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "ingest/class_rule.h"

#define TEXT_READ   16384 /* bytes of a text that are looked at */
#define TEXT_ENOUGH 4

enum subject {
	LEGAL,
	MEDICAL,
	CODING,
	CUSTOMER_SERVICE,
	DATA_SCIENCE,
	TRANSLATION,
	SUBJECT_N
};
#define REGULATED 2 /* subjects from the first */

static const char *const classes[SUBJECT_N] = {
	"legal",        "medical",     "coding", "customer_service",
	"data_science", "translation",
};

struct hint {
	const char *pattern;
	enum subject subject;
};

/* Programs whose work is known. */
static const struct hint senders[] = {
	{"claude-code*", CODING}, {"codex*", CODING},
	{"gemini-cli*", CODING},  {"mini-swe-agent", CODING},
	{"swe-agent", CODING},    {"openhands", CODING},
	{"aider", CODING},        {"opencode", CODING},
	{"qwen-code*", CODING},
};

/* Of a tool's name what follows the last "__", '.', '/' or ':'. */
static const struct hint tools[] = {
	{"edit", CODING},
	{"multiedit", CODING},
	{"str_replace*", CODING},
	{"apply_patch", CODING},
	{"apply_diff", CODING},
	{"notebookedit", DATA_SCIENCE},
	{"execute_ipython_cell", DATA_SCIENCE},
	{"jupyter*", DATA_SCIENCE},
	{"get_diagnostics", CODING},
	{"run_tests", CODING},
	{"create_pull_request", CODING},
	{"codebase_search", CODING},
	{"get_order*", CUSTOMER_SERVICE},
	{"cancel_*order*", CUSTOMER_SERVICE},
	{"return_*order*", CUSTOMER_SERVICE},
	{"exchange_*order*", CUSTOMER_SERVICE},
	{"modify_*order*", CUSTOMER_SERVICE},
	{"*_refund", CUSTOMER_SERVICE},
	{"refund_*", CUSTOMER_SERVICE},
	{"*_reservation*", CUSTOMER_SERVICE},
	{"transfer_to_human*", CUSTOMER_SERVICE},
	{"*_support_ticket*", CUSTOMER_SERVICE},
	{"run_sql*", DATA_SCIENCE},
	{"sql_query", DATA_SCIENCE},
	{"execute_sql", DATA_SCIENCE},
	{"query_database", DATA_SCIENCE},
};

struct term {
	const char *word; /* lower case; '*' at the end: how it begins */
	int weight;
	enum subject subject;
};

static const struct term terms[] = {
	{"plaintiff*", 3, LEGAL},
	{"defendant*", 3, LEGAL},
	{"indemnif*", 3, LEGAL},
	{"litigation*", 3, LEGAL},
	{"attorney*", 2, LEGAL},
	{"lawsuit*", 2, LEGAL},
	{"statut*", 2, LEGAL},
	{"jurisdiction*", 2, LEGAL},
	{"liabilit*", 2, LEGAL},
	{"contractual*", 2, LEGAL},
	{"tort", 2, LEGAL},
	{"lawyer*", 2, LEGAL},
	{"legal", 2, LEGAL},
	{"court*", 1, LEGAL},
	{"clause*", 1, LEGAL},
	{"gdpr", 1, LEGAL},
	{"diagnos*", 1, MEDICAL},
	{"patient", 1, MEDICAL},
	{"patients", 2, MEDICAL},
	{"symptom*", 2, MEDICAL},
	{"dosage*", 3, MEDICAL},
	{"prescri*", 2, MEDICAL},
	{"clinical*", 2, MEDICAL},
	{"medication*", 3, MEDICAL},
	{"contraindicat*", 3, MEDICAL},
	{"oncolog*", 3, MEDICAL},
	{"cardiolog*", 3, MEDICAL},
	{"physician*", 2, MEDICAL},
	{"doctor*", 1, MEDICAL},
	{"therapy", 1, MEDICAL},
	{"disease*", 2, MEDICAL},
	{"traceback", 3, CODING},
	{"segfault*", 3, CODING},
	{"stacktrace", 3, CODING},
	{"refactor*", 3, CODING},
	{"codebase", 3, CODING},
	{"pytest", 3, CODING},
	{"compil*", 2, CODING},
	{"repository", 2, CODING},
	{"function", 1, CODING},
	{"bug", 1, CODING},
	{"javascript", 2, CODING},
	{"typescript", 2, CODING},
	{"python", 2, CODING},
	{"unittest*", 2, CODING},
	{"refund*", 2, CUSTOMER_SERVICE},
	{"customer*", 2, CUSTOMER_SERVICE},
	{"order", 1, CUSTOMER_SERVICE},
	{"shipping", 2, CUSTOMER_SERVICE},
	{"delivery", 1, CUSTOMER_SERVICE},
	{"invoice*", 1, CUSTOMER_SERVICE},
	{"subscription*", 1, CUSTOMER_SERVICE},
	{"dataframe*", 3, DATA_SCIENCE},
	{"pandas", 3, DATA_SCIENCE},
	{"sql", 2, DATA_SCIENCE},
	{"regression", 1, DATA_SCIENCE},
	{"dataset*", 2, DATA_SCIENCE},
	{"histogram*", 1, DATA_SCIENCE},
	{"translate", 4, TRANSLATION},
};
#define TERMS (sizeof(terms) / sizeof(terms[0]))

static int by_hint(const struct hint *h, size_t n, struct str s)
{
	for (size_t i = 0; s.len && i < n; i++) {
		if (class_pattern_match(str_from(h[i].pattern), s))
			return (int)h[i].subject;
	}
	return -1;
}

static struct str own_name(struct str s)
{
	for (size_t i = s.len; i > 0; i--) {
		char c = s.p[i - 1];

		if (c == '.' || c == '/' || c == ':' ||
		    (c == '_' && i > 1 && s.p[i - 2] == '_'))
			return (struct str){s.p + i, s.len - i};
	}
	return s;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct tally {
	int sum[SUBJECT_N];
	uint64_t seen; /* bits: indexes of terms */
};
_Static_assert(TERMS <= 64, "a bit for each term");

/* Terms by their first two letters: each word of a text is looked up, and most
 * begin no term. Filled once, only read afterwards. */
static uint64_t begins[26][26];
static pthread_once_t begins_once = PTHREAD_ONCE_INIT;

static void begins_fill(void)
{
	for (size_t i = 0; i < TERMS; i++) {
		const char *w = terms[i].word;

		begins[w[0] - 'a'][w[1] - 'a'] |= UINT64_C(1) << i;
	}
}

static void count_word(struct tally *t, struct str word)
{
	uint64_t may;

	if (word.len < 2)
		return;
	may = begins[(word.p[0] | 32) - 'a'][(word.p[1] | 32) - 'a'] & ~t->seen;
	for (; may; may &= may - 1) {
		const struct term *k = &terms[__builtin_ctzll(may)];

		if (!class_pattern_match(str_from(k->word), word))
			continue;
		t->seen |= may & -may;
		t->sum[k->subject] += k->weight;
	}
}

static void count_text(struct tally *t, struct str text)
{
	size_t n = text.len < TEXT_READ ? text.len : TEXT_READ, start;

	for (size_t i = 0; i < n;) {
		if (!is_letter(text.p[i])) {
			i++;
			continue;
		}
		for (start = i; i < n && is_letter(text.p[i]); i++)
			;
		count_word(t, (struct str){text.p + start, i - start});
	}
}

/* The subject from..to that the text speaks of most; -1: none enough. */
static int by_text(const struct tally *t, int from, int to)
{
	int best = -1;

	for (int i = from; i < to; i++) {
		if (t->sum[i] >= TEXT_ENOUGH &&
		    (best < 0 || t->sum[i] > t->sum[best]))
			best = i;
	}
	return best;
}

struct str class_guess(class_fact_fn *fact, const void *arg)
{
	struct str text = fact(arg, STR("text"));
	struct tally t = {0};
	int s;

	pthread_once(&begins_once, begins_fill);
	if (text.len)
		count_text(&t, text);
	s = by_text(&t, 0, REGULATED);
	if (s < 0)
		s = by_hint(senders, sizeof(senders) / sizeof(senders[0]),
			    fact(arg, STR("sender")));
	if (s < 0)
		s = by_hint(tools, sizeof(tools) / sizeof(tools[0]),
			    own_name(fact(arg, STR("tool"))));
	if (s < 0)
		s = by_text(&t, REGULATED, SUBJECT_N);
	return s < 0 ? STR_NONE : str_from(classes[s]);
}

static struct str only_text(const void *arg, struct str field)
{
	return str_is(field, "text") ? *(const struct str *)arg : STR_NONE;
}

struct str class_guess_text(struct str text)
{
	return class_guess(only_text, &text);
}
