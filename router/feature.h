/* What the router sees of a request: a vector of numbers. One table
 * (feature.c) gives each its name, range, version and extractor; the hash over
 * the table is the feature schema, which is stored beside every vector and is
 * part of every bundle, so that vectors of different tables never mix.
 *
 * A vector has three blocks: of the text, of where in its task the request
 * stands (struct feature_ctx), and hashed n-grams of the text. A fourth, the
 * derived block (derive.h: how well the tiers did on the class, the cluster
 * and the nearest neighbours), follows from the vector and a bundle; it is
 * made at decision time and never stored. The models' columns are the stored
 * values followed by the derived ones.
 *
 * The vectors are stored and the prompts are not: what is not a feature here
 * is gone. Features are counts and shares, exact in float, so that a vector
 * computed again elsewhere is the same to the bit.
 *
 * To add a feature:
 *   1. append a row to the table in feature.c (the order is the vector's);
 *   2. if the text reader must count something new, add the field to
 *      struct text_stats (feature_text.h) and count it;
 *   3. whenever an extractor or what it counts changes, raise its version;
 *   4. run `aco import outcomes --refeature PATH...` where prompts are at
 *      hand.
 * test_feature fails if a version was forgotten for the shipped sample. */
#ifndef ACO_FEATURE_H
#define ACO_FEATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/str.h"
#include "ledger/base/uuid.h"

#define FEATURE_MAX     160 /* room for any stored vector */
#define FEATURE_DERIVED 17  /* values of the derived block */
#define FEATURE_ALL_MAX (FEATURE_MAX + FEATURE_DERIVED)
#define FEATURE_NAME    32 /* room for a name, NUL included */

struct feature_memo;
struct text_stats;

/* Where in its task a request stands, all before it is served. */
struct feature_ctx {
	bool class_guessed;     /* nobody said the class */
	int step_kind;          /* enum step_kind; -1 unknown */
	int step;               /* position in the task, from 1; -1 unknown */
	int tools_offered;      /* in the request; -1 unknown */
	int tools_used;         /* calls of tools in it; -1 unknown */
	int64_t context_tokens; /* of the prompt, estimated; -1 unknown */
	int64_t context_before; /* of the step before; -1 unknown */
	int errors;             /* tool results that failed so far */
	int repeats;            /* calls that repeat an earlier one so far */
	int attempts;           /* of this step so far */
	unsigned tiers_tried;   /* of this step: bit t for tier t (1..5) */
	int64_t cost_pusd;      /* of the task so far */
};
/* The first step of a task of which nothing else is known. */
void feature_ctx_init(struct feature_ctx *c);

/* What an extractor looks at. */
struct feature_in {
	const struct text_stats *text;
	const struct feature_ctx *ctx;
};

struct feature {
	const char *name;
	const char *help; /* one line: what it counts, in which unit */
	int version;
	/* Never NaN; >= 0, or -1 for what is not known. Value `i` of `width`,
	 * for a family of values (0 for a single one). */
	float (*extract)(const struct feature_in *in, int i);
	int width; /* how many values it is, from 1 */
};

/* The table and how many rows it has. */
const struct feature *feature_table(int *n);
/* Values of a stored vector (1..FEATURE_MAX), and with the derived block. */
int feature_count(void);
int feature_total(void);
/* The name of column `i` of feature_total() ones, "word_gram.7" in a family,
 * "near_t3" in the derived block. Returns buf. */
const char *feature_name(int i, char buf[FEATURE_NAME]);

/* Hash over names, versions and order of `n` rows and over the word lists of
 * the text reader. feature_schema() is that of the shipped table. */
struct uuid feature_schema_of(const struct feature *rows, int n);
struct uuid feature_schema(void);

/* The vector of a request. The text is what was asked for: of a conversation
 * what the person or program began it with, as outcome files have it; what
 * came after shows in the context. out has room for FEATURE_MAX; returns how
 * many were written, feature_count(). Any bytes will do, UTF-8 or not. Of a
 * longer text only the first TEXT_READ_MAX bytes are read (its length counts
 * whole). ctx NULL: as feature_ctx_init says. Allocates nothing; time is linear
 * in the text. Live requests, imports and training use this one function. */
int feature_vector(struct str text, const struct feature_ctx *ctx, float *out);
/* The same values, with what texts counted kept from call to call: the steps of
 * a task ask with the same text again and again, and reading 4 KB of it takes
 * longer than the rest of a decision. Of texts there is a hash and the counts,
 * no text. For one thread. */
struct feature_memo *feature_memo_new(void);
void feature_memo_free(struct feature_memo *m); /* NULL is fine */
int feature_vector_memo(struct feature_memo *m, struct str text,
			const struct feature_ctx *ctx, float *out);
/* The same without a context. */
int feature_text(struct str text, float *out);

#endif
