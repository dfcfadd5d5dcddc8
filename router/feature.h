/* What the router sees of a request: a vector of numbers. One table
 * (feature.c) gives each its name, range, version and extractor; the hash over
 * the table is the feature schema, which is stored beside every vector and is
 * part of every bundle, so that vectors of different tables never mix.
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

#include "ledger/base/str.h"
#include "ledger/base/uuid.h"

#define FEATURE_MAX 64 /* room for any vector */

struct text_stats;

struct feature {
	const char *name;
	const char *help; /* one line: what it counts, in which unit */
	int version;
	float (*extract)(const struct text_stats *s); /* never NaN, >= 0 */
};

/* The table and how many rows it has (1..FEATURE_MAX). */
const struct feature *feature_table(int *n);

/* Hash over names, versions and order of `n` rows and over the word lists of
 * the text reader. feature_schema() is that of the shipped table. */
struct uuid feature_schema_of(const struct feature *rows, int n);
struct uuid feature_schema(void);

/* The vector of a text: out has room for FEATURE_MAX; returns how many were
 * written. Any bytes will do, UTF-8 or not. Of a longer text only the first
 * TEXT_READ_MAX bytes are read (its length counts whole). Allocates nothing;
 * time is linear in the text. */
int feature_text(struct str text, float *out);

#endif
